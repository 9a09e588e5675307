//! `POST /login`: id and secret for a token.

use axum::extract::State;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::BotOpen;
use super::auth::Attempt;
use super::error::{Error, Json, Result};
use super::wire;
use crate::store;
use crate::store::apps::Login;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credentials {
    app_id: String,
    app_secret: SecretString,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token {
    auth_token: String,
    expire_at: String,
    expires_at: String,
}

pub(super) async fn create(
    State(api): State<BotOpen>,
    _: Attempt,
    Json(credentials): Json<Credentials>,
) -> Result<Json<Token>> {
    let Credentials { app_id, app_secret } = credentials;
    let app = match store::apps::log_in(&api.app.store, &app_id, app_secret).await? {
        Login::Open(app) => app,
        Login::Refused => return Err(Error::LoginRefused),
        Login::Disabled => return Err(Error::AppDisabled),
    };
    let (auth_token, ends_at) = api.tokens.issue(&app, api.app.clock.now())?;
    let expires_at = wire::moment(ends_at);
    Ok(Json(Token {
        auth_token,
        expire_at: expires_at.clone(),
        expires_at,
    }))
}
