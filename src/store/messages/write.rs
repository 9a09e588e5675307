//! Messages put into a locked conversation, with everything that is kept of them elsewhere.
//!
//! Several that are said at one moment are written together: one statement for the rows, one for what the conversation,
//! its contact and the month's usage keep of them, and one for the events.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::{From, NewMessage};
use crate::model::{
    AccountId, AgentId, Channel, Conversation, ConversationStatus, MessageId, MessageKind,
    NewAttachment,
};
use crate::store::turns::Saying;
use crate::store::{Result, conversations, events, usage};

/// Puts a message into a locked conversation.
pub(in crate::store) async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    new: NewMessage,
    now: DateTime<Utc>,
) -> Result<MessageId> {
    let saying = Saying {
        for_visitor: spoken_to_visitor(&new),
        message: new,
    };
    let ids = insert_all(conn, account, conversation, &[saying], now).await?;
    Ok(ids.first().copied().unwrap_or(MessageId(0)))
}

/// Puts messages that are said at the same moment into a locked conversation, in their order. Each says itself what the
/// visitor's chat client is told of it.
pub(in crate::store) async fn insert_all(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    sayings: &[Saying],
    now: DateTime<Utc>,
) -> Result<Vec<MessageId>> {
    let Some(first) = sayings.first() else {
        return Ok(Vec::new());
    };
    let said_at = first.message.said_at.unwrap_or(now);
    let ids = insert_rows(conn, account, conversation, sayings, (said_at, now)).await?;
    for (id, saying) in ids.iter().zip(sayings) {
        insert_attachments(conn, account, *id, &saying.message.attachments, now).await?;
    }
    let noted = Noted::of(sayings);
    if noted.any {
        note(conn, account, conversation, &noted, (said_at, now)).await?;
    }
    let told: Vec<_> = ids
        .iter()
        .zip(sayings)
        .map(|(id, saying)| (*id, saying.for_visitor.as_deref()))
        .collect();
    events::append_messages(conn, account, conversation.id, &told, now).await?;
    if noted.incoming > 0 {
        reopen(conn, account, conversation, now).await?;
    }
    Ok(ids)
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
pub(in crate::store) async fn find_copy(
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

async fn insert_rows(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    sayings: &[Saying],
    (said_at, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<MessageId>> {
    let new = || sayings.iter().map(|saying| &saying.message);
    let kinds: Vec<String> = new().map(|new| new.kind.to_string()).collect();
    let (mut contacts, mut agents, mut bots) = (Vec::new(), Vec::new(), Vec::new());
    for new in new() {
        let contact = matches!(new.from, From::Contact).then_some(conversation.contact.0);
        contacts.push(contact);
        agents.push(new.agent().map(|id| id.0));
        bots.push(match new.from {
            From::Bot(id) => Some(id.0),
            From::System | From::Contact | From::Agent(_) => None,
        });
    }
    let contents: Vec<Option<String>> = new().map(|new| new.content.clone()).collect();
    let types: Vec<String> = new().map(|new| new.content_type.to_string()).collect();
    let attributes: Vec<Value> = new()
        .map(|new| Value::from(new.content_attributes.clone()))
        .collect();
    let rich_kinds: Vec<Option<String>> = new()
        .map(|new| new.rich.as_ref().map(|rich| rich.kind.to_string()))
        .collect();
    let rich: Vec<Option<Value>> = new()
        .map(|new| new.rich.as_ref().map(|rich| rich.body.clone()))
        .collect();
    let private: Vec<bool> = new().map(|new| new.private).collect();
    let source_ids: Vec<Option<String>> = new().map(|new| new.source_id.clone()).collect();
    let mut ids = sqlx::query_scalar!(
        r#"insert into messages (account_id, conversation_id, inbox_id, contact_inbox_id, kind, contact_id, agent_id, bot_id,
                                 content, content_type, content_attributes, rich_kind, rich, private, source_id,
                                 created_at, updated_at)
           select $1, $2, $3, $4, m.*, $16, $17
           from unnest($5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::jsonb[],
                       $12::text[], $13::jsonb[], $14::boolean[], $15::text[]) as m
           returning id as "id: MessageId""#,
        account.0,
        conversation.id.0,
        conversation.inbox.0,
        conversation.contact_inbox.0,
        &kinds,
        &contacts as &[Option<i64>],
        &agents as &[Option<i64>],
        &bots as &[Option<i64>],
        &contents as &[Option<String>],
        &types,
        &attributes,
        &rich_kinds as &[Option<String>],
        &rich as &[Option<Value>],
        &private,
        &source_ids as &[Option<String>],
        said_at,
        now,
    )
    .fetch_all(conn)
    .await?;
    // Ids are given in the order of the rows.
    ids.sort_unstable_by_key(|id| id.0);
    Ok(ids)
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

/// What is kept elsewhere of messages.
struct Noted {
    /// Whether there is one that is more than the server's note.
    any: bool,
    /// How many the contact said.
    incoming: i64,
    /// How many the contact may see.
    public: i64,
    /// The agent who spoke to the contact.
    agent: Option<AgentId>,
}

impl Noted {
    fn of(sayings: &[Saying]) -> Self {
        let mut noted = Self {
            any: false,
            incoming: 0,
            public: 0,
            agent: None,
        };
        let messages = sayings.iter().map(|saying| &saying.message);
        for message in messages.filter(|message| message.kind != MessageKind::Activity) {
            noted.any = true;
            noted.incoming += i64::from(message.kind == MessageKind::Incoming);
            noted.public += i64::from(!message.private);
            if message.kind == MessageKind::Outgoing && !message.private {
                noted.agent = message.agent().or(noted.agent);
            }
        }
        noted
    }
}

/// Keeps up what is shown and counted of messages, so that no report has to read them. When an agent was last active is
/// kept to the minute, as everything that the agent says at once would wait for that row.
async fn note(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    noted: &Noted,
    (said_at, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    sqlx::query!(
        "with conversation as (
             update conversations set
                 first_visitor_message_at = case when $3::bigint > 0 then coalesce(first_visitor_message_at, $6)
                                                 else first_visitor_message_at end,
                 visitor_message_count = visitor_message_count + $3,
                 unread_count = unread_count + $3,
                 waiting_since = case when $3 > 0 then coalesce(waiting_since, $6)
                                      when $4::bigint is not null then null else waiting_since end,
                 first_agent_message_at = case when $4::bigint is not null
                                               then coalesce(first_agent_message_at, $6) else first_agent_message_at end,
                 last_agent_id = coalesce($4, last_agent_id),
                 last_message_at = case when $5::bigint > 0 then greatest(last_message_at, $6) else last_message_at end,
                 last_activity_at = greatest(last_activity_at, $6),
                 updated_at = $7
             where account_id = $1 and id = $2
         ), way as (
             update contact_inboxes set first_interacted_at = coalesce(first_interacted_at, $6),
                    last_interacted_at = greatest(last_interacted_at, $6)
             where $3 > 0 and account_id = $1 and id = $8
         ), contact as (
             update contacts set last_activity_at = greatest(last_activity_at, $7), row_version = row_version + 1,
                    updated_at = $7
             where $3 > 0 and account_id = $1 and id = $9
         ), agent as (
             update agents set last_active_at = $6
             where account_id = $1 and id = $4 and coalesce(last_active_at < $6 - interval '1 minute', true)
         ), person as (
             insert into usage_month_people (account_id, inbox_id, month, contact_inbox_id)
             select $1, $10, $11, $8 where $5 > 0 on conflict do nothing returning 1
         )
         insert into usage_months (account_id, inbox_id, month, slice, messages, people)
         select $1, $10, $11, ($8 % 16)::smallint, $5, (select count(*) from person) where $5 > 0
         on conflict (account_id, inbox_id, month, slice) do update
         set messages = usage_months.messages + excluded.messages, people = usage_months.people + excluded.people",
        account.0,
        conversation.id.0,
        noted.incoming,
        noted.agent.map(|id| id.0),
        noted.public,
        said_at,
        now,
        conversation.contact_inbox.0,
        conversation.contact.0,
        conversation.inbox.0,
        usage::month_of(said_at),
    )
    .execute(conn)
    .await?;
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
    if !reopens(conversation) {
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

/// Whether a contact who speaks brings the conversation back.
pub(in crate::store) fn reopens(conversation: &Conversation) -> bool {
    let closed = matches!(
        conversation.status,
        ConversationStatus::Resolved | ConversationStatus::Snoozed
    );
    closed && !conversation.muted
}

impl NewMessage {
    fn agent(&self) -> Option<AgentId> {
        match self.from {
            From::Agent(id) => Some(id),
            From::System | From::Contact | From::Bot(_) => None,
        }
    }
}
