-- A replay begins the schedule of retries anew, and the attempts are counted on: the log has them all.
alter table deliveries add column attempts_before_replay bigint not null default 0;
-- Lists by time, newest first; and what was given up, to be found among much that was not.
create index deliveries_created_idx on deliveries (account_id, created_at, id);
create index deliveries_failed_idx on deliveries (account_id, created_at, id) where state = 'failed';
