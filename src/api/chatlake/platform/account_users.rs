//! Users in the accounts that a platform app made.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::{OwnAccount, own};
use crate::api::chatlake::agents::role;
use crate::api::chatlake::error::{Error, Result};
use crate::api::chatlake::params::Params;
use crate::api::chatlake::route::get;
use crate::api::chatlake::wire::platform::{AccountUserBody, AccountUserIn};
use crate::api::chatlake::{Route, Server};
use crate::model::UserId;
use crate::store::{self, Noun, agents, platform_users, users};

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/platform/api/v1/accounts/{account_id}/account_users",
        get(list, "Users of an account")
            .post(
                create,
                "Gives a user a place in an account, or another role",
            )
            .delete(remove, "Takes a user out of an account"),
    )]
}

pub(super) async fn list(
    State(server): State<Server>,
    OwnAccount { account, .. }: OwnAccount,
) -> Result<Json<Vec<AccountUserBody>>> {
    let memberships = users::list_of_account(&server.store, account).await?;
    Ok(Json(memberships.iter().map(AccountUserBody::new).collect()))
}

/// Gives a user a place, or another role.
pub(super) async fn create(
    State(server): State<Server>,
    OwnAccount { app, account }: OwnAccount,
    Params { value, .. }: Params<AccountUserIn>,
) -> Result<Json<AccountUserBody>> {
    let user = user_of(&value)?;
    own(platform_users::reaches(&server.store, app, user).await?)?;
    let role = value.role.as_deref().map(role).transpose()?;
    platform_users::join(&server.store, app, account, user, role, server.now()).await?;
    let membership = users::get_membership(&server.store, account, user).await?;
    Ok(Json(AccountUserBody::new(&membership)))
}

/// Takes a user out of the account; one who is not in it is as good as out.
pub(super) async fn remove(
    State(server): State<Server>,
    OwnAccount { account, .. }: OwnAccount,
    Params { value, .. }: Params<AccountUserIn>,
) -> Result<StatusCode> {
    let agent = user_of(&value)?.into();
    match agents::remove(&server.store, account, agent, server.now()).await {
        Ok(()) | Err(store::Error::NotFound(Noun::Agent)) => Ok(StatusCode::OK),
        Err(other) => Err(other.into()),
    }
}

fn user_of(body: &AccountUserIn) -> Result<UserId> {
    let missing = || Error::invalid("user", "User must exist");
    body.user_id.map(UserId).ok_or_else(missing)
}
