//! What keeps the tables of deliveries small and quick to look through. Every function does a bounded piece of its work
//! and says how much; several servers may call them at once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::undelivered::Lost;
use super::{Result, Store};
use crate::model::{AccountId, DeliveryId, DisabledReason};

/// How many of those that are due to an endpoint are looked at for parking.
const FRONT: i64 = 1000;

/// Parks deliveries that became due before and still wait behind another of their conversation. Only the front of each
/// endpoint's queue is looked at, which is what claims meet.
///
/// The one they wait for is locked meanwhile: whoever finishes it does so before, and nothing is parked, or after, and
/// wakes it. The statement is planned anew each time: between two looks a queue may have become a thousand times as long.
pub async fn park(store: &Store, due_before: DateTime<Utc>, limit: i64) -> Result<u64> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let parked = sqlx::query!(
                    "with front as materialized (
                         select f.account_id, f.id from queued_endpoints q, lateral (
                             select d.account_id, d.id from deliveries d
                             where d.account_id = q.account_id and d.endpoint_id = q.endpoint_id
                               and d.state = 'due' and not d.parked and d.due_at <= $1
                             order by d.due_at, d.id limit $3) f
                         where q.due_at <= $1
                     )
                     update deliveries d set parked = true
                     where (d.account_id, d.id) in (
                         select w.account_id, w.id
                         from front t join deliveries w on w.account_id = t.account_id and w.id = t.id, lateral (
                             select f.id from deliveries f
                             where f.account_id = w.account_id and f.endpoint_id = w.endpoint_id
                               and f.conversation_id = w.conversation_id and f.state = 'due' and f.id < w.id
                             order by f.id limit 1 for share skip locked) f
                         where w.finished_at is null and not w.parked
                         limit $2 for update of w skip locked)",
                    due_before,
                    limit,
                    FRONT,
                )
                .persistent(false)
                .execute(conn)
                .await?;
                Ok(parked.rows_affected())
            })
        })
        .await
}

/// Wakes parked deliveries that wait behind nothing, for where the one in front came to its end in another way.
pub async fn wake_forgotten(store: &Store, limit: i64) -> Result<u64> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let woken = sqlx::query!(
                    "update deliveries d set parked = false
                     where (d.account_id, d.id) in (
                         select w.account_id, w.id from deliveries w
                         where w.state = 'due' and w.parked and w.id = (
                             select f.id from deliveries f
                             where f.account_id = w.account_id and f.endpoint_id = w.endpoint_id
                               and f.conversation_id = w.conversation_id and f.state = 'due'
                             order by f.id limit 1)
                         limit $1 for update of w skip locked)",
                    limit,
                )
                .execute(conn)
                .await?;
                Ok(woken.rows_affected())
            })
        })
        .await
}

/// Cancels what is due to endpoints that are gone, were removed or failed for too long, once what was under way is over. What is due
/// to one that its owner turned off is kept until it is turned on.
pub async fn cancel_disabled(
    store: &Store,
    disabled_before: DateTime<Utc>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<u64> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let found = sqlx::query!(
                    r#"select d.account_id as "account: AccountId", d.id as "id: DeliveryId",
                              p.disabled_reason as "reason!: DisabledReason"
                       from endpoints p
                       join deliveries d on d.account_id = p.account_id and d.endpoint_id = p.id and d.state = 'due'
                       where p.disabled_at <= $1 and p.disabled_reason in ('gone', 'failing', 'removed')
                       order by d.account_id, d.id limit $2"#,
                    disabled_before,
                    limit,
                )
                .fetch_all(&mut *conn)
                .await?;
                let mut found_due = Lost::default();
                for row in found {
                    let reason = reason_in_words(row.reason).to_owned();
                    found_due.push(row.account, row.id, reason);
                }
                found_due.lock_conversations(conn).await?;
                let lost = cancel(conn, &found_due, now).await?;
                lost.settle(conn, now).await?;
                Ok(u64::try_from(lost.len()).unwrap_or(u64::MAX))
            })
        })
        .await
}

