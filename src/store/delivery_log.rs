//! Deliveries as their account sees them: what was sent, how it went, and sending it once more.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::{Error, Noun, Result, Store};
use crate::model::{
    AccountId, ConversationId, DeliveryId, DeliveryState, EndpointId, EventId, EventKind,
};

/// How many of a delivery's attempts are shown, the last ones.
const ATTEMPTS_SHOWN: i64 = 100;

/// One event on its way to one endpoint.
#[derive(Debug)]
pub struct Delivery {
    /// The row.
    pub id: DeliveryId,
    /// What the receiver sees, the same on every attempt.
    pub uuid: Uuid,
    /// How far it is.
    pub state: DeliveryState,
    /// The event.
    pub event: EventId,
    /// What kind of event.
    pub kind: EventKind,
    /// Where it goes.
    pub endpoint: EndpointId,
    /// The conversation in which it keeps its order.
    pub conversation: Option<ConversationId>,
    /// Attempts that were begun.
    pub attempts: i64,
    /// When it is next attempted, if it is due.
    pub due_at: DateTime<Utc>,
    /// When it arrived or was given up.
    pub finished_at: Option<DateTime<Utc>>,
    /// When the event happened.
    pub created_at: DateTime<Utc>,
}

/// One request of a delivery.
#[derive(Debug)]
pub struct Attempt {
    /// Which, from 1.
    pub number: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: i64,
    /// The receiver's status, if it gave one.
    pub status: Option<i16>,
    /// What went wrong, in a word.
    pub error_class: Option<String>,
    /// How the answer began.
    pub response_head: String,
}

/// Which deliveries. What is `None` picks nothing out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// As far as this.
    pub state: Option<DeliveryState>,
    /// To this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Of this conversation.
    pub conversation: Option<ConversationId>,
    /// Made at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Made before this moment.
    pub until: Option<DateTime<Utc>>,
}

impl Filter {
    /// Whether it says which deliveries are meant, and not only in what state.
    pub fn is_narrow(&self) -> bool {
        self.endpoint.is_some() || self.conversation.is_some() || self.from.is_some()
    }
}

/// A place in the deliveries' order by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When the delivery there was made.
    pub created_at: DateTime<Utc>,
    /// Which it is.
    pub id: DeliveryId,
}

impl Delivery {
    /// Its place in the order by time.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            created_at: self.created_at,
            id: self.id,
        }
    }
}

macro_rules! deliveries {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Delivery,
            r#"select d.id as "id: DeliveryId", d.uuid, d.state as "state: DeliveryState", d.event_id as "event: EventId",
                      e.kind as "kind: EventKind", d.endpoint_id as "endpoint: EndpointId",
                      d.conversation_id as "conversation: ConversationId", d.attempt as attempts, d.due_at, d.finished_at,
                      d.created_at
               from deliveries d join events e on e.account_id = d.account_id and e.id = d.event_id
               where d.account_id = $1 "# + $tail
            $(, $arg)*
        )
    };
}

