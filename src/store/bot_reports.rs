//! What a bot's apps read: the people in its inboxes, what was said there, and how much.
//!
//! Pages are asked for by number, so a page far back must skip what is before it. Both lists skip in an index that holds
//! all that is filtered and ordered by; only the rows of the page itself are fetched.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Result, Store, messages};
use crate::model::{
    AccountId, Attributes, BotId, Channel, ContactInboxId, Message, MessageId, UserHexId,
};

/// Which people to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Only of these channels; none means all.
    pub channels: Vec<Channel>,
    /// First seen then or later.
    pub from: Option<DateTime<Utc>>,
    /// First seen before.
    pub until: Option<DateTime<Utc>>,
}

/// Which part of a list: so many rows after skipping so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Rows before it.
    pub offset: i64,
    /// Rows in it, at most.
    pub limit: i64,
}

/// A part of a list, and how long the list is.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Rows in the whole list.
    pub total: i64,
}

/// Somebody who came into one of the bot's inboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The way in.
    pub id: ContactInboxId,
    /// The contact's id in the channel.
    pub source_id: String,
    /// The contact's name, or empty.
    pub name: String,
    /// The inbox's channel.
    pub channel: Channel,
    /// When the way in was made.
    pub created_at: DateTime<Utc>,
    /// When the contact first said something.
    pub first_interacted_at: Option<DateTime<Utc>>,
    /// When the contact last said something.
    pub last_interacted_at: Option<DateTime<Utc>>,
}

/// What the account keeps of somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Custom attributes of the contact.
    pub custom_attributes: Attributes,
    /// Labels of the contact, oldest first.
    pub labels: Vec<String>,
    /// Made while trying the bot out.
    pub is_test: bool,
    /// The ways into the bot's inboxes that go by the same id.
    pub ways: Vec<ContactInboxId>,
}

/// What was said in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Messages, both ways.
    pub messages: i64,
    /// People in them; who uses two inboxes counts twice.
    pub people: i64,
}

/// The people of a bot's inboxes, those who came first first.
pub async fn list_users(
    store: &Store,
    account: AccountId,
    bot: BotId,
    filter: &UserFilter,
    slice: Slice,
) -> Result<Part<User>> {
    let channels: Vec<String> = filter.channels.iter().map(ToString::to_string).collect();
    let mut conn = store.read().await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from inboxes i
           join contact_inboxes w on w.account_id = i.account_id and w.inbox_id = i.id
           where i.account_id = $1 and i.bot_id = $2 and i.removed_at is null
             and (cardinality($3::text[]) = 0 or i.channel = any ($3))
             and w.created_at >= coalesce($4, '-infinity'::timestamptz)
             and w.created_at < coalesce($5, 'infinity'::timestamptz)"#,
        account.0,
        bot.0,
        &channels,
        filter.from,
        filter.until,
    )
    .fetch_one(&mut *conn)
    .await?;
    if slice.offset >= total {
        return Ok(Part {
            rows: Vec::new(),
            total,
        });
    }
    // Each inbox gives its own first rows in the order of its index; the merge of them is all that is sorted.
    let rows = sqlx::query_as!(
        User,
        r#"select w.id as "id: ContactInboxId", w.source_id, c.name, page.channel as "channel: Channel", w.created_at,
                  w.first_interacted_at, w.last_interacted_at
           from (select way.id, i.channel
                 from inboxes i
                 cross join lateral (
                     select l.id, l.created_at from contact_inboxes l
                     where l.account_id = $1 and l.inbox_id = i.id
                       and l.created_at >= coalesce($4, '-infinity'::timestamptz)
                       and l.created_at < coalesce($5, 'infinity'::timestamptz)
                     order by l.created_at, l.id limit $6::bigint + $7::bigint) way
                 where i.account_id = $1 and i.bot_id = $2 and i.removed_at is null
                   and (cardinality($3::text[]) = 0 or i.channel = any ($3))
                 order by way.created_at, way.id offset $6 limit $7) page
           join contact_inboxes w on w.account_id = $1 and w.id = page.id
           join contacts c on c.account_id = $1 and c.id = w.contact_id
           order by w.created_at, w.id"#,
        account.0,
        bot.0,
        &channels,
        filter.from,
        filter.until,
        slice.offset,
        slice.limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(Part { rows, total })
}

