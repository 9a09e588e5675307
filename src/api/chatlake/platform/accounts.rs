//! Accounts that a platform app makes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::{App, OwnAccount};
use crate::api::chatlake::account::names;
use crate::api::chatlake::error::{Error, Result};
use crate::api::chatlake::params::Params;
use crate::api::chatlake::parse::{self, Faults};
use crate::api::chatlake::route::get;
use crate::api::chatlake::wire::platform::{PlatformAccountBody, PlatformAccountIn};
use crate::api::chatlake::{Route, Server};
use crate::model::{AccountId, AccountStatus};
use crate::store::accounts::{self, AccountPatch};
use crate::store::platform_apps;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/platform/api/v1/accounts",
            get(list, "Accounts that the app made").post(create, "Makes an account"),
        ),
        (
            "/platform/api/v1/accounts/{account_id}",
            get(show, "An account")
                .edit(update, "Changes an account")
                .delete(remove, "Removes an account"),
        ),
    ]
}

pub(super) async fn list(
    State(server): State<Server>,
    App(app): App,
) -> Result<Json<Vec<PlatformAccountBody>>> {
    let accounts = platform_apps::list_accounts(&server.store, app).await?;
    let bodies = accounts.into_iter().map(PlatformAccountBody::new);
    Ok(Json(bodies.collect()))
}

pub(super) async fn create(
    State(server): State<Server>,
    App(app): App,
    Params { value, .. }: Params<PlatformAccountIn>,
) -> Result<Json<PlatformAccountBody>> {
    let patch = read(value)?;
    let name = patch
        .name
        .clone()
        .ok_or_else(|| Error::invalid("name", "Name can't be blank"))?;
    let id = platform_apps::create_account(&server.store, app, name, patch, server.now()).await?;
    answer(&server, id).await
}

pub(super) async fn show(
    State(server): State<Server>,
    own: OwnAccount,
) -> Result<Json<PlatformAccountBody>> {
    answer(&server, own.account).await
}

pub(super) async fn update(
    State(server): State<Server>,
    own: OwnAccount,
    Params { value, .. }: Params<PlatformAccountIn>,
) -> Result<Json<PlatformAccountBody>> {
    accounts::update(&server.store, own.account, read(value)?, server.now()).await?;
    answer(&server, own.account).await
}

pub(super) async fn remove(State(server): State<Server>, own: OwnAccount) -> Result<StatusCode> {
    accounts::remove(&server.store, own.account, server.now()).await?;
    Ok(StatusCode::OK)
}

async fn answer(server: &Server, id: AccountId) -> Result<Json<PlatformAccountBody>> {
    let account = accounts::get(&server.store, id).await?;
    Ok(Json(PlatformAccountBody::new(account)))
}

fn read(body: PlatformAccountIn) -> Result<AccountPatch> {
    let faults = Faults::default();
    let mut patch = names(
        body.name,
        body.locale,
        body.domain,
        body.support_email,
        faults,
    )?;
    let status =
        |text: &str| parse::one_of(AccountStatus::ALL, AccountStatus::parse, text, "status");
    patch.status = body.status.as_deref().map(status).transpose()?;
    patch.custom_attributes = body.custom_attributes.unwrap_or_default();
    patch.features = body.features.unwrap_or_default();
    Ok(patch)
}
