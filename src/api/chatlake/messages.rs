//! What is said in a conversation, and what becomes of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::auth::{InConversation, InMessage, Member, Scope};
use super::body::Body;
use super::compose::{self, Place};
use super::error::{Error, Result};
use super::fields::Query;
use super::mentions;
use super::paging;
use super::params::{Nothing, Params};
use super::route::{Asked, edit, get, post};
use super::uploads;
use super::wire::inbox::{API_CHANNEL, channel_type};
use super::wire::message::{
    AttachmentList, MessageBody, MessageList, MessageListMeta, MessageProgressBody, NewMessageBody,
};
use super::{Route, Server};
use crate::model::{
    AccountId, Conversation, ConversationId, DeliveryStatus, Message, MessageId, MessageKind,
    Sender,
};
use crate::store;
use crate::store::messages::{NewMessage, Page};
use crate::store::{Noun, Once};

/// Messages on a page, going back.
const BACK: i64 = 20;

/// Messages on a page, going on.
const ON: i64 = 100;

/// Files and places on a page.
const FILES: i64 = 100;

/// The last page of them.
const LAST_FILES: i64 = 1000;

/// Messages between two others.
const BETWEEN: i64 = 1000;

/// Which messages of a conversation.
const WHICH: &[Asked] = &[
    Asked::number("before", "Those before this one"),
    Asked::number("after", "Those after this one"),
    Asked::text(
        "filter_internal_messages",
        "Without notes and what happened, whatever it says",
    ),
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/messages",
            get(list, "A conversation's messages, page by page")
                .asks(WHICH)
                .post(create, "Posts a message, with files if it is a form")
                .carries("attachments[]")
                .or(StatusCode::CONFLICT),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/messages/{message_id}",
            edit(update, "Says how far a message got")
                .or(StatusCode::FORBIDDEN)
                .delete(delete, "Takes a message back"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/messages/{message_id}/retry",
            post(retry, "Sends a message again that failed"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/attachments",
            get(list_files, "A conversation's files and places").asks(&[paging::ASKED]),
        ),
    ]
}

pub(super) async fn create(
    State(server): State<Server>,
    within: InConversation<Scope>,
    body: Body<NewMessageBody>,
) -> Result<Json<MessageBody>> {
    let (scope, conversation) = (&within.who, &within.conversation);
    let received = body
        .read(&server, uploads::of_message(scope.account))
        .await?;
    let (mut body, once) = (received.value, received.once);
    let (echo_id, named) = (body.echo_id.clone(), body.attachments.take());
    let mut new = compose::message(&server, scope, &Place::of(conversation), body).await?;
    new.attachments = uploads::attachments(&server, scope.account, named, &received.files).await?;
    check_pace(&server, scope.account, conversation.id, once.as_ref()).await?;
    let message = post_new(&server, scope.account, conversation, new, once).await?;
    if message.private {
        mentions::keep(&server, scope.account, conversation, &message).await?;
    }
    let body = show_one(&server, scope.account, &message).await?;
    Ok(Json(body.echoing(echo_id)))
}

/// Posts a message. What the contact says may be answered by a bot; a note is nothing that one could answer.
async fn post_new(
    server: &Server,
    account: AccountId,
    conversation: &Conversation,
    new: NewMessage,
    once: Option<Once>,
) -> Result<Message> {
    let (id, now) = (conversation.id, server.now());
    if new.kind != MessageKind::Incoming {
        return Ok(store::messages::post(&server.store, account, id, new, once, now).await?);
    }
    if !is_api_inbox(server, account, conversation).await? {
        return Err(store::Error::IncomingRefused.into());
    }
    if new.private {
        Ok(store::messages::post(&server.store, account, id, new, once, now).await?)
    } else {
        Ok(server.runner.receive(account, id, new, once, now).await?)
    }
}

/// Refuses what comes too fast, unless it was taken before.
pub(super) async fn check_pace(
    server: &Server,
    account: AccountId,
    conversation: ConversationId,
    once: Option<&Once>,
) -> Result<()> {
    let (store, limit) = (&server.store, server.messages_per_minute);
    if !store::messages::is_crowded(store, account, conversation, limit, server.now()).await? {
        return Ok(());
    }
    let first: Option<i64> = match once {
        Some(once) => store::find_outcome(store, account, once).await?,
        None => None,
    };
    match first {
        Some(_) => Ok(()),
        None => Err(Error::TooManyMessages),
    }
}

