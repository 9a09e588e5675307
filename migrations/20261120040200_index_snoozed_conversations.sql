-- The timer that wakes conversations serves every account.
create index conversations_snoozed_idx on conversations (snoozed_until)
    where status = 'snoozed' and snoozed_until is not null;
