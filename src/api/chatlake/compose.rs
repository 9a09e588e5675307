//! From what a caller asks for to the message that is posted: whose words it is, what stands in its placeholders, what it
//! answers.

use serde_json::Value;

use super::Server;
use super::auth::{Actor, Scope};
use super::error::{Error, Result};
use super::parse;
use super::wire::message::NewMessageBody;
use crate::model::{
    BotId, ContactId, Conversation, ConversationId, InboxId, MessageId, MessageKind, Placeholders,
};
use crate::store;
use crate::store::messages::{From, NewMessage, ReplyTo};

/// Where a message is going.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) contact: ContactId,
    pub(super) inbox: InboxId,
    /// The conversation, unless the message begins it.
    pub(super) conversation: Option<&'a Conversation>,
}

impl<'a> Place<'a> {
    /// A conversation that is about to begin.
    pub(super) fn new(contact: ContactId, inbox: InboxId) -> Self {
        Self {
            contact,
            inbox,
            conversation: None,
        }
    }

    pub(super) fn of(conversation: &'a Conversation) -> Self {
        Self {
            contact: conversation.contact,
            inbox: conversation.inbox,
            conversation: Some(conversation),
        }
    }
}

/// The message of a caller.
pub(super) async fn message(
    server: &Server,
    scope: &Scope,
    place: &Place<'_>,
    body: NewMessageBody,
) -> Result<NewMessage> {
    let author = find_author(server, scope, &body).await?;
    let mut message = parse::message(body, author).map_err(Error::of_message)?;
    message.said_at = message.said_at.map(|at| at.min(server.now()));
    fill_in(server, scope, place, &mut message).await?;
    if let Some(conversation) = place.conversation {
        resolve_reply(server, scope, conversation.id, &mut message).await?;
    }
    Ok(message)
}

/// The bot that the caller lends its voice to, or else the caller.
async fn find_author(server: &Server, scope: &Scope, body: &NewMessageBody) -> Result<From> {
    let (Some("AgentBot"), Some(id)) = (body.sender_type.as_deref(), body.sender_id) else {
        return Ok(scope.author());
    };
    let (account, now) = (scope.account, server.now());
    let bot = store::agent_bots::find(&server.store, account, BotId(id), now).await?;
    Ok(bot.map_or_else(|| scope.author(), |bot| From::Bot(bot.id)))
}

/// Replaces the placeholders of what goes out. A text that is not understood goes out as it is.
async fn fill_in(
    server: &Server,
    scope: &Scope,
    place: &Place<'_>,
    message: &mut NewMessage,
) -> Result<()> {
    let goes_out = matches!(message.kind, MessageKind::Outgoing | MessageKind::Template);
    let Some(text) = message.content.as_deref().filter(|_| goes_out) else {
        return Ok(());
    };
    if !Placeholders::are_in(text) {
        return Ok(());
    }
    let account = scope.account;
    let contact = store::contacts::get(&server.store, account, place.contact).await?;
    let inbox = store::inboxes::get(&server.store, account, place.inbox).await?;
    let tenant = store::accounts::get(&server.store, account).await?;
    let agent = match &scope.actor {
        Actor::Agent(agent) if matches!(message.from, From::Agent(_)) => {
            Some(store::agents::get(&server.store, account, agent.id).await?)
        }
        Actor::Agent(_) | Actor::Bot(_) => None,
    };
    let placeholders = Placeholders {
        contact: (&contact).into(),
        agent: agent.as_ref(),
        conversation: place.conversation,
        inbox: &inbox.name,
        account: &tenant.name,
    };
    message.content = message
        .content
        .take()
        .map(|text| placeholders.fill_in(text));
    Ok(())
}

/// A message that names the one that it answers by either of its ids has both of them, or neither.
async fn resolve_reply(
    server: &Server,
    scope: &Scope,
    conversation: ConversationId,
    message: &mut NewMessage,
) -> Result<()> {
    const ID: &str = "in_reply_to";
    const SOURCE_ID: &str = "in_reply_to_external_id";
    let attributes = &mut message.content_attributes;
    if !attributes.contains_key(ID) && !attributes.contains_key(SOURCE_ID) {
        return Ok(());
    }
    let to = match (attributes.get(ID), attributes.get(SOURCE_ID)) {
        (Some(Value::Number(id)), _) => id.as_i64().map(|id| ReplyTo::Id(MessageId(id))),
        (Some(Value::String(id)), _) if !id.is_empty() => {
            id.parse().ok().map(|id| ReplyTo::Id(MessageId(id)))
        }
        (_, Some(Value::String(id))) if !id.is_empty() => Some(ReplyTo::SourceId(id.clone())),
        (_, _) => None,
    };
    let found = match to {
        Some(to) => {
            store::messages::find_replied(&server.store, scope.account, conversation, &to).await?
        }
        None => None,
    };
    let (id, source_id) = found.unzip();
    attributes.insert(ID.to_owned(), id.map(|id| id.0).into());
    attributes.insert(SOURCE_ID.to_owned(), source_id.flatten().into());
    Ok(())
}
