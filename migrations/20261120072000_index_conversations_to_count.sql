-- Every list of conversations says how many there are of whom: counted in the index alone. None of its columns changes
-- when something is said.
create index conversations_count_idx on conversations (account_id, status, inbox_id, assignee_id, team_id);
