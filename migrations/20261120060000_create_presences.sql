-- Who has a live connection, for as long as it says so. Rows are given up when nobody renews them, and a crash may take
-- them all: unlogged, so that a heartbeat costs no write to the log.
create unlogged table agent_presences (
    account_id bigint not null,
    agent_id bigint not null,
    seen_at timestamptz not null,
    primary key (account_id, agent_id),
    foreign key (account_id, agent_id) references agents (account_id, id) on delete cascade
);
create index agent_presences_seen_idx on agent_presences (seen_at);

create unlogged table contact_presences (
    account_id bigint not null,
    contact_id bigint not null,
    seen_at timestamptz not null,
    primary key (account_id, contact_id),
    foreign key (account_id, contact_id) references contacts (account_id, id) on delete cascade
);
create index contact_presences_seen_idx on contact_presences (seen_at);
