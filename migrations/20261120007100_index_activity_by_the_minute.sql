-- Every message changes when its conversation and contact were last active. An index on that would be rewritten with
-- each, and all others of the table with it; one on the minute is not, as long as the row finds room in its page.
-- A list orders by the minute, then by the moment.
alter table conversations
    add column active_minute timestamptz not null
        generated always as (date_bin('1 minute', last_activity_at, timestamptz 'epoch')) stored,
    set (fillfactor = 80);
drop index conversations_status_activity_idx;
create index conversations_status_activity_idx on conversations (account_id, status, active_minute desc);
drop index conversations_activity_idx;
create index conversations_activity_idx on conversations (account_id, active_minute desc);
drop index conversations_contact_idx;
create index conversations_contact_idx on conversations (account_id, contact_id, active_minute desc);
drop index conversations_inbox_idx;
create index conversations_inbox_idx on conversations (account_id, inbox_id, active_minute desc);

alter table contacts
    add column active_minute timestamptz
        generated always as (date_bin('1 minute', last_activity_at, timestamptz 'epoch')) stored,
    set (fillfactor = 80);
drop index contacts_activity_idx;
create index contacts_activity_idx on contacts (account_id, active_minute desc nulls last);

alter table contact_inboxes set (fillfactor = 90);
alter table flow_sessions set (fillfactor = 70);
