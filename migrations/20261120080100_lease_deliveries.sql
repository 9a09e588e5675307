-- Who has claimed a delivery holds it until then. No index has this column and pages keep room for a second version of
-- their rows, so that a claim writes the row and nothing else.
alter table deliveries add column leased_until timestamptz;
alter table deliveries set (fillfactor = 50);

-- Endpoints that something is queued for, each with when the first of it was due: one step through the index each,
-- however long their queues are.
create view queued_endpoints as
with recursive queued as (
    (select d.account_id, d.endpoint_id, d.due_at from deliveries d
     where d.state = 'due' and not d.parked
     order by d.account_id, d.endpoint_id, d.due_at, d.id limit 1)
    union all
    select n.account_id, n.endpoint_id, n.due_at from queued q, lateral (
        select d.account_id, d.endpoint_id, d.due_at from deliveries d
        where d.state = 'due' and not d.parked and (d.account_id, d.endpoint_id) > (q.account_id, q.endpoint_id)
        order by d.account_id, d.endpoint_id, d.due_at, d.id limit 1) n
)
select account_id, endpoint_id, due_at from queued;

-- Whoever records an attempt holds its delivery, and deliveries are removed with their attempts: what a foreign key would
-- look up once more, and lock once more, for every attempt.
alter table attempts drop constraint attempts_account_id_delivery_id_fkey;
