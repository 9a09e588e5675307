-- Looks anew at the tables that have several times the pages they had when that was last done, and names them: statements
-- that were planned for the small ones are planned again. What is being looked at already is left out.
create function analyze_grown_tables() returns setof text language plpgsql as $$
declare
    grown text;
begin
    for grown in
        select c.relname from pg_class c
        where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
          and pg_relation_size(c.oid) / current_setting('block_size')::bigint > 4 * greatest(c.relpages, 0) + 8
        order by c.relname
    loop
        execute format('analyze (skip_locked) %I', grown);
        return next grown;
    end loop;
end
$$;
