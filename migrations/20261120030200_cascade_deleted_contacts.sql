-- Deleting a contact takes along all that hangs on it, and deleting a conversation likewise.
alter table contact_labels
    drop constraint contact_labels_account_id_contact_id_fkey,
    add foreign key (account_id, contact_id) references contacts (account_id, id) on delete cascade;
alter table contact_inboxes
    drop constraint contact_inboxes_account_id_contact_id_fkey,
    add foreign key (account_id, contact_id) references contacts (account_id, id) on delete cascade;
alter table conversations
    drop constraint conversations_account_id_contact_id_fkey,
    drop constraint conversations_account_id_contact_inbox_id_fkey,
    add foreign key (account_id, contact_id) references contacts (account_id, id) on delete cascade,
    add foreign key (account_id, contact_inbox_id) references contact_inboxes (account_id, id) on delete cascade;
alter table usage_month_people
    drop constraint usage_month_people_account_id_contact_inbox_id_fkey,
    add foreign key (account_id, contact_inbox_id) references contact_inboxes (account_id, id) on delete cascade;
alter table conversation_labels
    drop constraint conversation_labels_account_id_conversation_id_fkey,
    add foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade;
alter table ratings
    drop constraint ratings_account_id_conversation_id_fkey,
    add foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade;
alter table visits
    drop constraint visits_account_id_conversation_id_fkey,
    add foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade;
alter table cards
    drop constraint cards_account_id_conversation_id_fkey,
    add foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade;
alter table flow_sessions
    drop constraint flow_sessions_account_id_conversation_id_fkey,
    add foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade;
-- A message's contact is its conversation's: the reference to that holds it, and deleting a contact need not look for
-- its messages by an index that every message would pay for.
alter table messages
    drop constraint messages_account_id_contact_id_fkey,
    drop constraint messages_account_id_conversation_id_fkey,
    add foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade;
alter table attachments
    drop constraint attachments_account_id_message_id_fkey,
    add foreign key (account_id, message_id) references messages (account_id, id) on delete cascade;
-- Serves the reference.
create index usage_month_people_contact_inbox_idx on usage_month_people (account_id, contact_inbox_id);
