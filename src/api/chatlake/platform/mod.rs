//! The platform API: programs of the operator make accounts, users and bots for others.
//!
//! A platform app reaches what it made, and nothing else: the extractors here load what they authorise, as those of
//! [`auth`](super::auth) do.

mod account_users;
mod accounts;
mod agent_bots;
mod users;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::auth::path_id;
use super::error::{Error, Result};
use super::identity::{Identity, identify};
use super::{Route, Server};
use crate::model::{AccountId, BotId, PlatformAppId, UserId};
use crate::store::{self, platform_apps, platform_bots, platform_users, shared_bots};

/// A platform app.
#[derive(Debug, Clone, Copy)]
pub(super) struct App(PlatformAppId);

/// An account that the app which asks has made.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnAccount {
    app: PlatformAppId,
    account: AccountId,
}

/// A user whom the app that asks has made.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnUser {
    app: PlatformAppId,
    user: UserId,
}

/// A bot that the app which asks has made.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnBot {
    app: PlatformAppId,
    /// Whose it is; nobody's, if all accounts share it.
    account: Option<AccountId>,
    bot: BotId,
}

pub(super) fn all() -> Vec<Route> {
    [
        accounts::routes(),
        account_users::routes(),
        users::routes(),
        agent_bots::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl FromRequestParts<Server> for App {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        match identify(parts, server).await {
            Ok(Identity::Platform(app)) => Ok(Self(app)),
            Ok(Identity::Key(_) | Identity::User(_) | Identity::SharedBot(_))
            | Err(Error::NoCredentials | Error::UnknownToken) => Err(Error::UnknownPlatformToken),
            Err(other) => Err(other),
        }
    }
}

impl FromRequestParts<Server> for OwnAccount {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let App(app) = App::from_request_parts(parts, server).await?;
        let account = AccountId(path_id(parts, server, "account_id").await?);
        own(platform_apps::reaches_account(&server.store, app, account).await?)?;
        Ok(Self { app, account })
    }
}

impl FromRequestParts<Server> for OwnUser {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let App(app) = App::from_request_parts(parts, server).await?;
        let user = UserId(path_id(parts, server, "user_id").await?);
        own(platform_users::reaches(&server.store, app, user).await?)?;
        Ok(Self { app, user })
    }
}

impl FromRequestParts<Server> for OwnBot {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let App(app) = App::from_request_parts(parts, server).await?;
        let bot = BotId(path_id(parts, server, "bot_id").await?);
        let account = match shared_bots::find(&server.store, app, bot).await {
            Ok(shared) => shared.map(|_| None),
            Err(store::Error::NotFound(_)) => {
                let account = platform_bots::find_account(&server.store, app, bot).await?;
                account.map(Some)
            }
            Err(error) => return Err(error.into()),
        };
        let account = account.ok_or(Error::NotPermissible)?;
        Ok(Self { app, account, bot })
    }
}

/// Refuses what the app has not made.
fn own(is_own: bool) -> Result<()> {
    if is_own {
        Ok(())
    } else {
        Err(Error::NotPermissible)
    }
}
