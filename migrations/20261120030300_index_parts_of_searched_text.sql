-- The parts of what is searched stand in the index only: rows with a list of them are so wide that looking at many takes
-- long. A row's text is what the parts are of.
drop index contact_search_grams_idx;
alter table contact_search add column searched text;
update contact_search s
    set searched = concat_ws(E'\n', s.name, c.email, c.phone_number, lower(c.identifier))
    from contacts c where c.account_id = s.account_id and c.id = s.contact_id;
alter table contact_search alter column searched set not null, drop column grams;
-- So dear that no row is asked for its parts where the index knows them.
alter function search_grams cost 5000;
create index contact_search_grams_idx on contact_search using gin (search_grams(account_id, searched, '{1,2,3}'));

-- Lists begin with who did something last. Those who never did anything come last, newest first: there may be many, so
-- the index has them in their order.
drop index contacts_activity_idx;
create index contacts_activity_idx on contacts (account_id, active_minute desc nulls last, id desc);
drop index contacts_resolved_activity_idx;
create index contacts_resolved_activity_idx on contacts (account_id, active_minute desc nulls last, id desc)
    where num_nonnulls(email, phone_number, identifier) > 0;
