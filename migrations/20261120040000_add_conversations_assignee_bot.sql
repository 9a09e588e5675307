-- A conversation is given to an agent or to a bot, never to both.
alter table conversations add column assignee_bot_id bigint;
alter table conversations add constraint conversations_assignee_bot_fkey
    foreign key (account_id, assignee_bot_id) references bots (account_id, id);
alter table conversations add constraint conversations_one_assignee_check
    check (num_nonnulls(assignee_id, assignee_bot_id) <= 1);
create index conversations_assignee_bot_idx on conversations (account_id, assignee_bot_id)
    where assignee_bot_id is not null;
