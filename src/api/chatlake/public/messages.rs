//! What the visitor says, and what it answers to what it is asked.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;

use super::auth::InVisit;
use super::error::Result;
use super::survey::{check_open, read_answer};
use crate::api::chatlake::body::Body;
use crate::api::chatlake::fields::Query;
use crate::api::chatlake::params::Params;
use crate::api::chatlake::route::{Asked, edit, get};
use crate::api::chatlake::uploads;
use crate::api::chatlake::wire::message::NewMessageBody;
use crate::api::chatlake::wire::public::{AnswerBody, PublicMessage};
use crate::api::chatlake::{Route, Server, error, messages, parse};
use crate::model::MessageId;
use crate::store;
use crate::store::messages::{From, Page};

/// Messages on a page.
const PAGE: i64 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/messages",
            get(list, "A conversation's messages, page by page")
                .asks(&[Asked::number("before", "Those before this one")])
                .post(create, "Says something, with files if it is a form")
                .carries("attachments[]")
                .or(StatusCode::CONFLICT),
        ),
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/messages/{message_id}",
            edit(update, "Answers a message that asks"),
        ),
    ]
}

pub(super) async fn list(
    State(server): State<Server>,
    within: InVisit,
    query: Query,
) -> Result<Json<Vec<PublicMessage>>> {
    let (account, conversation) = (within.visitor.at.account, within.conversation);
    let page = match query.number("before")? {
        Some(before) => Page::Before(MessageId(before), PAGE),
        None => Page::Newest(PAGE),
    };
    let messages =
        store::messages::list_said(&server.store, account, conversation.id, page).await?;
    let contact = store::contacts::get(&server.store, account, conversation.contact).await?;
    let body = |message| PublicMessage::new(account, message, &contact);
    Ok(Json(messages.iter().map(body).collect()))
}

/// Whatever the body says of itself, it is what the contact says, and the bot of the inbox may answer.
pub(super) async fn create(
    State(server): State<Server>,
    within: InVisit,
    body: Body<NewMessageBody>,
) -> Result<Json<PublicMessage>> {
    let (account, conversation) = (within.visitor.at.account, within.conversation);
    let taking = uploads::of_message(account);
    let received = body.read(&server, taking).await;
    let received = received.map_err(error::Error::of_record)?;
    let (mut body, once) = (received.value, received.once);
    let (echo_id, named) = (body.echo_id.clone(), body.attachments.take());
    let body = NewMessageBody {
        message_type: Some(json!("incoming")),
        private: None,
        content_type: None,
        content_attributes: None,
        source_id: None,
        ..body
    };
    let mut new = parse::message(body, From::Contact)?;
    let attachments = uploads::attachments(&server, account, named, &received.files).await;
    new.attachments = attachments.map_err(error::Error::of_record)?;
    let paced = messages::check_pace(&server, account, conversation.id, once.as_ref()).await;
    paced.map_err(error::Error::of_record)?;
    let (id, now) = (conversation.id, server.now());
    let message = server.runner.receive(account, id, new, once, now).await?;
    let contact = store::contacts::get(&server.store, account, conversation.contact).await?;
    let body = PublicMessage::new(account, &message, &contact).echoing(echo_id);
    Ok(Json(body))
}

pub(super) async fn update(
    State(server): State<Server>,
    within: InVisit,
    Path(path): Path<Vec<(String, String)>>,
    Params { value: body, once }: Params<AnswerBody>,
) -> Result<Json<PublicMessage>> {
    let (account, conversation) = (within.visitor.at.account, within.conversation);
    let id = path.last().and_then(|(_, id)| id.parse().ok());
    let id = MessageId(id.ok_or(error::Error::NotFound)?);
    let asked = store::messages::get(&server.store, account, id).await?;
    let now = server.now();
    check_open(&asked, now)?;
    let (answer, at) = (read_answer(body)?, (conversation.id, id));
    let message = store::messages::submit(&server.store, account, at, answer, once, now).await?;
    let contact = store::contacts::get(&server.store, account, conversation.contact).await?;
    Ok(Json(PublicMessage::new(account, &message, &contact)))
}
