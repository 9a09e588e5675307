//! What a bot shows to the servers that its flow asks: keys for Dialogflow, and the secret that signs calls of plugins.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use super::auth::Administrator;
use super::error::{Error, Result};
use super::wire::{Json, List, Path};
use crate::api::AppState;
use crate::flow::dialogflow::ServiceAccountKey;
use crate::model::{BotId, Name};
use crate::store::bot_secrets::{self, DialogflowKey, NewDialogflowKey};

/// A key, without what is secret of it.
#[derive(Debug, Serialize)]
pub(super) struct DialogflowKeyOut {
    name: String,
    client_email: String,
    project_id: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<DialogflowKey> for DialogflowKeyOut {
    fn from(key: DialogflowKey) -> Self {
        Self {
            name: key.name,
            client_email: key.client_email,
            project_id: key.project,
            created_at: key.created_at,
            updated_at: key.updated_at,
        }
    }
}

/// What verifies that a call of a plugin is the bot's.
#[derive(Debug, Serialize)]
pub(super) struct PluginSecret {
    bot_id: i64,
    plugin_secret: String,
}

impl PluginSecret {
    fn new(bot: BotId, secret: &SecretString) -> axum::Json<Self> {
        axum::Json(Self {
            bot_id: bot.0,
            plugin_secret: secret.expose_secret().to_owned(),
        })
    }
}

pub(super) async fn list_dialogflow_keys(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(bot): Path<i64>,
) -> Result<axum::Json<List<DialogflowKeyOut>>> {
    let keys = bot_secrets::list_dialogflow_keys(&app.store, account, BotId(bot)).await?;
    Ok(axum::Json(keys.into()))
}

/// The body is the key file of a service account, as it was downloaded.
pub(super) async fn set_dialogflow_key(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path((bot, name)): Path<(i64, String)>,
    Json(file): Json<Map<String, Value>>,
) -> Result<axum::Json<DialogflowKeyOut>> {
    let name = Name::parse(&name)
        .map_err(|error| Error::Invalid(format!("the key's name {error}").into()))?;
    let json = Value::Object(file).to_string();
    let key = ServiceAccountKey::parse_usable(&json)
        .map_err(|error| Error::Invalid(format!("the body {error}").into()))?;
    let new = NewDialogflowKey {
        name: name.into_string(),
        json: json.into(),
        client_email: key.client_email,
        project: key.project_id,
    };
    let now = app.clock.now();
    let key = bot_secrets::set_dialogflow_key(&app.store, account, BotId(bot), new, now).await?;
    Ok(axum::Json(key.into()))
}

pub(super) async fn remove_dialogflow_key(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path((bot, name)): Path<(i64, String)>,
) -> Result<StatusCode> {
    bot_secrets::remove_dialogflow_key(&app.store, account, BotId(bot), name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn plugin_secret(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(bot): Path<i64>,
) -> Result<axum::Json<PluginSecret>> {
    let (bot, now) = (BotId(bot), app.clock.now());
    let secret = bot_secrets::plugin_secret(&app.store, account, bot, now).await?;
    Ok(PluginSecret::new(bot, &secret))
}

/// The old secret signs nothing from now on.
pub(super) async fn change_plugin_secret(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(bot): Path<i64>,
) -> Result<axum::Json<PluginSecret>> {
    let (bot, now) = (BotId(bot), app.clock.now());
    let secret = bot_secrets::change_plugin_secret(&app.store, account, bot, now).await?;
    Ok(PluginSecret::new(bot, &secret))
}
