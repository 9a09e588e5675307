alter table bots
    -- What its system is told beside everything else; kept for that system's sake.
    add column config jsonb not null default '{}',
    -- The access token that administrators are shown, sealed, and the key that it is.
    add column token_sealed bytea,
    add column token_key_id bigint,
    add constraint bots_token_key_fkey foreign key (account_id, token_key_id) references api_keys (account_id, id),
    add constraint bots_token_check check ((token_sealed is null) = (token_key_id is null));
