//! Who hears of what happens. No list shows a secret; the request for one endpoint's secret does.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use url::Url;

use super::auth::Administrator;
use super::error::{Error, Result};
use super::wire::{self, Json, Page, Path, Query, limit};
use crate::api::AppState;
use crate::model::{BotId, DisabledReason, EndpointId, EventKind};
use crate::store;
use crate::store::endpoint_secrets::Secrets;
use crate::store::endpoint_views::Endpoint;
use crate::store::endpoints::USUAL_ACCOUNT_EVENTS;

/// How long the secret before goes on signing, where nobody says otherwise.
const OVERLAP_SECS: i64 = 24 * 60 * 60;

/// The longest time it may.
const LONGEST_OVERLAP_SECS: i64 = 30 * 24 * 60 * 60;

#[derive(Debug, Serialize)]
pub(super) struct EndpointOut {
    id: i64,
    kind: &'static str,
    inbox_id: Option<i64>,
    bot_id: Option<i64>,
    url: String,
    subscriptions: Vec<String>,
    enabled: bool,
    disabled_at: Option<DateTime<Utc>>,
    disabled_reason: Option<&'static str>,
    failing_since: Option<DateTime<Utc>>,
    previous_secret_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Endpoint> for EndpointOut {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            id: endpoint.id.0,
            kind: endpoint.kind.as_str(),
            inbox_id: endpoint.inbox.map(|id| id.0),
            bot_id: endpoint.bot.map(|id| id.0),
            url: without_userinfo(&endpoint.url),
            subscriptions: endpoint.subscriptions,
            enabled: endpoint.disabled_at.is_none(),
            disabled_at: endpoint.disabled_at,
            disabled_reason: endpoint.disabled_reason.map(DisabledReason::as_str),
            failing_since: endpoint.failing_since,
            previous_secret_until: endpoint.previous_secret_until,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

/// A URL without the name and the password in it. What cannot be read is not shown.
fn without_userinfo(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return String::new();
    };
    // Refused only by URLs that can hold neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    after: Option<i64>,
    limit: Option<i64>,
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Query(place): Query<Place>,
) -> Result<axum::Json<Page<EndpointOut>>> {
    let limit = limit(place.limit)?;
    let after = EndpointId(place.after.unwrap_or_default());
    let found = store::endpoint_views::list(&app.store, account, after, limit).await?;
    let cursor = |endpoint: &Endpoint| endpoint.id.to_string();
    Ok(axum::Json(Page::new(found, limit, cursor)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEndpoint {
    #[serde(deserialize_with = "wire::url")]
    url: String,
    #[serde(default, deserialize_with = "wire::events")]
    subscriptions: Option<Vec<EventKind>>,
}

/// Makes an endpoint that hears of what happens anywhere in the account.
pub(super) async fn create(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(new): Json<NewEndpoint>,
) -> Result<(StatusCode, axum::Json<EndpointOut>)> {
    let (url, now) = (new.url, app.clock.now());
    let events = new.subscriptions;
    let events = events.unwrap_or_else(|| USUAL_ACCOUNT_EVENTS.to_vec());
    let id = store::endpoints::subscribe(&app.store, account, url, &events, now).await?;
    let made = store::endpoint_views::get(&app.store, account, id).await?;
    Ok((StatusCode::CREATED, axum::Json(made.into())))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BotEndpoint {
    #[serde(deserialize_with = "wire::url")]
    url: String,
}

/// Sets where the system behind a bot hears of what happens in the bot's inboxes.
pub(super) async fn set_of_bot(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(bot): Path<i64>,
    Json(new): Json<BotEndpoint>,
) -> Result<axum::Json<EndpointOut>> {
    let (url, now) = (new.url, app.clock.now());
    let id = store::endpoints::set_bot_url(&app.store, account, BotId(bot), url, now).await?;
    let made = store::endpoint_views::get(&app.store, account, id).await?;
    Ok(axum::Json(made.into()))
}

pub(super) async fn show(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<EndpointOut>> {
    let found = store::endpoint_views::get(&app.store, account, EndpointId(id)).await?;
    Ok(axum::Json(found.into()))
}

pub(super) async fn enable(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<EndpointOut>> {
    let (id, now) = (EndpointId(id), app.clock.now());
    let changed = store::endpoint_views::set_enabled(&app.store, account, id, true, now).await?;
    Ok(axum::Json(changed.into()))
}

pub(super) async fn disable(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<EndpointOut>> {
    let (id, now) = (EndpointId(id), app.clock.now());
    let changed = store::endpoint_views::set_enabled(&app.store, account, id, false, now).await?;
    Ok(axum::Json(changed.into()))
}

/// What signs deliveries to an endpoint.
#[derive(Debug, Serialize)]
pub(super) struct SecretsOut {
    secret: String,
    previous_secret: Option<String>,
    previous_secret_until: Option<DateTime<Utc>>,
}

impl From<Secrets> for SecretsOut {
    fn from(secrets: Secrets) -> Self {
        let previous = secrets.previous.as_ref();
        Self {
            secret: secrets.current.expose_secret().to_owned(),
            previous_secret: previous.map(|previous| previous.secret.expose_secret().to_owned()),
            previous_secret_until: previous.map(|previous| previous.until),
        }
    }
}

pub(super) async fn show_secret(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<SecretsOut>> {
    let (id, now) = (EndpointId(id), app.clock.now());
    let secrets = store::endpoint_secrets::get(&app.store, account, id, now).await?;
    Ok(axum::Json(secrets.into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    /// How long the secret before goes on signing beside the new one; 0 ends it at once.
    overlap_secs: Option<i64>,
}

pub(super) async fn rotate_secret(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
    Json(rotation): Json<Rotation>,
) -> Result<axum::Json<SecretsOut>> {
    let overlap = rotation.overlap_secs.unwrap_or(OVERLAP_SECS);
    if !(0..=LONGEST_OVERLAP_SECS).contains(&overlap) {
        return Err(Error::Invalid(
            "overlap_secs: from 0 to 2592000, which is 30 days".into(),
        ));
    }
    let (id, now) = (EndpointId(id), app.clock.now());
    let until = now + TimeDelta::seconds(overlap);
    let secrets = store::endpoint_secrets::rotate(&app.store, account, id, until, now).await?;
    Ok(axum::Json(secrets.into()))
}