/// Deliveries, newest first, from beyond a place on.
pub async fn list(
    store: &Store,
    account: AccountId,
    filter: Filter,
    beyond: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Delivery>> {
    let mut query = QueryBuilder::new("select d.id from deliveries d ");
    narrow(&mut query, account, filter);
    if let Some(cursor) = beyond {
        query.push(" and (d.created_at, d.id) < (");
        push(&mut query, cursor);
    }
    query
        .push(" order by d.created_at desc, d.id desc limit ")
        .push_bind(limit);
    let mut conn = store.read().await?;
    let chosen: Vec<i64> = query
        .build_query_scalar()
        .persistent(false)
        .fetch_all(&mut *conn)
        .await?;
    let found = deliveries!(
        "and d.id = any ($2) order by d.created_at desc, d.id desc",
        account.0,
        &chosen,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(found)
}

/// The account's deliveries that a filter lets through. The query is not kept prepared: which index is right depends on
/// what is asked for.
fn narrow(query: &mut QueryBuilder<Postgres>, account: AccountId, filter: Filter) {
    query.push("where d.account_id = ").push_bind(account.0);
    if let Some(state) = filter.state {
        query.push(" and d.state = ").push_bind(state.as_str());
    }
    if let Some(endpoint) = filter.endpoint {
        query.push(" and d.endpoint_id = ").push_bind(endpoint.0);
    }
    if let Some(conversation) = filter.conversation {
        query
            .push(" and d.event_id = any (array(select c.id from events c where c.account_id = ")
            .push_bind(account.0)
            .push(" and c.conversation_id = ")
            .push_bind(conversation.0)
            .push("))");
    }
    if let Some(from) = filter.from {
        query.push(" and d.created_at >= ").push_bind(from);
    }
    if let Some(until) = filter.until {
        query.push(" and d.created_at < ").push_bind(until);
    }
}

fn push(query: &mut QueryBuilder<Postgres>, cursor: Cursor) {
    query
        .push_bind(cursor.created_at)
        .push(", ")
        .push_bind(cursor.id.0)
        .push(")");
}

/// One delivery.
pub async fn get(store: &Store, account: AccountId, id: DeliveryId) -> Result<Delivery> {
    deliveries!("and d.id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::Delivery))
}

/// The last attempts of a delivery, in order.
pub async fn list_attempts(
    store: &Store,
    account: AccountId,
    id: DeliveryId,
) -> Result<Vec<Attempt>> {
    let mut attempts = sqlx::query_as!(
        Attempt,
        "select number, started_at, duration_ms, status, error_class, response_head
         from attempts where account_id = $1 and delivery_id = $2 order by number desc limit $3",
        account.0,
        id.0,
        ATTEMPTS_SHOWN,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    attempts.reverse();
    Ok(attempts)
}

/// Makes a finished delivery due again, with the same id for its receiver and all its retries. One that is still due
/// stays as it is.
pub async fn replay_one(
    store: &Store,
    account: AccountId,
    id: DeliveryId,
    now: DateTime<Utc>,
) -> Result<Delivery> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "with replayed as (
                         update deliveries
                         set state = 'due', due_at = $3, leased_until = null, parked = false, finished_at = null,
                             attempts_before_replay = attempt
                         where account_id = $1 and id = $2 and state <> 'due' returning id
                     )
                     select pg_notify('quartet_deliveries', '') from replayed",
                    account.0,
                    id.0,
                    now,
                )
                .fetch_optional(conn)
                .await?;
                Ok(())
            })
        })
        .await?;
    get(store, account, id).await
}

/// What a replay of many did.
#[derive(Debug, Clone, Copy)]
pub struct Replayed {
    /// How many deliveries it made due.
    pub count: i64,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

/// Makes finished deliveries due again, oldest first, at most `limit`. Within a conversation they are sent in their old
/// order, before what came after them.
pub async fn replay(
    store: &Store,
    account: AccountId,
    filter: Filter,
    beyond: Option<Cursor>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Replayed> {
    let replayed: Vec<Cursor> = store
        .write(move |conn| {
            Box::pin(async move {
                let chosen = choose(conn, account, filter, beyond, limit).await?;
                Ok(sqlx::query_as!(
                    Cursor,
                    r#"with replayed as (
                           update deliveries
                           set state = 'due', due_at = $3, leased_until = null, parked = false, finished_at = null,
                               attempts_before_replay = attempt
                           where account_id = $1 and id = any ($2) returning id, created_at
                       ), told as (
                           select pg_notify('quartet_deliveries', '') from replayed limit 1
                       )
                       select created_at, id as "id: DeliveryId" from replayed cross join (select count(*) from told) t
                       order by created_at, id"#,
                    account.0,
                    &chosen,
                    now,
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    let count = i64::try_from(replayed.len()).unwrap_or(i64::MAX);
    Ok(Replayed {
        count,
        next: replayed.last().copied().filter(|_| count == limit),
    })
}

/// Locks the next finished deliveries that a filter lets through.
async fn choose(
    conn: &mut PgConnection,
    account: AccountId,
    filter: Filter,
    beyond: Option<Cursor>,
    limit: i64,
) -> Result<Vec<i64>> {
    let mut query = QueryBuilder::new("select d.id from deliveries d ");
    narrow(&mut query, account, filter);
    query.push(" and d.state <> 'due'");
    if let Some(cursor) = beyond {
        query.push(" and (d.created_at, d.id) > (");
        push(&mut query, cursor);
    }
    query
        .push(" order by d.created_at, d.id limit ")
        .push_bind(limit)
        .push(" for update");
    let chosen = query.build_query_scalar().persistent(false);
    Ok(chosen.fetch_all(conn).await?)
}
