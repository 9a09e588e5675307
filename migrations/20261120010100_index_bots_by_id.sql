-- A platform app names its bots by their ids alone.
create index bots_id_idx on bots (id);
