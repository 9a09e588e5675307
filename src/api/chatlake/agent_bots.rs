//! Bots and the systems behind them.

use axum::Json;
use axum::extract::State;

use super::auth::{Administrator, InInbox, Member, Of, Row, Who};
use super::body::Body;
use super::error::Result;
use super::parse::{Faults, MAX_STRING, MAX_TEXT, one_of};
use super::route::{get, post};
use super::wire::bot::{AgentBotIn, AgentBotOut, InboxBot, MaybeBot};
use super::{Route, Server, uploads};
use crate::model::{BotId, WebUrl};
use crate::store::agent_bots::{self, AgentBot, AgentBotPatch, NewAgentBot};
use crate::store::avatars::Whose;
use crate::store::{self, Store};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/agent_bots",
            get(list, "Bots")
                .post(create, "Makes a bot")
                .carries("avatar"),
        ),
        (
            "/api/v1/accounts/{account_id}/agent_bots/{bot_id}",
            get(show, "A bot")
                .edit(update, "Changes a bot")
                .carries("avatar")
                .delete(remove, "Removes a bot"),
        ),
        (
            "/api/v1/accounts/{account_id}/agent_bots/{bot_id}/reset_access_token",
            post(reset_token, "Ends a bot's token and gives another"),
        ),
        (
            "/api/v1/accounts/{account_id}/agent_bots/{bot_id}/reset_secret",
            post(reset_secret, "Ends a bot's secret and gives another"),
        ),
        (
            "/api/v1/accounts/{account_id}/inboxes/{inbox_id}/agent_bot",
            get(show_of_inbox, "Which bot answers first in an inbox"),
        ),
    ]
}

impl<W: Who + Sync> Row<W> for AgentBot {
    const PLACE: &'static str = "bot_id";

    async fn load(store: &Store, who: &W, id: i64) -> store::Result<Self> {
        agent_bots::get(store, who.account(), BotId(id)).await
    }
}

async fn list(State(server): State<Server>, member: Member) -> Result<Json<Vec<AgentBotOut>>> {
    let bots = agent_bots::list(&server.store, member.account).await?;
    Ok(Json(
        bots.into_iter().map(|bot| body(&member, bot)).collect(),
    ))
}

async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    form: Body<AgentBotIn>,
) -> Result<Json<AgentBotOut>> {
    let (account, now) = (member.account, server.now());
    let received = form.read(&server, uploads::of_avatar(account)).await?;
    let picture = uploads::avatar(&received.files)?;
    let new = read_new(received.value)?;
    let mut bot = agent_bots::create(&server.store, account, new, received.once, now).await?;
    if uploads::show_avatar(&server, account, Whose::Bot(bot.id), picture).await? {
        bot = agent_bots::get(&server.store, account, bot.id).await?;
    }
    Ok(Json(body(&member, bot)))
}

async fn show(Of { who, row: bot }: Of<Member, AgentBot>) -> Json<AgentBotOut> {
    Json(body(&who, bot))
}

async fn update(
    State(server): State<Server>,
    Of { who, row: bot }: Of<Administrator, AgentBot>,
    form: Body<AgentBotIn>,
) -> Result<Json<AgentBotOut>> {
    let (account, now) = (who.account(), server.now());
    let received = form.read(&server, uploads::of_avatar(account)).await?;
    let picture = uploads::avatar(&received.files)?;
    let patch = read(received.value)?;
    let mut bot = agent_bots::update(&server.store, account, bot.id, patch, now).await?;
    if uploads::show_avatar(&server, account, Whose::Bot(bot.id), picture).await? {
        bot = agent_bots::get(&server.store, account, bot.id).await?;
    }
    Ok(Json(body(&who.0, bot)))
}

async fn remove(
    State(server): State<Server>,
    Of { who, row: bot }: Of<Administrator, AgentBot>,
) -> Result<()> {
    agent_bots::remove(&server.store, who.account(), bot.id, server.now()).await?;
    Ok(())
}

async fn reset_token(
    State(server): State<Server>,
    Of { who, row: bot }: Of<Administrator, AgentBot>,
) -> Result<Json<AgentBotOut>> {
    let (account, now) = (who.account(), server.now());
    let bot = agent_bots::reset_token(&server.store, account, bot.id, now).await?;
    Ok(Json(body(&who.0, bot)))
}

async fn reset_secret(
    State(server): State<Server>,
    Of { who, row: bot }: Of<Administrator, AgentBot>,
) -> Result<Json<AgentBotOut>> {
    let (account, now) = (who.account(), server.now());
    let bot = agent_bots::reset_secret(&server.store, account, bot.id, now).await?;
    Ok(Json(body(&who.0, bot)))
}

async fn show_of_inbox(
    State(server): State<Server>,
    InInbox { member, inbox }: InInbox,
) -> Result<Json<InboxBot>> {
    let bot = agent_bots::find_of_inbox(&server.store, member.account, inbox.id).await?;
    let agent_bot = match bot {
        Some(bot) => MaybeBot::Bot(Box::new(body(&member, bot))),
        None => MaybeBot::None {},
    };
    Ok(Json(InboxBot { agent_bot }))
}

fn body(member: &Member, bot: AgentBot) -> AgentBotOut {
    AgentBotOut::new(Some(member.account), bot, member.is_administrator())
}

/// A bot to make, which has a name.
pub(super) fn read_new(body: AgentBotIn) -> Result<NewAgentBot> {
    let name = Some(body.name.unwrap_or_default());
    let patch = read(AgentBotIn { name, ..body })?;
    Ok(NewAgentBot {
        name: patch.name.unwrap_or_default(),
        description: patch.description.unwrap_or_default(),
        avatar_url: patch.avatar_url.unwrap_or_default(),
        config: patch.config.unwrap_or_default(),
        outgoing_url: patch.outgoing_url.flatten(),
    })
}

/// What to change of a bot.
pub(super) fn read(body: AgentBotIn) -> Result<AgentBotPatch> {
    let mut faults = Faults::default();
    let name = body.name.as_deref();
    faults.check_present("name", "Name can't be blank", name);
    faults.check_length("name", "Name", name, MAX_STRING);
    let description = body.description.as_deref();
    faults.check_length("description", "Description", description, MAX_TEXT);
    for (attribute, sentence, url) in [
        (
            "outgoing_url",
            "Outgoing url is invalid",
            &body.outgoing_url,
        ),
        ("avatar_url", "Avatar url is invalid", &body.avatar_url),
    ] {
        if let Some(Some(url)) = url
            && WebUrl::parse(url).is_err()
        {
            faults.add(attribute, sentence);
        }
    }
    faults.settle()?;
    if let Some(kind) = &body.bot_type {
        let webhook = |text: &str| (text == "webhook").then_some(());
        one_of(&[()], webhook, kind, "bot_type")?;
    }
    Ok(AgentBotPatch {
        name: body.name,
        description: body.description,
        avatar_url: body.avatar_url.map(Option::unwrap_or_default),
        config: body.bot_config,
        outgoing_url: body.outgoing_url,
    })
}
