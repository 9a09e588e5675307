//! Where messages come in, and who has access to it.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::error::Result;
use super::wire::{self, Json, List, Path};
use crate::api::AppState;
use crate::model::{AccountId, AgentId, BotId, Channel, Inbox, InboxId};
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInbox {
    #[serde(deserialize_with = "wire::name")]
    name: String,
    #[serde(deserialize_with = "wire::channel")]
    channel: Channel,
    bot_id: Option<i64>,
    #[serde(default, deserialize_with = "wire::optional_url")]
    webhook_url: Option<String>,
    greeting: Option<String>,
    #[serde(default)]
    hmac_mandatory: bool,
    #[serde(default)]
    lock_to_single_conversation: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct InboxOut {
    id: i64,
    name: String,
    channel: &'static str,
    identifier: String,
    bot_id: Option<i64>,
    greeting: Option<String>,
    hmac_mandatory: bool,
    lock_to_single_conversation: bool,
    created_at: DateTime<Utc>,
}

/// An inbox with what another system needs to work with it.
#[derive(Debug, Serialize)]
pub(super) struct InboxDetails {
    #[serde(flatten)]
    inbox: InboxOut,
    /// Signs a visitor's identifier.
    hmac_token: String,
    webhook: Option<WebhookOut>,
}

#[derive(Debug, Serialize)]
struct WebhookOut {
    url: String,
    /// Signs what is sent there.
    secret: String,
}

impl From<Inbox> for InboxOut {
    fn from(inbox: Inbox) -> Self {
        Self {
            id: inbox.id.0,
            name: inbox.name,
            channel: inbox.channel.as_str(),
            identifier: inbox.identifier,
            bot_id: inbox.bot.map(|id| id.0),
            greeting: inbox.greeting_message,
            hmac_mandatory: inbox.hmac_mandatory,
            lock_to_single_conversation: inbox.lock_to_single_conversation,
            created_at: inbox.created_at,
        }
    }
}

pub(super) async fn create(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(new): Json<NewInbox>,
) -> Result<(StatusCode, axum::Json<InboxDetails>)> {
    let new = store::inboxes::NewInbox {
        bot: new.bot_id.map(BotId),
        webhook_url: new.webhook_url,
        hmac_mandatory: new.hmac_mandatory,
        greeting: new.greeting,
        lock_to_single_conversation: new.lock_to_single_conversation,
        ..store::inboxes::NewInbox::new(new.name, new.channel)
    };
    let inbox = store::inboxes::create(&app.store, account, new, None, app.clock.now()).await?;
    let details = details(&app, account, inbox).await?;
    Ok((StatusCode::CREATED, axum::Json(details)))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<List<InboxOut>>> {
    let inboxes = store::inboxes::list(&app.store, account).await?;
    Ok(axum::Json(inboxes.into()))
}

pub(super) async fn show(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<InboxDetails>> {
    let inbox = store::inboxes::get(&app.store, account, InboxId(id)).await?;
    Ok(axum::Json(details(&app, account, inbox).await?))
}

async fn details(app: &AppState, account: AccountId, inbox: Inbox) -> Result<InboxDetails> {
    let webhook = store::endpoints::find_of_inbox(&app.store, account, inbox.id).await?;
    let hmac_token = store::inboxes::hmac_token(&app.store, account, inbox.id).await?;
    Ok(InboxDetails {
        hmac_token: hmac_token.expose_secret().to_owned(),
        webhook: webhook.map(|(url, secret)| WebhookOut {
            url,
            secret: secret.expose_secret().to_owned(),
        }),
        inbox: inbox.into(),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMembers {
    agent_ids: Vec<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct MembersOut {
    agent_ids: Vec<i64>,
}

pub(super) async fn add_members(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
    Json(new): Json<NewMembers>,
) -> Result<axum::Json<MembersOut>> {
    let (inbox, now) = (InboxId(id), app.clock.now());
    let agents = new.agent_ids.into_iter().map(AgentId).collect();
    store::inboxes::add_members(&app.store, account, inbox, agents, now).await?;
    members(&app, account, inbox).await
}

pub(super) async fn list_members(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<MembersOut>> {
    let inbox = store::inboxes::get(&app.store, account, InboxId(id)).await?;
    members(&app, account, inbox.id).await
}

pub(super) async fn remove_member(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path((inbox, agent)): Path<(i64, i64)>,
) -> Result<StatusCode> {
    store::members::leave_inbox(&app.store, account, InboxId(inbox), AgentId(agent)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn members(
    app: &AppState,
    account: AccountId,
    inbox: InboxId,
) -> Result<axum::Json<MembersOut>> {
    let agents = store::members::list_of_inbox(&app.store, account, inbox).await?;
    Ok(axum::Json(MembersOut {
        agent_ids: agents.into_iter().map(|id| id.0).collect(),
    }))
}
