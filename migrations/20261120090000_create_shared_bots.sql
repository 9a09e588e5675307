-- Bots that every account may let answer in its inboxes. A platform app makes them, and they are nobody else's to change.
-- An account that takes one in has a row of its own in bots, of the same id: what the account keeps refers to that row, and
-- so to nothing of another account.
create table shared_bots (
    -- Out of the numbers of bots, so that no account has another one of this id.
    id bigint primary key,
    platform_app_id bigint not null references platform_apps (id),
    name text not null,
    description text not null,
    avatar_url text not null,
    config jsonb not null,
    outgoing_url text check (length(outgoing_url) <= 2048),
    -- Signs what goes there, from every account; sealed, as the token is.
    secret_sealed bytea not null,
    token_sha256 bytea not null constraint shared_bots_token_key unique check (length(token_sha256) = 32),
    token_sealed bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    removed_at timestamptz
);
create index shared_bots_platform_app_idx on shared_bots (platform_app_id, id);

alter table bots
    -- The one that this row stands for in its account.
    add column shared_bot_id bigint references shared_bots (id),
    add constraint bots_shared_check check (shared_bot_id = id);
create index bots_shared_idx on bots (shared_bot_id) where shared_bot_id is not null;

-- Of such a bot: its account neither sees nor changes the endpoint.
alter table endpoints add column is_shared boolean not null default false;
