//! Where each visitor is in its flow: what a turn is computed from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::groups::{self, Job};
use super::{Result, Store};
use crate::model::{
    AccountId, Attributes, BotId, ConversationId, ConversationStatus, FlowVersion, StreamId,
};

/// A conversation whose inbox a bot serves, as a turn sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// The account.
    pub account: AccountId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Where it stands.
    pub status: ConversationStatus,
    /// The visitor's handle on it, when it was started by a chat client.
    pub stream: Option<StreamId>,
    /// What it was started with.
    pub metadata: Attributes,
    /// The contact's name, or empty.
    pub name: String,
    /// The contact's e-mail address.
    pub email: Option<String>,
    /// The contact's phone number.
    pub phone_number: Option<String>,
    /// What the account keeps of the contact.
    pub properties: Attributes,
    /// Whether what the contact says is put aside.
    pub blocked: bool,
    /// The bot that serves the inbox now, with the newest version of its flow.
    pub serving: Option<(BotId, FlowVersion)>,
    /// Where the visitor is, once a flow has begun.
    pub session: Option<StoredSession>,
}

/// Where a visitor is in a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSession {
    /// The bot.
    pub bot: BotId,
    /// The version that the session began with.
    pub flow_version: FlowVersion,
    /// How many turns made it what it is: settles which of two came first.
    pub version: i64,
    /// What the engine remembers.
    pub state: Value,
    /// When a wait is over.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether the flow is over.
    pub ended: bool,
}

struct Row {
    account: AccountId,
    conversation: ConversationId,
    status: ConversationStatus,
    stream: Option<StreamId>,
    metadata: Attributes,
    name: String,
    email: Option<String>,
    phone_number: Option<String>,
    properties: Attributes,
    blocked: bool,
    serving_bot: Option<BotId>,
    serving_version: Option<FlowVersion>,
    bot: Option<BotId>,
    flow_version: Option<FlowVersion>,
    version: Option<i64>,
    state: Option<Value>,
    due_at: Option<DateTime<Utc>>,
    ended: bool,
}

macro_rules! chats {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select c.account_id as "account: AccountId", c.id as "conversation: ConversationId",
                      c.status as "status: ConversationStatus", c.stream_id as "stream: StreamId",
                      c.custom_attributes as metadata, ct.name, ct.email, ct.phone_number,
                      ct.custom_attributes as properties, ct.blocked,
                      b.id as "serving_bot?: BotId", b.flow_version as "serving_version?: FlowVersion",
                      s.bot_id as "bot?: BotId", s.flow_version as "flow_version?: FlowVersion",
                      s.version as "version?", s.state as "state?", s.due_at,
                      s.ended_at is not null as "ended!"
               from conversations c
               join accounts a on a.id = c.account_id
               join contacts ct on ct.account_id = c.account_id and ct.id = c.contact_id
               join inboxes i on i.account_id = c.account_id and i.id = c.inbox_id
               left join bots b on b.account_id = i.account_id and b.id = i.bot_id and b.removed_at is null
               left join flow_sessions s on s.account_id = c.account_id and s.conversation_id = c.id "# + $tail
            $(, $arg)*
        )
    };
}

/// The chat behind a visitor's handle, which is its own credential: it tells the account. Not of a suspended one.
pub async fn find_by_stream(store: &Store, stream: StreamId) -> Result<Option<Chat>> {
    store.chats.join(store, OfStream(stream)).await
}

/// A chat to find by its visitor's handle, with others that are asked for at the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfStream(StreamId);

impl Job for OfStream {
    type Key = ();
    type Outcome = Option<Chat>;

    fn key(&self) -> Option<()> {
        None
    }

    async fn run(store: &Store, asked: Vec<Self>) -> Vec<Result<Option<Chat>>> {
        let streams: Vec<i64> = asked.iter().map(|OfStream(stream)| stream.0).collect();
        match find_all(store, &streams).await {
            Ok(chats) => {
                let asked = asked.iter();
                asked
                    .map(|OfStream(stream)| Ok(chats.get(stream).cloned()))
                    .collect()
            }
            Err(error) => groups::failed(error, asked.len()),
        }
    }
}

/// The chats behind handles, of accounts that are not suspended.
async fn find_all(store: &Store, streams: &[i64]) -> Result<HashMap<StreamId, Chat>> {
    let rows = chats!(
        "where c.stream_id = any($1) and a.status = 'active'",
        streams
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let keyed = |chat: Chat| Some((chat.stream?, chat));
    Ok(rows.into_iter().map(Chat::from).filter_map(keyed).collect())
}

/// The conversation as a turn sees it.
pub async fn find(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<Chat>> {
    let row = chats!(
        "where c.account_id = $1 and c.id = $2",
        account.0,
        conversation.0
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(row.map(Chat::from))
}

/// Sessions of all accounts whose wait is over, longest first: the server's timer serves every tenant.
pub async fn list_due(
    store: &Store,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(AccountId, ConversationId)>> {
    let rows = sqlx::query!(
        r#"select s.account_id as "account: AccountId", s.conversation_id as "conversation: ConversationId"
           from flow_sessions s join accounts a on a.id = s.account_id and a.status = 'active'
           where s.due_at <= $1 order by s.due_at limit $2"#,
        now,
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.account, row.conversation))
        .collect())
}

/// Whether an agent has spoken to the contact since a moment.
pub async fn has_agent_spoken(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    since: DateTime<Utc>,
) -> Result<bool> {
    let spoken = sqlx::query_scalar!(
        r#"select exists (
               select from messages
               where account_id = $1 and conversation_id = $2 and agent_id is not null and not private
                 and kind = 'outgoing' and created_at >= $3
           ) as "spoken!""#,
        account.0,
        conversation.0,
        since,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(spoken)
}

impl From<Row> for Chat {
    fn from(row: Row) -> Self {
        let session = match (row.bot, row.flow_version, row.version, row.state) {
            (Some(bot), Some(flow_version), Some(version), Some(state)) => Some(StoredSession {
                bot,
                flow_version,
                version,
                state,
                due_at: row.due_at,
                ended: row.ended,
            }),
            _ => None,
        };
        Self {
            account: row.account,
            conversation: row.conversation,
            status: row.status,
            stream: row.stream,
            metadata: row.metadata,
            name: row.name,
            email: row.email,
            phone_number: row.phone_number,
            properties: row.properties,
            blocked: row.blocked,
            serving: row.serving_bot.zip(row.serving_version),
            session,
        }
    }
}
