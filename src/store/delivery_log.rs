//! Deliveries as their account sees them: what was sent, how it went, and sending it once more.

use chrono::{DateTime, Utc};
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
    let found = deliveries!(
        "and ($2::text is null or d.state = $2) and ($3::bigint is null or d.endpoint_id = $3)
         and d.created_at >= coalesce($4, '-infinity'::timestamptz)
         and d.created_at < coalesce($5, 'infinity'::timestamptz)
         and (d.created_at, d.id) < (coalesce($6, 'infinity'::timestamptz), coalesce($7::bigint, 0))
         and ($8::bigint is null
              or d.event_id = any (array(select c.id from events c where c.account_id = $1 and c.conversation_id = $8)))
         order by d.created_at desc, d.id desc limit $9",
        account.0,
        filter.state.map(DeliveryState::as_str),
        filter.endpoint.map(|id| id.0),
        filter.from,
        filter.until,
        beyond.map(|cursor| cursor.created_at),
        beyond.map(|cursor| cursor.id.0),
        filter.conversation.map(|id| id.0),
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(found)
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
                         set state = 'due', due_at = $3, parked = false, finished_at = null, attempts_before_replay = attempt
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
    let row = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    r#"with chosen as (
                           select d.id from deliveries d
                           where d.account_id = $1 and d.state <> 'due' and ($2::text is null or d.state = $2)
                             and ($3::bigint is null or d.endpoint_id = $3)
                             and d.created_at >= coalesce($4, '-infinity'::timestamptz)
                             and d.created_at < coalesce($5, 'infinity'::timestamptz)
                             and (d.created_at, d.id) > (coalesce($6, '-infinity'::timestamptz), coalesce($7::bigint, 0))
                             and ($8::bigint is null
                                  or d.event_id = any (array(select c.id from events c
                                                             where c.account_id = $1 and c.conversation_id = $8)))
                           order by d.created_at, d.id limit $9
                           for update
                       ), replayed as (
                           update deliveries d
                           set state = 'due', due_at = $10, parked = false, finished_at = null, attempts_before_replay = d.attempt
                           from chosen where d.account_id = $1 and d.id = chosen.id
                           returning d.id, d.created_at
                       ), told as (
                           select pg_notify('quartet_deliveries', '') from replayed limit 1
                       )
                       select count(*) as "count!", max(r.created_at) as last_created_at,
                              (select l.id from replayed l order by l.created_at desc, l.id desc limit 1) as last_id,
                              (select count(*) from told) as told
                       from replayed r"#,
                    account.0,
                    filter.state.map(DeliveryState::as_str),
                    filter.endpoint.map(|id| id.0),
                    filter.from,
                    filter.until,
                    beyond.map(|cursor| cursor.created_at),
                    beyond.map(|cursor| cursor.id.0),
                    filter.conversation.map(|id| id.0),
                    limit,
                    now,
                )
                .fetch_one(conn)
                .await?)
            })
        })
        .await?;
    let last = row.last_created_at.zip(row.last_id);
    Ok(Replayed {
        count: row.count,
        next: last
            .filter(|_| row.count == limit)
            .map(|(created_at, id)| Cursor {
                created_at,
                id: DeliveryId(id),
            }),
    })
}
