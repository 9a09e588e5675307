-- A team's conversations, for lists of them and for when the team is deleted.
create index if not exists conversations_team_idx on conversations (account_id, team_id, last_activity_at desc, id desc)
    where team_id is not null;
