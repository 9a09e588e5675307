//! What came of attempts: for the delivery, for those that wait behind it, for its endpoint, and for the message that it
//! told of. All in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::endpoint_health::{self, Outcome};
use super::regained::Regained;
use super::undelivered::Lost;
use super::{Result, Store};
use crate::model::{AccountId, ConversationId, DeliveryId, DisabledReason, EndpointId};

/// How an attempt went.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// Whose.
    pub account: AccountId,
    /// The delivery.
    pub id: DeliveryId,
    /// The attempt's number, as claimed.
    pub attempt: i64,
    /// Whether the delivery had come to its end before, as claimed.
    pub replayed: bool,
    /// Where it went.
    pub endpoint: EndpointId,
    /// The conversation that it tells of, if it does.
    pub conversation: Option<ConversationId>,
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
    /// Something waited behind one of them and can be sent now.
    pub freed: bool,
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
                concerned(&attempts).lock_conversations(conn).await?;
                let late = settle(conn, &attempts, now).await?;
                let recorded: Vec<Attempted> = attempts
                    .into_iter()
                    .filter(|one| !late.contains(&(one.account, one.id, one.attempt)))
                    .collect();
                let freed = wake_next(conn, &recorded).await?;
                let disabled =
                    endpoint_health::note(conn, outcomes(&recorded), disable_after, now).await?;
                lost(&recorded).settle(conn, now).await?;
                regained(&recorded).settle(conn, now).await?;
                Ok(Recorded {
                    late: late.len(),
                    freed,
                    disabled,
                })
            })
        })
        .await
}

/// Those whose message may change.
fn concerned(attempts: &[Attempted]) -> Lost {
    let mut concerned = lost(attempts);
    for (account, id) in regained(attempts).deliveries() {
        concerned.push(account, id, String::new());
    }
    concerned
}

/// Those that arrived after all: they had been given up, and were replayed.
fn regained(attempts: &[Attempted]) -> Regained {
    let arrived = attempts
        .iter()
        .filter(|attempt| attempt.replayed && attempt.next == Next::Delivered);
    Regained::new(arrived.map(|attempt| (attempt.account, attempt.id)))
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

/// What the attempts are, column by column.
#[derive(Default)]
struct Columns {
    accounts: Vec<i64>,
    ids: Vec<i64>,
    numbers: Vec<i64>,
    states: Vec<&'static str>,
    due_at: Vec<Option<DateTime<Utc>>>,
    started_at: Vec<DateTime<Utc>>,
    durations: Vec<i64>,
    statuses: Vec<Option<i16>>,
    classes: Vec<Option<&'static str>>,
    heads: Vec<String>,
}

impl Columns {
    fn of(attempts: &[Attempted]) -> Self {
        let mut columns = Self::default();
        for attempt in attempts {
            let (state, due) = match attempt.next {
                Next::Delivered => ("delivered", None),
                Next::Retry(at) => ("due", Some(at)),
                Next::Failed | Next::Gone => ("failed", None),
            };
            let duration = i64::try_from(attempt.duration.as_millis()).unwrap_or(i64::MAX);
            let status = attempt.status.and_then(|status| i16::try_from(status).ok());
            columns.accounts.push(attempt.account.0);
            columns.ids.push(attempt.id.0);
            columns.numbers.push(attempt.attempt);
            columns.states.push(state);
            columns.due_at.push(due);
            columns.started_at.push(attempt.started_at);
            columns.durations.push(duration);
            columns.statuses.push(status);
            columns.classes.push(attempt.error_class);
            // PostgreSQL takes no NUL, and a receiver may send one.
            columns.heads.push(attempt.response_head.replace('\0', ""));
        }
        columns
    }
}

/// Keeps every attempt, also those that came too late, unless their delivery was removed, and writes what becomes of the
/// deliveries. Returns the attempts that were not the newest of theirs any more.
async fn settle(
    conn: &mut PgConnection,
    attempts: &[Attempted],
    now: DateTime<Utc>,
) -> Result<BTreeSet<(AccountId, DeliveryId, i64)>> {
    let columns = Columns::of(attempts);
    let rows = sqlx::query!(
        r#"with attempt as (
               select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::timestamptz[],
                                    $7::bigint[], $8::smallint[], $9::text[], $10::text[])
                   as t (account_id, id, number, state, due_at, started_at, duration_ms, status, error_class, response_head)
           ), settled as (
               update deliveries d
               set state = t.state, due_at = coalesce(t.due_at, d.due_at), leased_until = null,
                   finished_at = case when t.state = 'due' then null else $11::timestamptz end
               from attempt t
               where d.account_id = t.account_id and d.id = t.id and d.attempt = t.number and d.finished_at is null
               returning d.account_id, d.id, d.attempt
           ), late as materialized (
               select t.account_id, t.id, t.number from attempt t
               where not exists (select from settled s
                                 where s.account_id = t.account_id and s.id = t.id and s.attempt = t.number)
           ), held as (
               select l.account_id, l.id, l.number
               from late l join deliveries d on d.account_id = l.account_id and d.id = l.id
               for key share of d
           ), logged as (
               insert into attempts (account_id, delivery_id, number, started_at, duration_ms, status, error_class, response_head)
               select t.account_id, t.id, t.number, t.started_at, t.duration_ms, t.status, t.error_class, t.response_head
               from (select account_id, id, attempt as number from settled
                     union all select l.account_id, l.id, l.number from late l join settled s using (account_id, id)
                     union all select account_id, id, number from held) k
               join attempt t using (account_id, id, number)
               on conflict do nothing
           )
           select account_id as "account!: AccountId", id as "id!: DeliveryId", number as "number!" from late"#,
        &columns.accounts,
        &columns.ids,
        &columns.numbers,
        &columns.states as &[&str],
        &columns.due_at as &[Option<DateTime<Utc>>],
        &columns.started_at,
        &columns.durations,
        &columns.statuses as &[Option<i16>],
        &columns.classes as &[Option<&str>],
        &columns.heads,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.account, row.id, row.number))
        .collect())
}

/// Wakes the first delivery that is left of each conversation and endpoint of which one came to its end, and tells
/// whether there is any. A statement of its own: it must see what was parked while the one before waited for its rows.
async fn wake_next(conn: &mut PgConnection, recorded: &[Attempted]) -> Result<bool> {
    let ended: Vec<(&Attempted, ConversationId)> = recorded
        .iter()
        .filter(|attempt| !matches!(attempt.next, Next::Retry(_)))
        .filter_map(|attempt| Some((attempt, attempt.conversation?)))
        .collect();
    if ended.is_empty() {
        return Ok(false);
    }
    let accounts: Vec<i64> = ended.iter().map(|(one, _)| one.account.0).collect();
    let endpoints: Vec<i64> = ended.iter().map(|(one, _)| one.endpoint.0).collect();
    let conversations: Vec<i64> = ended.iter().map(|(_, id)| id.0).collect();
    let freed = sqlx::query_scalar!(
        r#"with next as (
               select n.account_id, n.id, n.parked
               from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as t (account_id, endpoint_id, conversation_id), lateral (
                   select f.account_id, f.id, f.parked from deliveries f
                   where f.account_id = t.account_id and f.endpoint_id = t.endpoint_id
                     and f.conversation_id = t.conversation_id and f.state = 'due'
                   order by f.id limit 1) n
           ), woken as (
               update deliveries w set parked = false from next n
               where n.parked and w.account_id = n.account_id and w.id = n.id
           )
           select exists (select from next) as "freed!""#,
        &accounts,
        &endpoints,
        &conversations,
    )
    .fetch_one(conn)
    .await?;
    Ok(freed)
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
