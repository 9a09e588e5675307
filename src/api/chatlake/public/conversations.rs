//! What the visitor talks about.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::auth::{InVisit, Visitor};
use super::error::Result;
use crate::api::chatlake::params::Params;
use crate::api::chatlake::route::{get, post};
use crate::api::chatlake::wire::public::{NewPublicConversation, PublicConversation, TypingBody};
use crate::api::chatlake::{Route, Server, error, parse};
use crate::model::{AccountId, ConversationId, ConversationStatus, Message};
use crate::store;
use crate::store::conversation_starts::{Start, Through};
use crate::store::conversation_status::StatusChange;
use crate::store::conversations::NewConversation;
use crate::store::messages::From;
use crate::store::typing::Typing;

/// Conversations on the list.
const MOST: i64 = 20;

/// Messages shown with each.
const MESSAGES: i64 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations",
            get(list, "The visitor's conversations").post(create, "Begins a conversation"),
        ),
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}",
            get(show, "A conversation"),
        ),
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/toggle_status",
            post(resolve, "Ends a conversation").or(StatusCode::CONFLICT),
        ),
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/toggle_typing",
            post(
                toggle_typing,
                "Says that the visitor is writing, or has stopped",
            ),
        ),
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/update_last_seen",
            post(
                update_last_seen,
                "Says that the visitor has seen the conversation",
            ),
        ),
    ]
}

pub(super) async fn create(
    State(server): State<Server>,
    visitor: Visitor,
    Params { value: body, once }: Params<NewPublicConversation>,
) -> Result<Json<PublicConversation>> {
    let account = visitor.at.account;
    let start = Start {
        through: Through::Way(visitor.way.id),
        new: NewConversation {
            custom_attributes: parse::conversation_attributes(
                "custom_attributes",
                "Custom attributes",
                body.custom_attributes,
            )?,
            ..NewConversation::default()
        },
        message: None,
    };
    let id = store::conversation_starts::start(&server.store, account, start, once, server.now())
        .await?;
    answer(&server, account, id).await
}

pub(super) async fn list(
    State(server): State<Server>,
    visitor: Visitor,
) -> Result<Json<Vec<PublicConversation>>> {
    let (account, way) = (visitor.at.account, &visitor.way);
    let ids = store::visitors::list_conversations(&server.store, account, way, MOST).await?;
    Ok(Json(bodies(&server, account, &ids).await?))
}

pub(super) async fn show(
    State(server): State<Server>,
    within: InVisit,
) -> Result<Json<PublicConversation>> {
    answer(&server, within.visitor.at.account, within.conversation.id).await
}

/// Ends the conversation; one that is over stays so.
pub(super) async fn resolve(
    State(server): State<Server>,
    within: InVisit,
) -> Result<Json<PublicConversation>> {
    let (account, id) = (within.visitor.at.account, within.conversation.id);
    if within.conversation.status != ConversationStatus::Resolved {
        let change = StatusChange {
            to: Some(ConversationStatus::Resolved),
            snoozed_until: None,
            by: From::Contact,
            opener: None,
        };
        let runner = &server.runner;
        runner
            .set_status(account, id, change, None, server.now())
            .await?;
    }
    answer(&server, account, id).await
}

pub(super) async fn toggle_typing(
    State(server): State<Server>,
    within: InVisit,
    Params { value: body, .. }: Params<TypingBody>,
) -> Result<StatusCode> {
    let on = match body.typing_status.as_deref() {
        Some("on") => true,
        Some("off") => false,
        Some(_) | None => return Ok(StatusCode::OK),
    };
    let typing = Typing {
        by: From::Contact,
        on,
        private: false,
    };
    let (account, id) = (within.visitor.at.account, within.conversation.id);
    store::typing::tell(&server.store, account, id, typing, server.now()).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn update_last_seen(
    State(server): State<Server>,
    within: InVisit,
) -> Result<StatusCode> {
    let (account, id) = (within.visitor.at.account, within.conversation.id);
    store::messages::look(&server.store, account, id, server.now()).await?;
    Ok(StatusCode::OK)
}

async fn answer(
    server: &Server,
    account: AccountId,
    id: ConversationId,
) -> Result<Json<PublicConversation>> {
    let mut bodies = bodies(server, account, &[id]).await?;
    Ok(Json(bodies.pop().ok_or(error::Error::NotFound)?))
}

async fn bodies(
    server: &Server,
    account: AccountId,
    ids: &[ConversationId],
) -> Result<Vec<PublicConversation>> {
    let views = store::conversation_views::list(&server.store, account, ids).await?;
    let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let messages: HashMap<ConversationId, Vec<Message>> =
        store::messages::list_newest_said(&server.store, account, &numbers, MESSAGES).await?;
    let none = Vec::new();
    let body = |view| {
        let said = messages.get(&view_id(view)).unwrap_or(&none);
        PublicConversation::new(account, view, said)
    };
    Ok(views.iter().map(body).collect())
}

fn view_id(view: &store::conversation_views::ConversationView) -> ConversationId {
    view.conversation.id
}
