-- The place of an event in its account's feed. Ids are given out before their transactions commit, so a reader that
-- remembers an id may miss a smaller one that comes to light later. A place is given only to what is committed, by one
-- transaction of the account at a time, and is a number like any other: it means the same after a dump and a restore.
alter table events add column position bigint;
create unique index events_position_key on events (account_id, position) where position is not null;
create index events_unplaced_idx on events (account_id, id) where position is null;

-- How far the feed of an account goes. Its row is the lock of those who give out places.
create table event_feeds (
    account_id bigint primary key references accounts (id),
    last_position bigint not null default 0,
    -- Somebody waits for events until then: a commit wakes them.
    watched_until timestamptz
);
