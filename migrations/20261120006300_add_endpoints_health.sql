alter table endpoints
    -- Why nothing is sent any more: its owner turned it off, it answered 410, or it failed for too long.
    add column disabled_reason text check (disabled_reason in ('owner', 'gone', 'failing')),
    -- Since when every attempt has failed; null once one succeeded.
    add column failing_since timestamptz,
    -- The newest failure since then.
    add column failed_at timestamptz;
create index endpoints_disabled_idx on endpoints (account_id, id) where disabled_at is not null;
