//! Accounts: the operator makes them, an administrator sees the one that is theirs.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::auth::{Administrator, Operator};
use super::error::Result;
use super::keys::{NewKey, NewKeyOut};
use super::wire::{self, Json, List, Path};
use crate::api::AppState;
use crate::model::{Account, AccountId, AccountStatus};
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    #[serde(deserialize_with = "wire::name")]
    name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AccountOut {
    id: i64,
    name: String,
    status: &'static str,
    locale: String,
    created_at: DateTime<Utc>,
}

impl From<Account> for AccountOut {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.0,
            name: account.name,
            status: account.status.as_str(),
            locale: account.locale,
            created_at: account.created_at,
        }
    }
}

pub(super) async fn own(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<AccountOut>> {
    let account = store::accounts::get(&app.store, account).await?;
    Ok(axum::Json(account.into()))
}

pub(super) async fn create(
    State(app): State<AppState>,
    _: Operator,
    Json(new): Json<NewAccount>,
) -> Result<(StatusCode, axum::Json<AccountOut>)> {
    let account = store::accounts::create(&app.store, new.name, app.clock.now()).await?;
    Ok((StatusCode::CREATED, axum::Json(account.into())))
}

pub(super) async fn list(
    State(app): State<AppState>,
    _: Operator,
) -> Result<axum::Json<List<AccountOut>>> {
    let accounts = store::accounts::list(&app.store).await?;
    Ok(axum::Json(accounts.into()))
}

pub(super) async fn show(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AccountOut>> {
    let account = store::accounts::get(&app.store, AccountId(id)).await?;
    Ok(axum::Json(account.into()))
}

pub(super) async fn suspend(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AccountOut>> {
    set_status(&app, AccountId(id), AccountStatus::Suspended).await
}

pub(super) async fn activate(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AccountOut>> {
    set_status(&app, AccountId(id), AccountStatus::Active).await
}

/// An account's first key, with which it goes on by itself.
pub(super) async fn create_key(
    State(app): State<AppState>,
    _: Operator,
    Path(id): Path<i64>,
    Json(new): Json<NewKey>,
) -> Result<(StatusCode, axum::Json<NewKeyOut>)> {
    let account = store::accounts::get(&app.store, AccountId(id)).await?;
    let key = new.create(&app, account.id).await?;
    Ok((StatusCode::CREATED, axum::Json(key)))
}

async fn set_status(
    app: &AppState,
    id: AccountId,
    status: AccountStatus,
) -> Result<axum::Json<AccountOut>> {
    store::accounts::set_status(&app.store, id, status, app.clock.now()).await?;
    let account = store::accounts::get(&app.store, id).await?;
    Ok(axum::Json(account.into()))
}
