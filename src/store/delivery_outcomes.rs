//! What came of attempts: for the delivery, for those that wait behind it, for its endpoint, and for the message that it
//! told of. All in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::endpoint_health::{self, Outcome};
use super::undelivered::Lost;
use super::{Result, Store};
use crate::model::{AccountId, DeliveryId, DisabledReason, EndpointId};

/// How an attempt went.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// Whose.
    pub account: AccountId,
    /// The delivery.
    pub id: DeliveryId,
    /// The attempt's number, as claimed.
    pub attempt: i64,
    /// Where it went.
    pub endpoint: EndpointId,
    /// Whether the attempt before failed, as claimed.
    pub failing: bool,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// The receiver's status, if it gave one.
    pub status: Option<u16>,
    /// What went wrong, in a word.
    pub error_class: Option<&'static str>,
    /// What went wrong, in words that agents may read.
    pub error: Option<String>,
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
    /// It is given up, and so is its endpoint.
    Gone,
}

/// What recording attempts led to.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Attempts that came too late: another claimed their delivery meanwhile, or it was cancelled. They are in the log
    /// and decide nothing.
    pub late: usize,
    /// Endpoints that are sent nothing any more.
    pub disabled: Vec<Disabled>,
}

/// An endpoint that was disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disabled {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub endpoint: EndpointId,
    /// Why.
    pub reason: DisabledReason,
}

/// Records attempts, together.
pub async fn finish(
    store: &Store,
    attempts: Vec<Attempted>,
    disable_after: Duration,
    now: DateTime<Utc>,
) -> Result<Recorded> {
    if attempts.is_empty() {
        return Ok(Recorded::default());
    }
    store
        .write(move |conn| {
            Box::pin(async move {
                // Whoever writes into a conversation holds it before anything else, and so does this.
                lost(&attempts).lock_conversations(conn).await?;
                let newest = settle(conn, &attempts, now).await?;
                log(conn, &attempts).await?;
                let all = attempts.len();
                let recorded: Vec<Attempted> = attempts
                    .into_iter()
                    .filter(|one| newest.contains(&(one.account, one.id, one.attempt)))
                    .collect();
                wake_next(conn, &recorded).await?;
                let disabled =
                    endpoint_health::note(conn, outcomes(&recorded), disable_after, now).await?;
                lost(&recorded).settle(conn, now).await?;
                Ok(Recorded {
                    late: all - recorded.len(),
                    disabled,
                })
            })
        })
        .await
}

/// Those that were given up.
fn lost(attempts: &[Attempted]) -> Lost {
    let mut lost = Lost::default();
    for attempt in attempts {
        if matches!(attempt.next, Next::Failed | Next::Gone) {
            let error = attempt.error.clone().unwrap_or_default();
            lost.push(attempt.account, attempt.id, error);
        }
    }
    lost
}

/// Writes what becomes of the deliveries. Returns the attempts that were still the newest of theirs.
async fn settle(
    conn: &mut PgConnection,
    attempts: &[Attempted],
    now: DateTime<Utc>,
) -> Result<BTreeSet<(AccountId, DeliveryId, i64)>> {
    let (mut accounts, mut ids, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut states, mut due_at) = (Vec::new(), Vec::new());
    for attempt in attempts {
        let (state, due) = match attempt.next {
            Next::Delivered => ("delivered", None),
            Next::Retry(at) => ("due", Some(at)),
            Next::Failed | Next::Gone => ("failed", None),
        };
        accounts.push(attempt.account.0);
        ids.push(attempt.id.0);
        numbers.push(attempt.attempt);
        states.push(state.to_owned());
        due_at.push(due);
    }
    let rows = sqlx::query!(
        r#"update deliveries d
           set state = t.state, due_at = coalesce(t.due_at, d.due_at),
               finished_at = case when t.state = 'due' then null else $6::timestamptz end
           from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[])
                as t (account_id, id, attempt, state, due_at)
           where d.account_id = t.account_id and d.id = t.id and d.attempt = t.attempt and d.state = 'due'
           returning d.account_id as "account: AccountId", d.id as "id: DeliveryId", d.attempt"#,
        &accounts,
        &ids,
        &numbers,
        &states,
        &due_at as &[Option<DateTime<Utc>>],
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.account, row.id, row.attempt))
        .collect())
}

/// Keeps every attempt, also those that came too late, unless their delivery was removed.
async fn log(conn: &mut PgConnection, attempts: &[Attempted]) -> Result<()> {
    let (mut accounts, mut ids, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut started_at, mut durations) = (Vec::new(), Vec::new());
    let (mut statuses, mut classes, mut heads) = (Vec::new(), Vec::new(), Vec::new());
    for attempt in attempts {
        accounts.push(attempt.account.0);
        ids.push(attempt.id.0);
        numbers.push(attempt.attempt);
        started_at.push(attempt.started_at);
        durations.push(i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX));
        statuses.push(attempt.status.and_then(|status| i16::try_from(status).ok()));
        classes.push(attempt.error_class.map(str::to_owned));
        // PostgreSQL takes no NUL, and a receiver may send one.
        heads.push(attempt.response_head.replace('\0', ""));
    }
    sqlx::query!(
        "insert into attempts (account_id, delivery_id, number, started_at, duration_ms, status, error_class, response_head)
         select t.* from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bigint[],
                                $6::smallint[], $7::text[], $8::text[]) as t (account_id, delivery_id)
         join deliveries d on d.account_id = t.account_id and d.id = t.delivery_id
         on conflict do nothing",
        &accounts,
        &ids,
        &numbers,
        &started_at,
        &durations,
        &statuses as &[Option<i16>],
        &classes as &[Option<String>],
        &heads,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Wakes the first delivery that is left of each conversation and endpoint of which one came to its end.
async fn wake_next(conn: &mut PgConnection, recorded: &[Attempted]) -> Result<()> {
    let ended = recorded
        .iter()
        .filter(|attempt| !matches!(attempt.next, Next::Retry(_)));
    let (accounts, ids): (Vec<i64>, Vec<i64>) = ended
        .map(|attempt| (attempt.account.0, attempt.id.0))
        .unzip();
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update deliveries w set parked = false
         where w.parked and (w.account_id, w.id) in (
             select n.account_id, n.id
             from unnest($1::bigint[], $2::bigint[]) as t (account_id, id)
             join deliveries d on d.account_id = t.account_id and d.id = t.id, lateral (
                 select f.account_id, f.id from deliveries f
                 where f.account_id = d.account_id and f.endpoint_id = d.endpoint_id
                   and f.conversation_id = d.conversation_id and f.state = 'due'
                 order by f.id limit 1) n)",
        &accounts,
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the attempts say about their endpoints. A success that changes nothing says nothing.
fn outcomes(recorded: &[Attempted]) -> BTreeMap<(AccountId, EndpointId), Outcome> {
    let mut outcomes: BTreeMap<_, Outcome> = BTreeMap::new();
    for attempt in recorded {
        let outcome = outcomes
            .entry((attempt.account, attempt.endpoint))
            .or_default();
        outcome.was_failing |= attempt.failing;
        match attempt.next {
            Next::Delivered => outcome.succeeded = true,
            Next::Gone => outcome.gone = true,
            Next::Retry(_) | Next::Failed => outcome.failed = true,
        }
    }
    outcomes.retain(|_, outcome| outcome.tells_anything());
    outcomes
}
