-- Lists of one agent's and of one team's conversations; they serve the references too.
create index conversations_assignee_idx on conversations (account_id, assignee_id, status) where assignee_id is not null;
create index conversations_team_idx on conversations (account_id, team_id, status) where team_id is not null;
