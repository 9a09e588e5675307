-- Agents as events tell of them. Presences that were not renewed are removed: whoever has a row is there.
create view told_agents as
select g.account_id, g.id,
       json_build_object('id', u.id, 'name', u.name, 'email', u.email, 'display_name', u.display_name,
                         'avatar_url', u.avatar_url,
                         'availability_status', case when g.auto_offline and p.agent_id is null then 'offline'
                                                     else g.availability end) as told
from agents g
join users u on u.id = g.id
left join agent_presences p on p.account_id = g.account_id and p.agent_id = g.id;
