//! API keys and access tokens. A key's text is in the answer that makes it, and nowhere else.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::error::{Error, Result};
use super::wire::{self, Json, List, Path};
use crate::api::AppState;
use crate::model::{AccountId, AgentId, BotId, KeyId, Scope};
use crate::store::{self, keys::KeyInfo};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    #[serde(deserialize_with = "wire::name")]
    name: String,
    #[serde(deserialize_with = "wire::scopes")]
    scopes: Vec<Scope>,
    agent_id: Option<i64>,
    bot_id: Option<i64>,
}

/// A key that was just made.
#[derive(Debug, Serialize)]
pub(super) struct NewKeyOut {
    id: i64,
    name: String,
    scopes: Vec<&'static str>,
    agent_id: Option<i64>,
    bot_id: Option<i64>,
    key: String,
}

#[derive(Debug, Serialize)]
pub(super) struct KeyOut {
    id: i64,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    agent_id: Option<i64>,
    bot_id: Option<i64>,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<KeyInfo> for KeyOut {
    fn from(key: KeyInfo) -> Self {
        Self {
            id: key.id.0,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes,
            agent_id: key.agent.map(|id| id.0),
            bot_id: key.bot.map(|id| id.0),
            revoked_at: key.revoked_at,
            created_at: key.created_at,
        }
    }
}

impl NewKey {
    pub(super) async fn create(self, app: &AppState, account: AccountId) -> Result<NewKeyOut> {
        let new = store::keys::NewKey {
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            agent: self.agent_id.map(AgentId),
            bot: self.bot_id.map(BotId),
            text: None,
        };
        new.check().map_err(|cause| Error::Invalid(cause.into()))?;
        let (id, text) = store::keys::create(&app.store, account, new, app.clock.now()).await?;
        Ok(NewKeyOut {
            id: id.0,
            name: self.name,
            scopes: self.scopes.iter().map(|scope| scope.as_str()).collect(),
            agent_id: self.agent_id,
            bot_id: self.bot_id,
            key: text.expose_secret().to_owned(),
        })
    }
}

pub(super) async fn create(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(new): Json<NewKey>,
) -> Result<(StatusCode, axum::Json<NewKeyOut>)> {
    let key = new.create(&app, account).await?;
    Ok((StatusCode::CREATED, axum::Json(key)))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<List<KeyOut>>> {
    let keys = store::keys::list(&app.store, account).await?;
    Ok(axum::Json(keys.into()))
}

pub(super) async fn revoke(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<StatusCode> {
    store::keys::revoke(&app.store, account, KeyId(id), app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
