-- A year of one account, laid into the rows that are there already: a million messages, two days and a half of them in
-- one conversation. Everything of one conversation lies as far apart as it does when many talk at once.
set session_replication_role = replica;
set synchronous_commit = off;

insert into contacts (account_id, id, name, email, last_activity_at, created_at, updated_at)
select :account, 1000000 + n, 'Contact ' || n, case when n % 2 = 0 then 'contact' || n || '@example.org' end,
       moment, moment, moment
from (select n, :now - n * interval '5 minutes' as moment from generate_series(1, 100000) n) rows;

insert into contact_search (account_id, contact_id, name, resolved, created_at, searched)
select :account, id, lower(name), email is not null, created_at, concat_ws(E'\n', lower(name), email)
from contacts where account_id = :account and id > 1000000;

insert into contact_inboxes (account_id, id, contact_id, inbox_id, source_id, pubsub_token, created_at, updated_at)
select :account, id, id, :inbox, 'way-' || id, 'token-' || id, created_at, updated_at
from contacts where account_id = :account and id > 1000000;

insert into conversations (account_id, id, uuid, inbox_id, contact_id, contact_inbox_id, status, priority, assignee_id,
                           team_id, snoozed_until, stream_id, first_visitor_message_at, first_agent_message_at,
                           last_message_at, last_agent_id, visitor_message_count, unread_count, waiting_since,
                           last_activity_at, created_at, updated_at)
select :account, id, gen_random_uuid(), :inbox, id, id, status, (array['urgent', 'high', 'medium', 'low'])[1 + n % 9],
       case when n % 3 = 0 then :agent end, case when n % 50 = 0 then :team end,
       case when status = 'snoozed' then created_at + interval '1 year' end, id, created_at,
       case when n % 4 > 0 then created_at end, created_at, case when n % 4 > 0 then :agent end, 5,
       case when status = 'open' then n % 3 else 0 end, case when status = 'open' then created_at end,
       created_at, created_at, created_at
from (select id, id - 1000000 as n, created_at,
             case (id / 3) % 10 when 0 then 'open' when 1 then 'pending' when 2 then 'snoozed' else 'resolved' end as status
      from contacts where account_id = :account and id > 1000000) rows;

update conversation_counters set last_number = 2000000 where account_id = :account;

insert into messages (account_id, id, conversation_id, inbox_id, contact_inbox_id, kind, contact_id, agent_id, content,
                      created_at, updated_at)
select c.account_id, 1000000 + n, c.id, c.inbox_id, c.contact_inbox_id,
       case when n % 2 = 0 then 'incoming' else 'outgoing' end, case when n % 2 = 0 then c.contact_id end,
       case when n % 2 = 1 then :agent end,
       'Good morning! I ordered two weeks ago and would like to know where it is. ' || n, c.created_at, c.created_at
from generate_series(1, 1000000) n
join conversations c on c.account_id = :account
    and c.id = case when n % 100 = 0 then :conversation else 1000001 + n % 100000 end
order by n;

insert into attachments (account_id, id, message_id, conversation_id, file_type, url, created_at)
select account_id, id, id, conversation_id, 'image', 'https://example.org/' || id, created_at
from messages where account_id = :account and id > 1000000 and id % 20 = 0;

insert into conversation_labels (account_id, conversation_id, title, created_at)
select account_id, id, case when id % 100 = 0 then 'rare' else 'common' end, created_at
from conversations where account_id = :account and id % 5 = 0;
insert into contact_labels (account_id, contact_id, title, created_at)
select account_id, id, case when id % 100 = 0 then 'rare' else 'common' end, created_at
from contacts where account_id = :account and id % 5 = 0;
insert into conversation_participants (account_id, conversation_id, agent_id, created_at)
select account_id, id, :agent, created_at from conversations where account_id = :account and id % 10 = 0;
insert into mentions (account_id, conversation_id, agent_id, mentioned_at)
select account_id, id, :agent, created_at from conversations where account_id = :account and id % 10 = 0;
insert into ratings (account_id, conversation_id, rating, rated_at)
select account_id, id, 1 + id % 5, created_at from conversations where account_id = :account and id % 10 = 0;
insert into visits (account_id, conversation_id, page_url, traffic_type, visited_at)
select account_id, id, 'https://example.org/page/' || id % 1000, 'Direct', created_at
from conversations where account_id = :account;
insert into notes (account_id, contact_id, agent_id, content, created_at, updated_at)
select :account, :contact, :agent, 'Note ' || n, :now, :now from generate_series(1, 1000) n;

insert into reporting_facts (account_id, kind, conversation_id, inbox_id, agent_id, seconds, happened_at)
select account_id, kind, id, inbox_id, :agent, 60, created_at
from conversations, unnest(array['first_response', 'resolution']) kind where account_id = :account;
insert into message_tallies (account_id, quarter, conversation_id, agent_id, inbox_id, incoming, outgoing)
select account_id, date_bin('15 minutes', created_at, timestamptz 'epoch'), id, agent, inbox_id, 5, 5
from conversations, unnest(array[0, :agent]) agent where account_id = :account
on conflict do nothing;
insert into usage_month_people (account_id, inbox_id, month, contact_inbox_id)
select account_id, inbox_id, date_trunc('month', created_at at time zone 'UTC')::date, contact_inbox_id
from conversations where account_id = :account and id > 1000000;
insert into usage_months (account_id, inbox_id, month, slice, messages, people)
select account_id, inbox_id, month, contact_inbox_id % 16, 10 * count(*), count(*)
from usage_month_people where account_id = :account and contact_inbox_id > 1000000
group by 1, 2, 3, 4
on conflict do nothing;

insert into event_feeds (account_id, last_position) values (:account, 3000000)
on conflict (account_id) do update set last_position = 3000000;
insert into events (account_id, id, kind, inbox_id, conversation_id, message_id, contact_id, snapshot, created_at, position)
select account_id, 1000000 + n, kind, inbox_id, conversation_id, message_id, contact_id, snapshot, :now, 1000000 + n
from generate_series(1, 100000) n,
     lateral (select * from events where account_id = :account and message_id is not null order by id limit 1) e;
insert into deliveries (account_id, id, uuid, event_id, endpoint_id, conversation_id, state, attempt, due_at, finished_at,
                        created_at)
select account_id, id, gen_random_uuid(), id, :endpoint, conversation_id,
       case when id % 100 = 0 then 'failed' else 'delivered' end, 1, created_at, created_at, created_at
from events where account_id = :account and id > 1000000;
insert into attempts (account_id, delivery_id, number, started_at, duration_ms, status)
select account_id, id, 1, created_at, 5, 200 from deliveries where account_id = :account and id > 1000000;