pub(super) async fn update(
    State(server): State<Server>,
    within: InMessage,
    Params { value: body, once }: Params<MessageProgressBody>,
) -> Result<Json<MessageBody>> {
    let (account, conversation) = (within.member.account, &within.conversation);
    if !is_api_inbox(&server, account, conversation).await? {
        return Err(Error::NoApiInbox);
    }
    let status = body.status.as_deref().and_then(DeliveryStatus::parse);
    if let Some(status) = status {
        let (ids, progress) = (within.ids(), (status, body.external_error));
        let now = server.now();
        store::messages::set_status(&server.store, account, ids, progress, once, now).await?;
    }
    answer(&server, &within).await
}

pub(super) async fn delete(
    State(server): State<Server>,
    within: InMessage,
) -> Result<Json<MessageBody>> {
    let account = within.member.account;
    store::messages::delete(&server.store, account, within.ids(), server.now()).await?;
    answer(&server, &within).await
}

pub(super) async fn retry(
    State(server): State<Server>,
    within: Result<InMessage>,
    Params { once, .. }: Params<Nothing>,
) -> Result<Json<MessageBody>> {
    let within = within.map_err(|error| match error {
        Error::Store(store::Error::NotFound(Noun::Message)) => {
            Error::Refused("Couldn't find Message".to_owned())
        }
        other => other,
    })?;
    let account = within.member.account;
    store::messages::retry(&server.store, account, within.ids(), once, server.now()).await?;
    answer(&server, &within).await
}

/// The message as it is now.
async fn answer(server: &Server, within: &InMessage) -> Result<Json<MessageBody>> {
    let account = within.member.account;
    let message = store::messages::get(&server.store, account, within.message.id).await?;
    Ok(Json(show_one(server, account, &message).await?))
}

async fn is_api_inbox(
    server: &Server,
    account: AccountId,
    conversation: &Conversation,
) -> Result<bool> {
    let inbox = store::inboxes::get(&server.store, account, conversation.inbox).await?;
    Ok(channel_type(inbox.channel) == API_CHANNEL)
}

async fn show_one(server: &Server, account: AccountId, message: &Message) -> Result<MessageBody> {
    let contact = match message.sender {
        Sender::Contact(id) => Some(store::contacts::get(&server.store, account, id).await?),
        Sender::System | Sender::Agent(_) | Sender::Bot { .. } => None,
    };
    Ok(MessageBody::new(account, message, contact.as_ref()))
}

pub(super) async fn list(
    State(server): State<Server>,
    within: InConversation<Member>,
    query: Query,
) -> Result<Json<MessageList>> {
    let (store, account, conversation) = (&server.store, within.who.account, within.conversation);
    let (id, page) = (conversation.id, read_page(&query)?);
    let messages = if query.last("filter_internal_messages").is_some() {
        store::messages::list_said(store, account, id, page).await?
    } else {
        store::messages::list(store, account, id, page).await?
    };
    let contact = store::contacts::get(store, account, conversation.contact).await?;
    let labels = store::labels::list_of_conversation(store, account, id).await?;
    let assignee = match conversation.assignee {
        Some(agent) => store::agents::list_by_ids(store, account, &[agent.0]).await?,
        None => Vec::new(),
    };
    let body = |message| MessageBody::new(account, message, Some(&contact));
    Ok(Json(MessageList {
        payload: messages.iter().map(body).collect(),
        meta: MessageListMeta::new(&conversation, &contact, labels, assignee.first()),
    }))
}

pub(super) async fn list_files(
    State(server): State<Server>,
    within: InConversation<Member>,
    query: Query,
) -> Result<Json<AttachmentList>> {
    let (account, id) = (within.who.account, within.conversation.id);
    let page = query.number("page")?.unwrap_or(1).max(1);
    let window = ((page - 1).min(LAST_FILES) * FILES, FILES);
    let (total, files) = store::messages::list_files(&server.store, account, id, window).await?;
    Ok(Json(AttachmentList::new(account, total, &files)))
}

fn read_page(query: &Query) -> Result<Page> {
    let before = query.number("before")?.map(MessageId);
    let after = query.number("after")?.map(MessageId);
    Ok(match (before, after) {
        (None, None) => Page::Newest(BACK),
        (Some(before), None) => Page::Before(before, BACK),
        (None, Some(after)) => Page::After(after, ON),
        (Some(before), Some(after)) => Page::Between(after, before, BETWEEN),
    })
}
