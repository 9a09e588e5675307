//! What was sent to endpoints and how it went; and sending it once more, with the same `webhook-id`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::auth::Administrator;
use super::error::{Error, Result};
use super::wire::{self, Json, Page, Path, Query, limit};
use crate::api::AppState;
use crate::model::{ConversationId, DeliveryId, DeliveryState, EndpointId};
use crate::store::delivery_log::{self, Attempt, Cursor, Delivery, Filter};

/// How many deliveries one request makes due, at most.
const REPLAYED_AT_ONCE: i64 = 1000;

#[derive(Debug, Serialize)]
pub(super) struct DeliveryOut {
    id: i64,
    webhook_id: Uuid,
    state: &'static str,
    event_id: i64,
    event_kind: &'static str,
    endpoint_id: i64,
    conversation_id: Option<i64>,
    attempts: i64,
    /// When it is next attempted; null once it is finished.
    due_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<Delivery> for DeliveryOut {
    fn from(delivery: Delivery) -> Self {
        let due = delivery.state == DeliveryState::Due;
        Self {
            id: delivery.id.0,
            webhook_id: delivery.uuid,
            state: delivery.state.as_str(),
            event_id: delivery.event.0,
            event_kind: delivery.kind.as_str(),
            endpoint_id: delivery.endpoint.0,
            conversation_id: delivery.conversation.map(|id| id.0),
            attempts: delivery.attempts,
            due_at: due.then_some(delivery.due_at),
            finished_at: delivery.finished_at,
            created_at: delivery.created_at,
        }
    }
}

#[derive(Debug, Serialize)]
struct AttemptOut {
    number: i64,
    started_at: DateTime<Utc>,
    duration_ms: i64,
    status: Option<i16>,
    error: Option<String>,
    response: String,
}

impl From<Attempt> for AttemptOut {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration_ms,
            status: attempt.status,
            error: attempt.error_class,
            response: attempt.response_head,
        }
    }
}

/// A delivery with its last attempts.
#[derive(Debug, Serialize)]
pub(super) struct DeliveryDetails {
    #[serde(flatten)]
    delivery: DeliveryOut,
    log: Vec<AttemptOut>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    #[serde(default, deserialize_with = "wire::optional_delivery_state")]
    state: Option<DeliveryState>,
    endpoint_id: Option<i64>,
    conversation_id: Option<i64>,
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    after: Option<String>,
    limit: Option<i64>,
}

impl Search {
    fn filter(&self) -> Filter {
        Filter {
            state: self.state,
            endpoint: self.endpoint_id.map(EndpointId),
            conversation: self.conversation_id.map(ConversationId),
            from: self.from,
            until: self.until,
        }
    }

    fn cursor(&self) -> Result<Option<Cursor>> {
        self.after.as_deref().map(read_cursor).transpose()
    }
}

/// A place as text: the time to the microsecond, as the database keeps it, and the id.
fn write_cursor(cursor: Cursor) -> String {
    format!("{}.{}", cursor.created_at.timestamp_micros(), cursor.id)
}

fn read_cursor(text: &str) -> Result<Cursor> {
    let parse = || {
        let (micros, id) = text.split_once('.')?;
        Some(Cursor {
            created_at: DateTime::from_timestamp_micros(micros.parse().ok()?)?,
            id: DeliveryId(id.parse().ok()?),
        })
    };
    parse().ok_or_else(|| Error::Invalid("after: no cursor of this list".into()))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Query(search): Query<Search>,
) -> Result<axum::Json<Page<DeliveryOut>>> {
    let (limit, filter, beyond) = (limit(search.limit)?, search.filter(), search.cursor()?);
    let found = delivery_log::list(&app.store, account, filter, beyond, limit).await?;
    let cursor = |delivery: &Delivery| write_cursor(delivery.cursor());
    Ok(axum::Json(Page::new(found, limit, cursor)))
}

pub(super) async fn show(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<DeliveryDetails>> {
    let id = DeliveryId(id);
    let delivery = delivery_log::get(&app.store, account, id).await?;
    let log = delivery_log::list_attempts(&app.store, account, id).await?;
    Ok(axum::Json(DeliveryDetails {
        delivery: delivery.into(),
        log: log.into_iter().map(Into::into).collect(),
    }))
}

pub(super) async fn replay_one(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<DeliveryOut>> {
    let (id, now) = (DeliveryId(id), app.clock.now());
    let delivery = delivery_log::replay_one(&app.store, account, id, now).await?;
    Ok(axum::Json(delivery.into()))
}

/// How a replay went.
#[derive(Debug, Serialize)]
pub(super) struct ReplayOut {
    replayed: i64,
    /// What to send as `after` to go on; null at the end.
    next: Option<String>,
}

/// Replays what is found, oldest first, a part at a time.
pub(super) async fn replay(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(search): Json<Search>,
) -> Result<axum::Json<ReplayOut>> {
    let (filter, beyond) = (search.filter(), search.cursor()?);
    if !filter.is_narrow() {
        return Err(Error::Invalid(
            "say which: conversation_id, endpoint_id or from".into(),
        ));
    }
    let limit = match search.limit {
        None => REPLAYED_AT_ONCE,
        Some(limit) if (1..=REPLAYED_AT_ONCE).contains(&limit) => limit,
        Some(_) => return Err(Error::Invalid("limit: from 1 to 1000".into())),
    };
    let now = app.clock.now();
    let done = delivery_log::replay(&app.store, account, filter, beyond, limit, now).await?;
    Ok(axum::Json(ReplayOut {
        replayed: done.count,
        next: done.next.map(write_cursor),
    }))
}
