-- While a secret is being changed, what is sent is signed with the one before, too.
alter table endpoints
    add column previous_secret_sealed bytea,
    add column previous_secret_until timestamptz,
    add check ((previous_secret_sealed is null) = (previous_secret_until is null));
