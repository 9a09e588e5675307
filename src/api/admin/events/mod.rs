//! The change feed: what happened in the account, once and in order, as pages or as a stream.
//!
//! `cursor` counts up by one within an account. A gap means that events were removed for their age before they were
//! read. A page is asked for with `after`, the cursor that the reader had last, and is empty when nothing is new. A
//! stream (`Accept: text/event-stream`) goes on from `Last-Event-ID`, else from `after`, and tells what happens as it
//! happens. It ends after a quarter of an hour, when its reader does not keep up, and with the server: readers come back
//! with the last id they saw, as every client of server-sent events does by itself.
//!
//! An event holds the rows it was about as they were then: `message.*` a message, its attachments and its sender,
//! `conversation.*` and `live.ended` a conversation, `contact.*` a contact, `endpoint.disabled` an endpoint; whatever
//! else is known is there, too, and what is not is null. No secret is in any.

mod stream;
mod wire;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::error::{Error, Result};
use super::wire::{Query, limit};
use crate::api::AppState;
use crate::api::edge::RetryAfter;
use crate::model::AccountId;
use crate::store::event_feed::{self, FeedEvent};
use wire::EventOut;

/// Seconds after which a stream may have ended and left its place.
const STREAM_PAUSE_SECS: u64 = 5;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    after: Option<i64>,
    limit: Option<i64>,
}

/// Events after a place.
#[derive(Debug, Serialize)]
struct Page {
    data: Vec<EventOut>,
    /// Where to go on.
    next: String,
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    headers: HeaderMap,
    Query(place): Query<Place>,
) -> Result<Response> {
    let limit = limit(place.limit)?;
    let after = place.after.unwrap_or_default();
    if !wants_stream(&headers) {
        let events = read(&app, account, after, limit).await?;
        let next = events.last().map_or(after, |event| event.position);
        let data = events
            .into_iter()
            .map(EventOut::read)
            .collect::<Result<_>>()?;
        let next = next.to_string();
        return Ok(axum::Json(Page { data, next }).into_response());
    }
    let after = last_seen(&headers)?.unwrap_or(after);
    let Some(subscription) = app.feed.subscribe(account) else {
        return Err(RetryAfter(STREAM_PAUSE_SECS).into());
    };
    stream::start(app, account, after, subscription).await
}

async fn read(
    app: &AppState,
    account: AccountId,
    after: i64,
    limit: i64,
) -> Result<Vec<FeedEvent>> {
    let events = event_feed::read(&app.store, account, after, limit).await?;
    events.ok_or_else(|| {
        Error::Invalid(
            "this feed does not go as far as that cursor; begin again without one".into(),
        )
    })
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(ACCEPT).iter();
    kinds
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|kind| kind.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

fn last_seen(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(id) = headers.get("last-event-id") else {
        return Ok(None);
    };
    id.to_str()
        .ok()
        .and_then(|id| id.parse().ok())
        .map(Some)
        .ok_or_else(|| Error::Invalid("Last-Event-ID is not a cursor of this feed".into()))
}
