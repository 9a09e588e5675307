//! What is said in a conversation.

use axum::Json;
use axum::extract::State;
use axum::routing::get;

use super::auth::{InConversation, Member, Scope};
use super::error::{Error, Result};
use super::fields::Query;
use super::params::Params;
use super::parse;
use super::wire::inbox::{API_CHANNEL, channel_type};
use super::wire::message::{MessageBody, MessageList, MessageListMeta, NewMessageBody};
use super::{Route, Server};
use crate::model::{MessageId, MessageKind};
use crate::store;
use crate::store::messages::Page;

/// Messages on a page, going back.
const BACK: i64 = 20;

/// Messages on a page, going on.
const ON: i64 = 100;

/// Messages between two others.
const BETWEEN: i64 = 1000;

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/conversations/{conversation_id}/messages",
        get(list).post(create),
    )]
}

pub(super) async fn create(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, once }: Params<NewMessageBody>,
) -> Result<Json<MessageBody>> {
    let (account, conversation) = (within.who.account, within.conversation);
    let echo_id = body.echo_id.clone();
    let new = parse::message(body, within.who.author()).map_err(Error::of_message)?;
    let (id, now) = (conversation.id, server.now());
    let incoming = new.kind == MessageKind::Incoming;
    if incoming {
        let inbox = store::inboxes::get(&server.store, account, conversation.inbox).await?;
        if channel_type(inbox.channel) != API_CHANNEL {
            return Err(store::Error::IncomingRefused.into());
        }
    }
    // A note is nothing that a bot could answer.
    let message = if incoming && !new.private {
        server.runner.receive(account, id, new, once, now).await?
    } else {
        store::messages::post(&server.store, account, id, new, once, now).await?
    };
    let contact = store::contacts::get(&server.store, account, conversation.contact).await?;
    Ok(Json(
        MessageBody::new(account, &message, &contact).echoing(echo_id),
    ))
}

pub(super) async fn list(
    State(server): State<Server>,
    within: InConversation<Member>,
    query: Query,
) -> Result<Json<MessageList>> {
    let (account, id) = (within.who.account, within.conversation.id);
    let page = read_page(&query)?;
    let messages = if query.last("filter_internal_messages").is_some() {
        store::messages::list_said(&server.store, account, id, page).await?
    } else {
        store::messages::list(&server.store, account, id, page).await?
    };
    let view = store::conversation_views::get(&server.store, account, id).await?;
    let body = |message| MessageBody::new(account, message, &view.contact);
    Ok(Json(MessageList {
        payload: messages.iter().map(body).collect(),
        meta: MessageListMeta::new(&view),
    }))
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
