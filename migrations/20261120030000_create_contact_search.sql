-- What contacts are searched by, beside their rows: those change with every message, and an index over many parts of a
-- text must not. Whoever writes a name, address, number or identifier writes this row in the same transaction.
create table contact_search (
    account_id bigint not null,
    contact_id bigint not null,
    -- The name in lower case, whatever alphabet: the database's own lower() may know one only.
    name text not null,
    -- Whether it has an address, a number or an identifier: lists show only such contacts.
    resolved boolean not null,
    created_at timestamptz not null,
    -- Numbers of all parts of one, two and three characters of what is searched.
    grams integer[] not null,
    primary key (account_id, contact_id),
    foreign key (account_id, contact_id) references contacts (account_id, id) on delete cascade
);

-- The parts of a text that are so many characters long, each as a number. The account goes into the number: one account's
-- parts are found without stepping over another's. Two parts may have one number, so what is found is looked at again.
create function search_grams(account bigint, searched text, sizes integer[]) returns integer[]
    language sql immutable parallel safe
    return array(
        select distinct (hashtextextended(substr(searched, at, size), account) % 2147483647)::integer
        from unnest(sizes) as size, generate_series(1, length(searched) - size + 1) as at);

create index contact_search_grams_idx on contact_search using gin (grams);
create index contact_search_name_idx on contact_search (account_id, name, contact_id);
create index contact_search_created_idx on contact_search (account_id, created_at, contact_id);
create index contact_search_resolved_idx on contact_search (account_id, contact_id) where resolved;

-- Those who are there already. Letters that this lower() does not know are found as they stand, until they are written
-- the next time.
insert into contact_search (account_id, contact_id, name, resolved, created_at, grams)
select account_id, id, lower(name), num_nonnulls(email, phone_number, identifier) > 0, created_at,
       search_grams(account_id, concat_ws(E'\n', lower(name), email, phone_number, lower(identifier)), '{1,2,3}')
from contacts;

-- Lists begin with who did something last, of those who can be told apart.
create index contacts_resolved_activity_idx on contacts (account_id, last_activity_at desc nulls last, id desc)
    where num_nonnulls(email, phone_number, identifier) > 0;
