//! Bots and their flows.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::auth::Administrator;
use super::error::{FlowProblem, Result};
use super::wire::{self, FlowFile, Json, List, Path};
use crate::api::AppState;
use crate::flow::Flow;
use crate::model::{AccountId, Bot, BotId, FlowVersion};
use crate::store::{self, Error, Noun};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBot {
    #[serde(deserialize_with = "wire::name")]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default, deserialize_with = "wire::optional_url")]
    avatar_url: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct BotOut {
    id: i64,
    name: String,
    description: String,
    avatar_url: String,
    flow_version: Option<i64>,
    created_at: DateTime<Utc>,
}

impl From<Bot> for BotOut {
    fn from(bot: Bot) -> Self {
        Self {
            id: bot.id.0,
            name: bot.name,
            description: bot.description,
            avatar_url: bot.avatar_url,
            flow_version: bot.flow_version.map(|version| version.0),
            created_at: bot.created_at,
        }
    }
}

/// A published flow.
#[derive(Debug, Serialize)]
pub(super) struct FlowOut {
    bot_id: i64,
    version: i64,
    options: Vec<OptionOut>,
    flow: Value,
}

/// What a visitor may choose, and the number that a client chooses it by.
#[derive(Debug, Serialize)]
struct OptionOut {
    node: String,
    option: String,
    payload: i64,
}

/// What a check found.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    sound: bool,
    problems: Vec<FlowProblem>,
}

pub(super) async fn create(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(new): Json<NewBot>,
) -> Result<(StatusCode, axum::Json<BotOut>)> {
    let new = store::bots::NewBot {
        id: None,
        name: new.name,
        description: new.description,
        avatar_url: new.avatar_url.unwrap_or_default(),
    };
    let bot = store::bots::create(&app.store, account, new, None, app.clock.now()).await?;
    Ok((StatusCode::CREATED, axum::Json(bot.into())))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<List<BotOut>>> {
    let bots = store::bots::list(&app.store, account).await?;
    Ok(axum::Json(bots.into()))
}

pub(super) async fn show(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<BotOut>> {
    let bot = store::bots::get(&app.store, account, BotId(id)).await?;
    Ok(axum::Json(bot.into()))
}

pub(super) async fn publish(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
    FlowFile(file): FlowFile,
) -> Result<axum::Json<FlowOut>> {
    let bot = store::bots::get(&app.store, account, BotId(id)).await?.id;
    let version = app
        .runner
        .publish(account, bot, &file, app.clock.now())
        .await?;
    published(&app, account, bot, version).await
}

pub(super) async fn flow(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<FlowOut>> {
    let bot = store::bots::get(&app.store, account, BotId(id)).await?;
    let version = bot.flow_version.ok_or(Error::NotFound(Noun::Flow))?;
    published(&app, account, bot.id, version).await
}

/// Checks a flow file and keeps nothing of it.
pub(super) async fn check(_: Administrator, FlowFile(file): FlowFile) -> axum::Json<Findings> {
    let problems = match Flow::parse(&file) {
        Ok(_) => Vec::new(),
        Err(problems) => FlowProblem::list(&problems),
    };
    axum::Json(Findings {
        sound: problems.is_empty(),
        problems,
    })
}

async fn published(
    app: &AppState,
    account: AccountId,
    bot: BotId,
    version: FlowVersion,
) -> Result<axum::Json<FlowOut>> {
    let flow = store::bots::get_flow(&app.store, account, bot, version).await?;
    let options = flow.payloads.into_iter();
    Ok(axum::Json(FlowOut {
        bot_id: bot.0,
        version: version.0,
        options: options
            .map(|(node, option, payload)| OptionOut {
                node,
                option,
                payload,
            })
            .collect(),
        flow: flow.file,
    }))
}
