//! What was said.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Error, Noun, Once, Result, Store, contacts, conversations, events, usage};
use crate::model::{
    AccountId, AgentId, AgentName, Attachment, AttachmentId, Attributes, Availability, BotId,
    Channel, ContactId, ContentType, Conversation, ConversationId, ConversationStatus,
    DeliveryStatus, EventKind, FileType, InboxId, Message, MessageId, MessageKind, NewAttachment,
    Rich, RichKind, Sender,
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

/// Which messages of a conversation to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The newest so many.
    Newest(i64),
    /// The newest so many older than one.
    Before(MessageId, i64),
    /// The oldest so many newer than one.
    After(MessageId, i64),
    /// From one (included) to another (not), the oldest so many.
    Between(MessageId, MessageId, i64),
}

struct Row {
    id: MessageId,
    conversation: ConversationId,
    inbox: InboxId,
    kind: MessageKind,
    contact: Option<ContactId>,
    agent: Option<AgentId>,
    agent_name: Option<String>,
    agent_display_name: Option<String>,
    agent_email: Option<String>,
    agent_avatar_url: Option<String>,
    agent_availability: Option<Availability>,
    bot: Option<BotId>,
    bot_name: Option<String>,
    bot_avatar_url: Option<String>,
    content: Option<String>,
    content_type: ContentType,
    content_attributes: Attributes,
    rich_kind: Option<RichKind>,
    rich: Option<Value>,
    private: bool,
    status: DeliveryStatus,
    source_id: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

macro_rules! rows {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select m.id as "id: MessageId", m.conversation_id as "conversation: ConversationId", m.inbox_id as "inbox: InboxId",
                      m.kind as "kind: MessageKind", m.contact_id as "contact: ContactId", m.agent_id as "agent: AgentId",
                      u.name as "agent_name?", u.display_name as "agent_display_name?", u.email as "agent_email?",
                      u.avatar_url as "agent_avatar_url?", g.availability as "agent_availability?: Availability",
                      m.bot_id as "bot: BotId", b.name as "bot_name?", b.avatar_url as "bot_avatar_url?",
                      m.content, m.content_type as "content_type: ContentType", m.content_attributes,
                      m.rich_kind as "rich_kind: RichKind", m.rich, m.private, m.status as "status: DeliveryStatus",
                      m.source_id, m.created_at, m.updated_at
               from messages m
               left join users u on u.id = m.agent_id
               left join agents g on g.account_id = m.account_id and g.id = m.agent_id
               left join bots b on b.account_id = m.account_id and b.id = m.bot_id "# + $tail
            $(, $arg)*
        )
    };
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

/// The message.
pub async fn get(store: &Store, account: AccountId, id: MessageId) -> Result<Message> {
    let mut conn = store.read().await?;
    let row = rows!("where m.account_id = $1 and m.id = $2", account.0, id.0)
        .fetch_optional(&mut *conn)
        .await?
        .ok_or(Error::NotFound(Noun::Message))?;
    let mut messages = complete(&mut conn, account, vec![row]).await?;
    messages.pop().ok_or(Error::NotFound(Noun::Message))
}

/// Messages by their ids, in the order of the ids.
pub async fn list_by_ids(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "where m.account_id = $1 and m.id = any ($2) order by m.id",
        account.0,
        ids
    )
    .fetch_all(&mut *conn)
    .await?;
    complete(&mut conn, account, rows).await
}

/// Messages of a conversation, oldest first.
pub async fn list(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    page: Page,
) -> Result<Vec<Message>> {
    list_of(store, account, conversation, page, false).await
}

/// Messages of a conversation that its contact may see, oldest first: neither private nor activity messages.
pub async fn list_said(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    page: Page,
) -> Result<Vec<Message>> {
    list_of(store, account, conversation, page, true).await
}

