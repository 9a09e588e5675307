-- One contact in one flow. The version settles which of two turns came first.
create table flow_sessions (
    account_id bigint not null,
    conversation_id bigint not null,
    bot_id bigint not null,
    flow_version bigint not null,
    version bigint not null default 1,
    state jsonb not null,
    -- When a wait in the flow is over; null while it waits for nobody but the visitor.
    due_at timestamptz,
    ended_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (account_id, conversation_id),
    foreign key (account_id, conversation_id) references conversations (account_id, id),
    foreign key (account_id, bot_id, flow_version) references flows (account_id, bot_id, version)
);
create index flow_sessions_due_idx on flow_sessions (due_at) where due_at is not null;

-- The outcome of a write whose client named it, so that a repeat is answered and not done again.
create table idempotency_keys (
    account_id bigint not null references accounts (id),
    api text not null,
    key text not null check (length(key) between 1 and 255),
    request_sha256 bytea not null,
    outcome jsonb not null default 'null',
    created_at timestamptz not null,
    primary key (account_id, api, key)
);
create index idempotency_keys_created_idx on idempotency_keys (created_at);