/// Somebody by one of the ids in a channel, or by the id that this server gave; the way in that was used last decides
/// whose profile it is.
pub async fn find_profile(
    store: &Store,
    account: AccountId,
    bot: BotId,
    channel: Option<Channel>,
    source_ids: &[String],
    hex: Option<UserHexId>,
) -> Result<Option<Profile>> {
    let rows = sqlx::query!(
        r#"select w.id as "way: ContactInboxId", c.custom_attributes, c.is_test,
                  array(select l.title from contact_labels l where l.account_id = $1 and l.contact_id = c.id
                        order by l.created_at, l.title) as "labels!"
           from contact_inboxes w
           join inboxes i on i.account_id = $1 and i.id = w.inbox_id
           join contacts c on c.account_id = $1 and c.id = w.contact_id
           where w.account_id = $1 and i.bot_id = $2 and i.removed_at is null and ($3::text is null or i.channel = $3)
             and (w.source_id = any ($4)
                  or (w.id = $5 and mod(floor(extract(epoch from w.created_at)), 4294967296) = $6::bigint))
           order by (w.source_id = any ($4)) desc, w.last_interacted_at desc nulls last, w.id desc
           limit 100"#,
        account.0,
        bot.0,
        channel.map(Channel::as_str),
        source_ids,
        hex.map(|hex| hex.id.0),
        hex.map(|hex| i64::from(hex.created)),
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let ways = rows.iter().map(|row| row.way).collect();
    Ok(rows.into_iter().next().map(|row| Profile {
        custom_attributes: row.custom_attributes.into(),
        labels: row.labels,
        is_test: row.is_test,
        ways,
    }))
}

/// What was said through these ways in from one moment to another (not included), oldest first. Private notes and
/// activity are nobody's but the agents'.
pub async fn list_transcripts(
    store: &Store,
    account: AccountId,
    ways: &[ContactInboxId],
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    slice: Slice,
) -> Result<Part<Message>> {
    let ways: Vec<i64> = ways.iter().map(|id| id.0).collect();
    let time = (from, until);
    let first = match slice.offset {
        0 => Some((from, MessageId(0))),
        offset => find_on_ways(store, account, &ways, time, offset).await?,
    };
    let Some(first) = first else {
        let total = count_on_ways(store, account, &ways, time).await?;
        return Ok(Part {
            rows: Vec::new(),
            total,
        });
    };
    // One more than is shown tells whether that is the end.
    let mut rows =
        messages::list_on_ways(store, account, &ways, first, until, slice.limit + 1).await?;
    let read = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let total = if read > slice.limit {
        rows.pop();
        count_on_ways(store, account, &ways, time).await?
    } else {
        slice.offset + read
    };
    Ok(Part { rows, total })
}

/// When the message was said that so many come before, and its id.
async fn find_on_ways(
    store: &Store,
    account: AccountId,
    ways: &[i64],
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    offset: i64,
) -> Result<Option<(DateTime<Utc>, MessageId)>> {
    let found = sqlx::query!(
        r#"select m.created_at, m.id as "id: MessageId"
           from unnest($2::bigint[]) as way (id)
           cross join lateral (
               select l.id, l.created_at from messages l
               where l.account_id = $1 and l.contact_inbox_id = way.id and l.created_at >= $3 and l.created_at < $4
                 and not l.private and l.kind <> 'activity'
               order by l.created_at, l.id limit $5::bigint + 1) m
           order by m.created_at, m.id offset $5 limit 1"#,
        account.0,
        ways,
        from,
        until,
        // Far beyond any end, and yet a number that can be added to.
        offset.min(i64::MAX / 2),
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(found.map(|row| (row.created_at, row.id)))
}

async fn count_on_ways(
    store: &Store,
    account: AccountId,
    ways: &[i64],
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from messages
           where account_id = $1 and contact_inbox_id = any ($2) and created_at >= $3 and created_at < $4
             and not private and kind <> 'activity'"#,
        account.0,
        ways,
        from,
        until,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(count)
}

/// What was said in the bot's inboxes, or those of one channel, in the month that begins on a day.
pub async fn usage(
    store: &Store,
    account: AccountId,
    bot: BotId,
    channel: Option<Channel>,
    month: NaiveDate,
) -> Result<Usage> {
    let usage = sqlx::query_as!(
        Usage,
        r#"select coalesce(sum(u.messages), 0)::bigint as "messages!", coalesce(sum(u.people), 0)::bigint as "people!"
           from inboxes i
           join usage_months u on u.account_id = i.account_id and u.inbox_id = i.id and u.month = $4
           where i.account_id = $1 and i.bot_id = $2 and i.removed_at is null and ($3::text is null or i.channel = $3)"#,
        account.0,
        bot.0,
        channel.map(Channel::as_str),
        month,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(usage)
}
