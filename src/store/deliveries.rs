//! Deliveries of all accounts: the dispatcher serves every tenant, so these two functions take none.

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use super::{Result, Store, endpoints};
use crate::model::{AccountId, DeliveryId, EndpointKind, EventKind};

/// A delivery that is this claimer's to attempt until its lease ends.
#[derive(Debug)]
pub struct Claimed {
    /// Whose.
    pub account: AccountId,
    /// The row.
    pub id: DeliveryId,
    /// What the receiver sees, the same on every attempt.
    pub uuid: Uuid,
    /// Which attempt this is, from 1. A claim that was overtaken by another has a lower number, and cannot finish.
    pub attempt: i64,
    /// What kind of receiver it goes to.
    pub endpoint: EndpointKind,
    /// Where.
    pub url: String,
    /// Signs it; none if it was sealed with a key that this server does not have.
    pub secret: Option<SecretString>,
    /// What happened.
    pub event: EventKind,
    /// When.
    pub happened_at: DateTime<Utc>,
    /// What the receiver will be told.
    pub snapshot: Value,
}

/// How an attempt went.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// Whose.
    pub account: AccountId,
    /// The delivery.
    pub id: DeliveryId,
    /// The attempt's number, as claimed.
    pub attempt: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// The receiver's status, if it gave one.
    pub status: Option<u16>,
    /// What went wrong, in a word.
    pub error_class: Option<&'static str>,
    /// How the answer began.
    pub response_head: String,
    /// What becomes of the delivery.
    pub next: Next,
}

/// What becomes of a delivery after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It arrived.
    Delivered,
    /// It is tried again then.
    Retry(DateTime<Utc>),
    /// It is given up.
    Failed,
}

/// Claims due deliveries, oldest first. One of a conversation waits for those before it to the same endpoint.
///
/// A claim moves the due time to the end of the lease, so a claimer that dies is succeeded then.
pub async fn claim(
    store: &Store,
    limit: i64,
    lease: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>> {
    let lease_ends = now + lease;
    let rows = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    r#"update deliveries d set attempt = d.attempt + 1, due_at = $3
                       from endpoints p, events e
                       where (d.account_id, d.id) in (
                               select c.account_id, c.id from deliveries c
                               where c.state = 'due' and c.due_at <= $1
                                 and not exists (
                                     select 1 from deliveries earlier
                                     where earlier.account_id = c.account_id and earlier.endpoint_id = c.endpoint_id
                                       and earlier.conversation_id = c.conversation_id and earlier.state = 'due'
                                       and earlier.id < c.id)
                               order by c.due_at, c.id limit $2 for update skip locked)
                         and p.account_id = d.account_id and p.id = d.endpoint_id
                         and e.account_id = d.account_id and e.id = d.event_id
                       returning d.account_id as "account: AccountId", d.id as "id: DeliveryId", d.uuid, d.attempt,
                                 p.kind as "endpoint: EndpointKind", p.url, p.secret_sealed, e.kind as "event: EventKind",
                                 e.created_at as happened_at, e.snapshot"#,
                    now,
                    limit,
                    lease_ends,
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Claimed {
            account: row.account,
            id: row.id,
            uuid: row.uuid,
            attempt: row.attempt,
            endpoint: row.endpoint,
            url: row.url,
            secret: endpoints::open_secret(store.vault(), &row.secret_sealed).ok(),
            event: row.event,
            happened_at: row.happened_at,
            snapshot: row.snapshot,
        })
        .collect())
}

/// Records attempts, all in one statement each for the deliveries and the log. An attempt that was overtaken (its lease
/// ended and another claimed the delivery) is logged but decides nothing.
pub async fn finish(store: &Store, attempts: Vec<Attempted>, now: DateTime<Utc>) -> Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    let columns = Columns::of(&attempts);
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "update deliveries d
                     set state = t.state, due_at = coalesce(t.due_at, d.due_at),
                         finished_at = case when t.state = 'due' then null else $6::timestamptz end
                     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[])
                          as t (account_id, id, attempt, state, due_at)
                     where d.account_id = t.account_id and d.id = t.id and d.attempt = t.attempt and d.state = 'due'",
                    &columns.accounts,
                    &columns.ids,
                    &columns.attempts,
                    &columns.states,
                    &columns.due_at as &[Option<DateTime<Utc>>],
                    now,
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "insert into attempts (account_id, delivery_id, number, started_at, duration_ms, status, error_class, response_head)
                     select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bigint[],
                                          $6::smallint[], $7::text[], $8::text[])
                     on conflict do nothing",
                    &columns.accounts,
                    &columns.ids,
                    &columns.attempts,
                    &columns.started_at,
                    &columns.durations,
                    &columns.statuses as &[Option<i16>],
                    &columns.error_classes as &[Option<String>],
                    &columns.response_heads,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// The attempts, a column each, as `unnest` takes them.
#[derive(Default)]
struct Columns {
    accounts: Vec<i64>,
    ids: Vec<i64>,
    attempts: Vec<i64>,
    states: Vec<String>,
    due_at: Vec<Option<DateTime<Utc>>>,
    started_at: Vec<DateTime<Utc>>,
    durations: Vec<i64>,
    statuses: Vec<Option<i16>>,
    error_classes: Vec<Option<String>>,
    response_heads: Vec<String>,
}

impl Columns {
    fn of(attempts: &[Attempted]) -> Self {
        let mut columns = Self::default();
        for attempt in attempts {
            let (state, due_at) = match attempt.next {
                Next::Delivered => ("delivered", None),
                Next::Retry(at) => ("due", Some(at)),
                Next::Failed => ("failed", None),
            };
            columns.accounts.push(attempt.account.0);
            columns.ids.push(attempt.id.0);
            columns.attempts.push(attempt.attempt);
            columns.states.push(state.to_owned());
            columns.due_at.push(due_at);
            columns.started_at.push(attempt.started_at);
            columns
                .durations
                .push(i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX));
            columns
                .statuses
                .push(attempt.status.and_then(|status| i16::try_from(status).ok()));
            columns
                .error_classes
                .push(attempt.error_class.map(str::to_owned));
            // PostgreSQL takes no NUL, and a receiver may send one.
            columns
                .response_heads
                .push(attempt.response_head.replace('\0', ""));
        }
        columns
    }
}