async fn list_of(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    page: Page,
    public: bool,
) -> Result<Vec<Message>> {
    let (from, before, limit, newest) = match page {
        Page::Newest(limit) => (0, i64::MAX, limit, true),
        Page::Before(before, limit) => (0, before.0, limit, true),
        Page::After(after, limit) => (after.0.saturating_add(1), i64::MAX, limit, false),
        Page::Between(from, before, limit) => (from.0, before.0, limit, false),
    };
    let mut conn = store.read().await?;
    let rows = if newest {
        let mut rows = rows!(
            "where m.account_id = $1 and m.conversation_id = $2 and m.id >= $3 and m.id < $4
               and (not $6 or (not m.private and m.kind <> 'activity'))
             order by m.id desc limit $5",
            account.0,
            conversation.0,
            from,
            before,
            limit,
            public,
        )
        .fetch_all(&mut *conn)
        .await?;
        rows.reverse();
        rows
    } else {
        rows!(
            "where m.account_id = $1 and m.conversation_id = $2 and m.id >= $3 and m.id < $4
               and (not $6 or (not m.private and m.kind <> 'activity'))
             order by m.id limit $5",
            account.0,
            conversation.0,
            from,
            before,
            limit,
            public,
        )
        .fetch_all(&mut *conn)
        .await?
    };
    complete(&mut conn, account, rows).await
}

/// Messages of a conversation after one of them, oldest first, private ones left out.
pub(super) async fn list_public(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    after: MessageId,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "where m.account_id = $1 and m.conversation_id = $2 and m.id > $3 and not m.private order by m.id limit $4",
        account.0,
        conversation.0,
        after.0,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    complete(&mut conn, account, rows).await
}

/// The newest message of each of these conversations, private and activity messages left out if `public`.
pub async fn list_last(
    store: &Store,
    account: AccountId,
    conversations: &[i64],
    public: bool,
) -> Result<HashMap<ConversationId, Message>> {
    let mut conn = store.read().await?;
    let rows = rows!(
        "where m.account_id = $1 and m.id in (
             select (select l.id from messages l
                     where l.account_id = $1 and l.conversation_id = c.id
                       and (not $3 or (not l.private and l.kind <> 'activity'))
                     order by l.id desc limit 1)
             from unnest($2::bigint[]) as c(id))",
        account.0,
        conversations,
        public,
    )
    .fetch_all(&mut *conn)
    .await?;
    let messages = complete(&mut conn, account, rows).await?;
    Ok(messages
        .into_iter()
        .map(|message| (message.conversation, message))
        .collect())
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

/// Rows with their attachments, read in one further statement.
async fn complete(
    conn: &mut PgConnection,
    account: AccountId,
    rows: Vec<Row>,
) -> Result<Vec<Message>> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let mut attachments: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
    if !ids.is_empty() {
        let found = sqlx::query!(
            r#"select message_id as "message: MessageId", id as "id: AttachmentId", file_type as "file_type: FileType",
                      media_type, url, thumb_url, name, size_bytes, width, height, meta
               from attachments where account_id = $1 and message_id = any ($2) order by id"#,
            account.0,
            &ids,
        )
        .fetch_all(conn)
        .await?;
        for row in found {
            attachments
                .entry(row.message)
                .or_default()
                .push(Attachment {
                    id: row.id,
                    file_type: row.file_type,
                    media_type: row.media_type,
                    url: row.url,
                    thumb_url: row.thumb_url,
                    name: row.name,
                    size_bytes: row.size_bytes,
                    width: row.width,
                    height: row.height,
                    meta: row.meta,
                });
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let attachments = attachments.remove(&row.id).unwrap_or_default();
            row.into_message(attachments)
        })
        .collect())
}

impl Row {
    fn into_message(self, attachments: Vec<Attachment>) -> Message {
        let sender = match (self.contact, self.agent, self.bot) {
            (Some(id), _, _) => Sender::Contact(id),
            (_, Some(id), _) => Sender::Agent(AgentName {
                id,
                name: self.agent_name.unwrap_or_default(),
                display_name: self.agent_display_name,
                email: self.agent_email.unwrap_or_default(),
                avatar_url: self.agent_avatar_url.unwrap_or_default(),
                availability: self.agent_availability.unwrap_or(Availability::Offline),
            }),
            (_, _, Some(id)) => Sender::Bot {
                id,
                name: self.bot_name.unwrap_or_default(),
                avatar_url: self.bot_avatar_url.unwrap_or_default(),
            },
            (None, None, None) => Sender::System,
        };
        Message {
            id: self.id,
            conversation: self.conversation,
            inbox: self.inbox,
            kind: self.kind,
            sender,
            content: self.content,
            content_type: self.content_type,
            content_attributes: self.content_attributes,
            rich: self
                .rich_kind
                .zip(self.rich)
                .map(|(kind, body)| Rich { kind, body }),
            private: self.private,
            status: self.status,
            source_id: self.source_id,
            attachments,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
