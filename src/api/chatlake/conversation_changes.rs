//! What is changed of a conversation: where it stands, how much it presses, its labels and attributes, whether its contact
//! is heard.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::auth::{Actor, InConversation, Member, Scope};
use super::error::Result;
use super::params::{Nothing, Params};
use super::parse;
use super::route::{get, post};
use super::wire::Payload;
use super::wire::conversation::{
    ConversationChanges, CustomAttributesBody, NewCustomAttributes, NewLabels, NewStatusBody,
    StatusBody, TypingStatusBody,
};
use super::{Route, Server};
use crate::model::{ConversationStatus, Role};
use crate::store;
use crate::store::Once;
use crate::store::conversation_changes::{self, Change};
use crate::store::conversation_status::{StatusChange, StatusChanged};
use crate::store::typing::{self, Typing};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/toggle_status",
            post(
                toggle_status,
                "Opens, resolves, snoozes or hands over a conversation",
            )
            .or(StatusCode::CONFLICT),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/toggle_priority",
            post(toggle_priority, "Says how much a conversation presses"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/toggle_typing_status",
            post(
                toggle_typing_status,
                "Says that the caller is writing, or has stopped",
            ),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/custom_attributes",
            post(
                set_custom_attributes,
                "Sets what the account keeps of a conversation",
            ),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/labels",
            get(list_labels, "A conversation's labels")
                .post(set_labels, "Sets the labels of a conversation"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/mute",
            post(
                mute,
                "Ends a conversation and does not hear its contact any more",
            )
            .or(StatusCode::CONFLICT),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/unmute",
            post(unmute, "Hears the contact again"),
        ),
    ]
}

pub(super) async fn toggle_status(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, once }: Params<NewStatusBody>,
) -> Result<Json<StatusBody>> {
    let status = body.status.as_deref().filter(|text| !text.is_empty());
    let change = StatusChange {
        to: status.map(parse::status).transpose()?,
        snoozed_until: body.snoozed_until,
        by: within.who.author(),
        opener: match &within.who.actor {
            Actor::Agent(agent) if agent.role == Role::Agent => Some(agent.id),
            Actor::Agent(_) | Actor::Bot(_) => None,
        },
    };
    let (account, id) = (within.who.account, within.conversation.id);
    let runner = &server.runner;
    let changed = runner
        .set_status(account, id, change, once, server.now())
        .await?;
    let handed_over = matches!(within.who.actor, Actor::Bot(_)) && is_hand_over(&changed);
    Ok(Json(StatusBody::new(id.0, changed, handed_over)))
}

fn is_hand_over(changed: &StatusChanged) -> bool {
    (changed.from, changed.to) == (ConversationStatus::Pending, ConversationStatus::Open)
}

pub(super) async fn toggle_priority(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, once }: Params<ConversationChanges>,
) -> Result<StatusCode> {
    let priority = body.priority.flatten();
    let priority = priority.as_deref().map(parse::priority).transpose()?;
    change(&server, &within, Change::Priority(priority), once).await?;
    Ok(StatusCode::OK)
}

/// Tells that the caller types, or has stopped. Any other word tells nothing.
pub(super) async fn toggle_typing_status(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, .. }: Params<TypingStatusBody>,
) -> Result<StatusCode> {
    let on = match body.typing_status.as_deref() {
        Some("on") => true,
        Some("off") => false,
        Some(_) | None => return Ok(StatusCode::OK),
    };
    let typing = Typing {
        by: within.who.author(),
        on,
        private: body.is_private.unwrap_or_default(),
    };
    let (account, id) = (within.who.account, within.conversation.id);
    typing::tell(&server.store, account, id, typing, server.now()).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn set_custom_attributes(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, once }: Params<NewCustomAttributes>,
) -> Result<Json<CustomAttributesBody>> {
    let attributes = parse::conversation_attributes(
        "custom_attributes",
        "Custom attributes",
        body.custom_attributes,
    )?;
    let body = CustomAttributesBody {
        custom_attributes: attributes.0.clone(),
    };
    change(&server, &within, Change::CustomAttributes(attributes), once).await?;
    Ok(Json(body))
}

pub(super) async fn list_labels(
    State(server): State<Server>,
    within: InConversation<Scope>,
) -> Result<Json<Payload<Vec<String>>>> {
    let (account, id) = (within.who.account, within.conversation.id);
    let labels = store::labels::list_of_conversation(&server.store, account, id).await?;
    let payload = labels.into_iter().map(|label| label.title).collect();
    Ok(Json(Payload { payload }))
}

pub(super) async fn set_labels(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, once }: Params<NewLabels>,
) -> Result<Json<Payload<Vec<String>>>> {
    let labels = parse::labels(Some(body.labels))?;
    change(&server, &within, Change::Labels(labels), once).await?;
    list_labels(State(server), within).await
}

/// Ends the conversation and lets its contact bring it back no more.
pub(super) async fn mute(
    State(server): State<Server>,
    within: InConversation<Member>,
    Params { once, .. }: Params<Nothing>,
) -> Result<StatusCode> {
    let within = within.scope();
    let resolve = StatusChange {
        to: Some(ConversationStatus::Resolved),
        snoozed_until: None,
        by: within.who.author(),
        opener: None,
    };
    let (account, id, now) = (within.who.account, within.conversation.id, server.now());
    let runner = &server.runner;
    runner.set_status(account, id, resolve, None, now).await?;
    change(&server, &within, Change::Muted(true), once).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn unmute(
    State(server): State<Server>,
    within: InConversation<Member>,
    Params { once, .. }: Params<Nothing>,
) -> Result<StatusCode> {
    change(&server, &within.scope(), Change::Muted(false), once).await?;
    Ok(StatusCode::OK)
}

async fn change(
    server: &Server,
    within: &InConversation<Scope>,
    change: Change,
    once: Option<Once>,
) -> Result<()> {
    let (account, id) = (within.who.account, within.conversation.id);
    let (change, now) = ((change, within.who.author()), server.now());
    conversation_changes::change(&server.store, account, id, change, once, now).await?;
    Ok(())
}
