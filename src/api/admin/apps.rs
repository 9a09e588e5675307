//! Integrations that log in to a bot's reports. An app's secret is in the answer that makes it, and nowhere else.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::error::Result;
use super::wire::{Json, List, Path};
use crate::api::AppState;
use crate::model::{AppId, BotApp, BotId};
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewApp {
    bot_id: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct AppOut {
    id: i64,
    bot_id: i64,
    app_id: String,
    disabled_at: Option<DateTime<Utc>>,
}

/// An app with its secret: a new one.
#[derive(Debug, Serialize)]
pub(super) struct AppWithSecret {
    #[serde(flatten)]
    app: AppOut,
    app_secret: String,
}

impl From<BotApp> for AppOut {
    fn from(app: BotApp) -> Self {
        Self {
            id: app.id.0,
            bot_id: app.bot.0,
            app_id: app.app_id,
            disabled_at: app.disabled_at,
        }
    }
}

impl AppWithSecret {
    fn new(app: BotApp, secret: &SecretString) -> axum::Json<Self> {
        axum::Json(Self {
            app: app.into(),
            app_secret: secret.expose_secret().to_owned(),
        })
    }
}

pub(super) async fn create(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(new): Json<NewApp>,
) -> Result<(StatusCode, axum::Json<AppWithSecret>)> {
    let new = store::apps::NewApp {
        bot: BotId(new.bot_id),
        app_id: None,
        secret: None,
    };
    let (made, secret) = store::apps::create(&app.store, account, new, app.clock.now()).await?;
    Ok((StatusCode::CREATED, AppWithSecret::new(made, &secret)))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<List<AppOut>>> {
    let apps = store::apps::list(&app.store, account).await?;
    Ok(axum::Json(apps.into()))
}

pub(super) async fn show(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AppOut>> {
    let found = store::apps::get(&app.store, account, AppId(id)).await?;
    Ok(axum::Json(found.into()))
}

pub(super) async fn disable(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AppOut>> {
    store::apps::disable(&app.store, account, AppId(id), app.clock.now()).await?;
    let found = store::apps::get(&app.store, account, AppId(id)).await?;
    Ok(axum::Json(found.into()))
}

pub(super) async fn enable(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AppOut>> {
    store::apps::enable(&app.store, account, AppId(id), app.clock.now()).await?;
    let found = store::apps::get(&app.store, account, AppId(id)).await?;
    Ok(axum::Json(found.into()))
}

/// Ends the old secret and every token that was given for it.
pub(super) async fn change_secret(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AppWithSecret>> {
    let (id, now) = (AppId(id), app.clock.now());
    let secret = store::apps::change_secret(&app.store, account, id, None, now).await?;
    let found = store::apps::get(&app.store, account, id).await?;
    Ok(AppWithSecret::new(found, &secret))
}
