alter table endpoints
    -- What people call it.
    add column name text check (length(name) <= 255),
    -- An account's webhook may name an inbox, which decides nothing; only that of an inbox must.
    drop constraint endpoints_check,
    add constraint endpoints_inbox_check check (
        case kind when 'inbox' then inbox_id is not null when 'account' then true else inbox_id is null end),
    -- One that was removed is kept while deliveries to it are.
    drop constraint endpoints_disabled_reason_check,
    add constraint endpoints_disabled_reason_check check (disabled_reason in ('owner', 'gone', 'failing', 'removed'));
drop index endpoints_account_url_key;
create unique index endpoints_account_url_key on endpoints (account_id, url)
    where kind = 'account' and disabled_reason is distinct from 'removed';
