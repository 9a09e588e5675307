-- The timer that resolves conversations asks only the accounts that want it.
create index accounts_auto_resolve_idx on accounts (id)
    where jsonb_typeof(settings -> 'auto_resolve_after') = 'number' and removed_at is null;
