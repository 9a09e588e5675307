//! What was said.

mod read;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Once, Result, Store, contacts, conversations, events, usage};
use crate::model::{
    AccountId, AgentId, Attributes, BotId, Channel, ContentType, Conversation, ConversationId,
    ConversationStatus, EventKind, Message, MessageId, MessageKind, NewAttachment, Rich,
};

pub(super) use read::list_public;
pub use read::{Page, get, list, list_by_ids, list_last, list_said};

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
            rich: None,
            private: false,
            source_id: None,
            attachments: Vec::new(),
            said_at: None,
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
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let mut conversation = conversations::lock(conn, account, conversation).await?;
                if let Some(first) = find_copy(conn, account, &conversation, &new).await? {
                    return Ok(first.0);
                }
                let id = insert(conn, account, &mut conversation, new, now).await?;
                Ok(id.0)
            })
        })
        .await?;
    get(store, account, MessageId(id)).await
}

/// Puts a message into a locked conversation: with its attachments, all that the conversation and the reports keep of it,
/// and the event that tells of it.
pub(super) async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    new: NewMessage,
    now: DateTime<Utc>,
) -> Result<MessageId> {
    let spoken = spoken_to_visitor(&new);
    insert_telling(conn, account, conversation, new, spoken.as_deref(), now).await
}

/// The same, where the caller decides what the visitor's chat client is told.
pub(super) async fn insert_telling(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    new: NewMessage,
    for_visitor: Option<&str>,
    now: DateTime<Utc>,
) -> Result<MessageId> {
    let said_at = new.said_at.unwrap_or(now);
    let id = insert_row(conn, account, conversation, &new, said_at, now).await?;
    if !new.attachments.is_empty() {
        insert_attachments(conn, account, id, &new.attachments, now).await?;
    }
    if new.kind != MessageKind::Activity {
        note_in_conversation(conn, account, conversation, &new, said_at, now).await?;
        if !new.private {
            usage::count_message(
                conn,
                account,
                conversation.inbox,
                conversation.contact_inbox,
                said_at,
            )
            .await?;
        }
    }
    if new.kind == MessageKind::Incoming {
        contacts::touch(conn, account, conversation.contact, false, now).await?;
    }
    let event = events::NewEvent::of_message(EventKind::MessageCreated, conversation.id, id)
        .for_visitor(for_visitor);
    events::append(conn, account, event, now).await?;
    if new.kind == MessageKind::Incoming {
        reopen(conn, account, conversation, now).await?;
    }
    Ok(id)
}

/// What a chat client is told when an agent speaks: the text, then a line for each attachment.
fn spoken_to_visitor(new: &NewMessage) -> Option<String> {
    let spoken =
        new.kind == MessageKind::Outgoing && !new.private && matches!(new.from, From::Agent(_));
    spoken.then(|| {
        let urls = new
            .attachments
            .iter()
            .map(|attachment| attachment.url.as_str());
        let lines: Vec<&str> = new
            .content
            .as_deref()
            .into_iter()
            .chain(urls)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("\n")
    })
}

