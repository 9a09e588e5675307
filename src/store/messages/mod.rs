//! What was said.

mod answers;
mod change;
mod pace;
mod read;
mod reply;
mod write;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::appends::{Append, Appended};
use super::turns::Saying;
use super::{Once, Result, Store, conversations};
use crate::model::{
    AccountId, AgentId, Attributes, BotId, ContentType, ConversationId, Message, MessageId,
    MessageKind, NewAttachment, Rich,
};

pub use answers::{Submission, look, submit};
pub use change::{delete, retry, set_status};
pub use pace::is_crowded;
pub(super) use read::{Kept, list_on_ways, list_public, read_kept};
pub use read::{
    Page, get, list, list_by_ids, list_files, list_last, list_like, list_newest_said, list_said,
};
pub use reply::{ReplyTo, find_replied};
pub(super) use write::{
    Piece, find_copy, insert, insert_all, insert_before, insert_note, put_pieces, reopens,
};

/// Who says a new message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The server itself.
    System,
    /// The conversation's contact.
    Contact,
    /// An agent.
    Agent(AgentId),
    /// A bot.
    Bot(BotId),
}

/// A message to post.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Which way it goes.
    pub kind: MessageKind,
    /// Who says it.
    pub from: From,
    /// Its text.
    pub content: Option<String>,
    /// What it asks its receiver to show.
    pub content_type: ContentType,
    /// What goes with that.
    pub content_attributes: Attributes,
    /// What is kept of it beside that.
    pub additional_attributes: Attributes,
    /// Its richer form.
    pub rich: Option<Rich>,
    /// Whether only agents see it.
    pub private: bool,
    /// The id another system gave it.
    pub source_id: Option<String>,
    /// Files and places that go with it.
    pub attachments: Vec<NewAttachment>,
    /// When it was said, if not now.
    pub said_at: Option<DateTime<Utc>>,
    /// By what its sender's client knows it. It is told with the event, and kept nowhere else.
    pub echo_id: Option<Value>,
}

impl NewMessage {
    /// A message of plain text.
    pub fn text(kind: MessageKind, from: From, content: impl Into<String>) -> Self {
        Self {
            kind,
            from,
            content: Some(content.into()),
            content_type: ContentType::Text,
            content_attributes: Attributes::default(),
            additional_attributes: Attributes::default(),
            rich: None,
            private: false,
            source_id: None,
            attachments: Vec::new(),
            said_at: None,
            echo_id: None,
        }
    }
}

/// Posts a message. In an API inbox, a source id that the conversation has already gives the message that has it.
pub async fn post(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    new: NewMessage,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Message> {
    let append = Append {
        account,
        conversation,
        turn: None,
        sayings: vec![Saying::to_visitor(new)],
        shows: true,
        now,
    };
    let id = match &once {
        None => match store.append(append.clone()).await? {
            Appended::Written(_, Some(kept)) => return Ok(kept.shown(store)),
            Appended::Written(ids, None) => *ids.first().expect("one was appended"),
            Appended::Copy(id) => id,
            Appended::Aside => post_alone(store, append, None).await?,
        },
        Some(_) => post_alone(store, append, once).await?,
    };
    get(store, account, id).await
}

async fn post_alone(store: &Store, append: Append, once: Option<Once>) -> Result<MessageId> {
    let Append { account, now, .. } = append;
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let mut conversation =
                    conversations::lock(conn, account, append.conversation).await?;
                let new = append.sayings.first().map(|saying| &saying.message);
                if let Some(new) = new
                    && let Some(first) = find_copy(conn, account, &conversation, new).await?
                {
                    return Ok(first.0);
                }
                let ids =
                    insert_all(conn, account, &mut conversation, &append.sayings, now).await?;
                Ok(ids.first().expect("one was put in").0)
            })
        })
        .await?;
    Ok(MessageId(id))
}
