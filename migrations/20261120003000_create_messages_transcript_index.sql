-- What a contact and an inbox said to each other, in order, without what only agents see: counted and skipped in the
-- index alone. It takes the place of the index over all of a contact inbox's messages, so that a message costs no more.
create index messages_transcript_idx on messages (account_id, contact_inbox_id, created_at, id)
    where not private and kind <> 'activity';
drop index messages_contact_inbox_idx;
