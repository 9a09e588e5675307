-- A delivery that waits behind an earlier one of its conversation is parked when it is found to, so that looking for
-- what is due does not meet it again; whoever finishes the earlier one wakes it.
alter table deliveries add column parked boolean not null default false;

-- Due deliveries are looked for endpoint by endpoint: none is hidden behind the backlog of another.
drop index deliveries_due_idx;
create index deliveries_ready_idx on deliveries (account_id, endpoint_id, due_at, id) where state = 'due' and not parked;
create index deliveries_parked_idx on deliveries (account_id, id) where state = 'due' and parked;

-- What is old is removed in the order of its age.
create index deliveries_finished_idx on deliveries (finished_at) where finished_at is not null;
create index events_created_idx on events (created_at);