/// Cancels those that are still due to a disabled endpoint.
async fn cancel(conn: &mut PgConnection, found: &Lost, now: DateTime<Utc>) -> Result<Lost> {
    let (accounts, ids, errors) = found.columns();
    let rows = sqlx::query!(
        r#"update deliveries d set state = 'cancelled', parked = false, finished_at = $4
           from unnest($1::bigint[], $2::bigint[], $3::text[]) as t (account_id, id, error), endpoints p
           where d.account_id = t.account_id and d.id = t.id and d.state = 'due'
             and p.account_id = d.account_id and p.id = d.endpoint_id and p.disabled_at is not null
           returning d.account_id as "account: AccountId", d.id as "id: DeliveryId", t.error as "error!""#,
        accounts,
        ids,
        errors,
        now,
    )
    .fetch_all(conn)
    .await?;
    let mut cancelled = Lost::default();
    for row in rows {
        cancelled.push(row.account, row.id, row.error);
    }
    Ok(cancelled)
}

/// What agents read at a message that was never sent to its endpoint.
fn reason_in_words(reason: DisabledReason) -> &'static str {
    match reason {
        DisabledReason::Gone => "the webhook answered that it is gone",
        DisabledReason::Failing => "the webhook failed for too long and was disabled",
        DisabledReason::Owner => "the webhook is turned off",
        DisabledReason::Removed => "the webhook was removed",
    }
}

/// Removes deliveries that came to their end before, with their attempts.
pub async fn prune_deliveries(store: &Store, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let old = sqlx::query!(
                    "select account_id, id from deliveries where finished_at < $1
                     order by finished_at limit $2 for update skip locked",
                    before,
                    limit,
                )
                .fetch_all(&mut *conn)
                .await?;
                let accounts: Vec<i64> = old.iter().map(|row| row.account_id).collect();
                let ids: Vec<i64> = old.iter().map(|row| row.id).collect();
                sqlx::query!(
                    "delete from attempts a using unnest($1::bigint[], $2::bigint[]) as t (account_id, id)
                     where a.account_id = t.account_id and a.delivery_id = t.id",
                    &accounts,
                    &ids,
                )
                .execute(&mut *conn)
                .await?;
                let removed = sqlx::query!(
                    "delete from deliveries d using unnest($1::bigint[], $2::bigint[]) as t (account_id, id)
                     where d.account_id = t.account_id and d.id = t.id",
                    &accounts,
                    &ids,
                )
                .execute(conn)
                .await?;
                Ok(removed.rows_affected())
            })
        })
        .await
}

/// Removes events that happened before and that no delivery tells of any more.
pub async fn prune_events(store: &Store, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let removed = sqlx::query!(
                    "delete from events e where (e.account_id, e.id) in (
                         select o.account_id, o.id from events o
                         where o.created_at < $1 and not exists (
                             select from deliveries d where d.account_id = o.account_id and d.event_id = o.id)
                         order by o.created_at limit $2 for update of o skip locked)",
                    before,
                    limit,
                )
                .execute(conn)
                .await?;
                Ok(removed.rows_affected())
            })
        })
        .await
}

/// Since when the delivery that waits longest for an attempt has been due.
pub async fn oldest_due(store: &Store, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let oldest = sqlx::query_scalar!(
        "select min(w.due_at) from queued_endpoints q
         join endpoints p on p.account_id = q.account_id and p.id = q.endpoint_id and p.disabled_at is null,
         lateral (
             select d.due_at from deliveries d
             where d.account_id = q.account_id and d.endpoint_id = q.endpoint_id and d.state = 'due' and not d.parked
               and d.due_at <= $1 and (d.leased_until is null or d.leased_until <= $1)
             order by d.due_at, d.id limit 1) w
         where q.due_at <= $1",
        now,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(oldest)
}