/// The message that has the new one's source id already, in an API inbox.
pub(super) async fn find_copy(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    new: &NewMessage,
) -> Result<Option<MessageId>> {
    let Some(source_id) = &new.source_id else {
        return Ok(None);
    };
    let id = sqlx::query_scalar!(
        r#"select m.id as "id: MessageId" from messages m
           join inboxes i on i.account_id = m.account_id and i.id = m.inbox_id and i.channel = $4
           where m.account_id = $1 and m.conversation_id = $2 and m.source_id = $3 order by m.id limit 1"#,
        account.0,
        conversation.id.0,
        source_id,
        Channel::General.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

async fn insert_row(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    new: &NewMessage,
    said_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<MessageId> {
    let (contact, agent, bot) = match new.from {
        From::System => (None, None, None),
        From::Contact => (Some(conversation.contact.0), None, None),
        From::Agent(id) => (None, Some(id.0), None),
        From::Bot(id) => (None, None, Some(id.0)),
    };
    let id = sqlx::query_scalar!(
        r#"insert into messages (account_id, conversation_id, inbox_id, contact_inbox_id, kind, contact_id, agent_id, bot_id,
                                 content, content_type, content_attributes, rich_kind, rich, private, source_id,
                                 created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
           returning id as "id: MessageId""#,
        account.0,
        conversation.id.0,
        conversation.inbox.0,
        conversation.contact_inbox.0,
        new.kind.as_str(),
        contact,
        agent,
        bot,
        new.content,
        new.content_type.as_str(),
        Value::from(new.content_attributes.clone()),
        new.rich.as_ref().map(|rich| rich.kind.as_str()),
        new.rich.as_ref().map(|rich| &rich.body),
        new.private,
        new.source_id,
        said_at,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(id)
}

async fn insert_attachments(
    conn: &mut PgConnection,
    account: AccountId,
    message: MessageId,
    attachments: &[NewAttachment],
    now: DateTime<Utc>,
) -> Result<()> {
    for attachment in attachments {
        sqlx::query!(
            "insert into attachments (account_id, message_id, file_type, media_type, url, name, size_bytes, meta, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            account.0,
            message.0,
            attachment.file_type.as_str(),
            attachment.media_type,
            attachment.url,
            attachment.name,
            attachment.size_bytes,
            attachment.meta,
            now,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Keeps up what the conversation shows of its messages, so that no report has to read them.
async fn note_in_conversation(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    new: &NewMessage,
    said_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<()> {
    let agent = match new.from {
        From::Agent(id) if new.kind == MessageKind::Outgoing && !new.private => Some(id),
        From::Agent(_) | From::System | From::Contact | From::Bot(_) => None,
    };
    let incoming = new.kind == MessageKind::Incoming;
    sqlx::query!(
        "update conversations set
             first_visitor_message_at = case when $3 then coalesce(first_visitor_message_at, $6) else first_visitor_message_at end,
             visitor_message_count = visitor_message_count + case when $3 then 1 else 0 end,
             unread_count = unread_count + case when $3 then 1 else 0 end,
             waiting_since = case when $3 then coalesce(waiting_since, $6) when $4::bigint is not null then null else waiting_since end,
             first_agent_message_at = case when $4::bigint is not null
                                           then coalesce(first_agent_message_at, $6) else first_agent_message_at end,
             last_agent_id = coalesce($4, last_agent_id),
             last_message_at = case when $5 then last_message_at else greatest(last_message_at, $6) end,
             last_activity_at = greatest(last_activity_at, $6),
             updated_at = $7
         where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        incoming,
        agent.map(|id| id.0),
        new.private,
        said_at,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if incoming {
        sqlx::query!(
            "update contact_inboxes set first_interacted_at = coalesce(first_interacted_at, $3),
                    last_interacted_at = greatest(last_interacted_at, $3)
             where account_id = $1 and id = $2",
            account.0,
            conversation.contact_inbox.0,
            said_at,
        )
        .execute(conn)
        .await?;
    }
    conversation.last_activity_at = conversation.last_activity_at.max(said_at);
    conversation.updated_at = now;
    Ok(())
}

/// A contact who speaks again brings a closed or put-off conversation back, unless it was silenced.
async fn reopen(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    now: DateTime<Utc>,
) -> Result<()> {
    let closed = matches!(
        conversation.status,
        ConversationStatus::Resolved | ConversationStatus::Snoozed
    );
    if !closed || conversation.muted {
        return Ok(());
    }
    let has_bot = sqlx::query_scalar!(
        r#"select bot_id is not null as "has_bot!" from inboxes where account_id = $1 and id = $2"#,
        account.0,
        conversation.inbox.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let status = if has_bot {
        ConversationStatus::Pending
    } else {
        ConversationStatus::Open
    };
    conversations::move_to(conn, account, conversation, status, None, now).await
}
