//! Bots that a platform app makes, in the accounts that it made.

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
use crate::model::{AccountId, BotId};
use crate::store::{agent_bots, platform_apps, platform_bots};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/platform/api/v1/agent_bots",
            get(list, "Bots that the app made").post(create, "Makes a bot"),
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
    let mut bodies = Vec::new();
    for (account, bot) in platform_bots::list(&server.store, app).await? {
        bodies.push(body(&server, account, bot).await?);
    }
    Ok(Json(bodies))
}

pub(super) async fn create(
    State(server): State<Server>,
    App(app): App,
    Params { value, .. }: Params<PlatformBotIn>,
) -> Result<Json<AgentBotOut>> {
    let missing = || Error::invalid("account", "Account must exist");
    let account = AccountId(value.account_id.ok_or_else(missing)?);
    own(platform_apps::reaches_account(&server.store, app, account).await?)?;
    let new = read_new(value.bot)?;
    let bot = platform_bots::create(&server.store, app, account, new, server.now()).await?;
    Ok(Json(body(&server, account, bot).await?))
}

pub(super) async fn show(
    State(server): State<Server>,
    OwnBot { account, bot }: OwnBot,
) -> Result<Json<AgentBotOut>> {
    Ok(Json(body(&server, account, bot).await?))
}

pub(super) async fn update(
    State(server): State<Server>,
    OwnBot { account, bot }: OwnBot,
    Params { value, .. }: Params<AgentBotIn>,
) -> Result<Json<AgentBotOut>> {
    let (patch, now) = (read(value)?, server.now());
    agent_bots::update(&server.store, account, bot, patch, now).await?;
    Ok(Json(body(&server, account, bot).await?))
}

pub(super) async fn remove(
    State(server): State<Server>,
    OwnBot { account, bot }: OwnBot,
) -> Result<StatusCode> {
    agent_bots::remove(&server.store, account, bot, server.now()).await?;
    Ok(StatusCode::OK)
}

async fn body(server: &Server, account: AccountId, bot: BotId) -> Result<AgentBotOut> {
    let bot = agent_bots::get(&server.store, account, bot).await?;
    Ok(AgentBotOut::new(account, bot, true))
}
