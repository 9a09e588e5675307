//! Bots that a platform app makes: in the accounts that it made, or for all accounts there are.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::{App, OwnBot, own};
use crate::api::chatlake::agent_bots::{read, read_new};
use crate::api::chatlake::error::{Error, Result};
use crate::api::chatlake::params::Params;
use crate::api::chatlake::route::get;
use crate::api::chatlake::wire::bot::{AgentBotIn, AgentBotOut};
use crate::api::chatlake::wire::platform::PlatformBotIn;
use crate::api::chatlake::{Route, Server};
use crate::model::AccountId;
use crate::store::{agent_bots, platform_apps, platform_bots, shared_bots};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/platform/api/v1/agent_bots",
            get(list, "Bots that the app made")
                .post(create, "Makes a bot of an account, or of all"),
        ),
        (
            "/platform/api/v1/agent_bots/{bot_id}",
            get(show, "A bot")
                .edit(update, "Changes a bot")
                .delete(remove, "Removes a bot"),
        ),
    ]
}

pub(super) async fn list(
    State(server): State<Server>,
    App(app): App,
) -> Result<Json<Vec<AgentBotOut>>> {
    let mut bots = Vec::new();
    for (account, bot) in platform_bots::list(&server.store, app).await? {
        let bot = agent_bots::get(&server.store, account, bot).await?;
        bots.push((Some(account), bot));
    }
    let shared = shared_bots::list(&server.store, app).await?;
    bots.extend(shared.into_iter().map(|bot| (None, bot)));
    bots.sort_by_key(|(_, bot)| bot.id);
    let bodies = bots
        .into_iter()
        .map(|(account, bot)| AgentBotOut::new(account, bot, true));
    Ok(Json(bodies.collect()))
}

/// Makes a bot of one account or, if none is named, of all.
pub(super) async fn create(
    State(server): State<Server>,
    App(app): App,
    Params { value, .. }: Params<PlatformBotIn>,
) -> Result<Json<AgentBotOut>> {
    let (store, now) = (&server.store, server.now());
    let account = value.account_id.map(AccountId);
    if let Some(account) = account {
        own(platform_apps::reaches_account(store, app, account).await?)?;
    }
    let new = read_new(value.bot)?;
    let bot = match account {
        Some(account) => platform_bots::create(store, app, account, new, now).await?,
        None => shared_bots::create(store, app, new, now).await?,
    };
    Ok(Json(body(&server, OwnBot { app, account, bot }).await?))
}

pub(super) async fn show(State(server): State<Server>, own: OwnBot) -> Result<Json<AgentBotOut>> {
    Ok(Json(body(&server, own).await?))
}

pub(super) async fn update(
    State(server): State<Server>,
    own: OwnBot,
    Params { value, .. }: Params<AgentBotIn>,
) -> Result<Json<AgentBotOut>> {
    let (store, patch, now) = (&server.store, read(value)?, server.now());
    match own.account {
        Some(account) => {
            agent_bots::update(store, account, own.bot, patch, now).await?;
        }
        None => shared_bots::update(store, own.app, own.bot, patch, now).await?,
    }
    Ok(Json(body(&server, own).await?))
}

pub(super) async fn remove(State(server): State<Server>, own: OwnBot) -> Result<StatusCode> {
    let (store, now) = (&server.store, server.now());
    match own.account {
        Some(account) => agent_bots::remove(store, account, own.bot, now).await?,
        None => shared_bots::remove(store, own.app, own.bot, now).await?,
    }
    Ok(StatusCode::OK)
}

async fn body(server: &Server, OwnBot { app, account, bot }: OwnBot) -> Result<AgentBotOut> {
    let store = &server.store;
    let bot = match account {
        Some(account) => agent_bots::get(store, account, bot).await?,
        None => {
            let shared = shared_bots::find(store, app, bot).await?;
            shared.ok_or(Error::NotPermissible)?
        }
    };
    Ok(AgentBotOut::new(account, bot, true))
}
