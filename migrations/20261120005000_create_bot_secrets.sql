-- What a bot shows to servers that its flow asks, sealed with the server's key: keys of service accounts for Dialogflow,
-- by the name that the flow gives them, and the one secret that signs its calls of plugins.
create table bot_secrets (
    account_id bigint not null,
    bot_id bigint not null,
    kind text not null check (kind in ('dialogflow', 'plugin')),
    -- Empty for the one secret of its kind.
    name text not null check (length(name) <= 255),
    secret_sealed bytea not null,
    -- What is no secret of a service account, so that lists can show whose key it is.
    client_email text,
    project text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (account_id, bot_id, kind, name),
    foreign key (account_id, bot_id) references bots (account_id, id),
    check ((kind = 'plugin') = (name = '')),
    check ((kind = 'dialogflow') = (client_email is not null))
);
