-- A stream's token and a survey's conversation come without their account: these lookups establish it.
create index contact_inboxes_pubsub_token_idx on contact_inboxes (pubsub_token);
create index conversations_uuid_idx on conversations (uuid);
-- The rating that a conversation asked for.
create index messages_csat_idx on messages (account_id, conversation_id, id) where content_type = 'input_csat';
