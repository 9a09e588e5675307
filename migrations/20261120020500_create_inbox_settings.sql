-- When an inbox is open, in its own time zone: minutes since midnight. Closed all day where nothing stands. An inbox
-- without rows has the usual hours.
create table working_hours (
    account_id bigint not null,
    inbox_id bigint not null,
    -- 0 is Sunday.
    day smallint not null check (day between 0 and 6),
    all_day boolean not null default false,
    opens smallint check (opens between 0 and 1439),
    closes smallint check (closes between 0 and 1439),
    primary key (account_id, inbox_id, day),
    foreign key (account_id, inbox_id) references inboxes (account_id, id),
    check ((opens is null) = (closes is null)),
    check (closes > opens),
    check (not (all_day and opens is not null))
);

-- What only an inbox with a website has.
create table web_widgets (
    account_id bigint not null,
    inbox_id bigint not null,
    website_url text not null check (length(website_url) <= 2048),
    color text not null default '#1f93ff',
    welcome_title text,
    welcome_tagline text,
    allowed_domains text not null default '',
    features text[] not null default '{attachments,emoji_picker,end_conversation}',
    reply_time text not null default 'in_a_few_minutes'
        check (reply_time in ('in_a_few_minutes', 'in_a_few_hours', 'in_a_day')),
    primary key (account_id, inbox_id),
    foreign key (account_id, inbox_id) references inboxes (account_id, id)
);
