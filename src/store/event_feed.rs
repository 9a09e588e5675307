//! What happened in an account, in an order that a reader can go on in.
//!
//! An event's id is given out before its transaction commits, so an event may come to light behind one with a larger
//! id. In the feed an event has a place, given to it after its commit by whoever reads next, and never changed: what
//! one reader was shown up to a place is all that is ever there. Of two events of which one was committed before the
//! other began, and of all events of one conversation, the earlier has the lower place.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Result, Store, attachments};
use crate::model::{AccountId, EventId, EventKind};

/// Where commits tell of new events, in feeds that are watched.
pub(super) const CHANNEL: &str = "quartet_events";

/// How many events are given their place by one statement.
const PLACED_AT_ONCE: i64 = 1000;

/// An event in its place.
#[derive(Debug)]
pub struct FeedEvent {
    /// Its place in the account's feed, from 1, with gaps where events were deleted.
    pub position: i64,
    /// Which it is.
    pub id: EventId,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What it was about, as it was then.
    pub snapshot: Value,
}

/// The events after a place, in order; `None` if the feed does not go as far as that place: the reader had it from
/// another database, or from this one before it was put back to an earlier state.
pub async fn read(
    store: &Store,
    account: AccountId,
    after: i64,
    limit: i64,
) -> Result<Option<Vec<FeedEvent>>> {
    let page = list(store, account, after, limit).await?;
    if i64::try_from(page.len()) == Ok(limit) {
        return Ok(Some(page));
    }
    let state = sqlx::query!(
        r#"select coalesce((select last_position from event_feeds where account_id = $1), 0) as "last!",
                  exists (select from events where account_id = $1 and position is null) as "unplaced!""#,
        account.0,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    if after > state.last {
        return Ok(None);
    }
    if !state.unplaced {
        return Ok(Some(page));
    }
    store
        .write(move |conn| Box::pin(place(conn, account)))
        .await?;
    list(store, account, after, limit).await.map(Some)
}

/// Has commits tell of new events of this account until then.
pub async fn watch(store: &Store, account: AccountId, until: DateTime<Utc>) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "insert into event_feeds (account_id, watched_until) values ($1, $2)
                     on conflict (account_id) do update
                     set watched_until = greatest(event_feeds.watched_until, excluded.watched_until)",
                    account.0,
                    until,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

async fn list(store: &Store, account: AccountId, after: i64, limit: i64) -> Result<Vec<FeedEvent>> {
    let mut events = sqlx::query_as!(
        FeedEvent,
        r#"select position as "position!", id as "id: EventId", kind as "kind: EventKind", created_at, snapshot
           from events where account_id = $1 and position > $2 order by position limit $3"#,
        account.0,
        after,
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    for event in &mut events {
        attachments::link_snapshot(store.links(), account, &mut event.snapshot);
    }
    Ok(events)
}

/// Gives the next events their places.
///
/// The lock comes first and in a statement of its own: the next one then sees all that was committed before, places
/// given by others included. A lower id among what it sees was given out earlier, so the order of ids is right here.
async fn place(conn: &mut PgConnection, account: AccountId) -> Result<()> {
    sqlx::query!(
        "insert into event_feeds (account_id) values ($1) on conflict do nothing",
        account.0,
    )
    .execute(&mut *conn)
    .await?;
    let last = sqlx::query_scalar!(
        "select last_position from event_feeds where account_id = $1 for update",
        account.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!(
        "with next as (
             select id from events where account_id = $1 and position is null order by id limit $3
         ), numbered as (
             select id, row_number() over (order by id) as number from next
         ), placed as (
             update events e set position = $2 + n.number from numbered n
             where e.account_id = $1 and e.id = n.id
             returning e.position
         )
         update event_feeds set last_position = greatest(last_position, (select max(position) from placed))
         where account_id = $1",
        account.0,
        last,
        PLACED_AT_ONCE,
    )
    .execute(conn)
    .await?;
    Ok(())
}
