-- When a list that clients keep a copy of was last changed. One that never was has no row.
create table cache_keys (
    account_id bigint not null references accounts (id),
    list text not null check (list in ('label', 'inbox', 'team')),
    changed_at timestamptz not null,
    primary key (account_id, list)
);
