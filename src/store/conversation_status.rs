//! Where a conversation stands, as somebody inside sets it: with the note that tells of it, and whom it falls to.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::messages::{self, From, NewMessage};
use super::{Result, conversations, events};
use crate::model::{AccountId, AgentId, Conversation, ConversationStatus, EventKind, MessageKind};

/// A change to make.
#[derive(Debug, Clone)]
pub struct StatusChange {
    /// Where the conversation is to stand; if nobody says, an open one is resolved and any other opened.
    pub to: Option<ConversationStatus>,
    /// When a snoozed one comes back.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Who makes it.
    pub by: From,
    /// Who becomes the assignee if the conversation ends up open.
    pub opener: Option<AgentId>,
}

impl StatusChange {
    /// Where a conversation ends up that stands at `from`.
    pub fn target(&self, from: ConversationStatus) -> ConversationStatus {
        self.to.unwrap_or(match from {
            ConversationStatus::Open => ConversationStatus::Resolved,
            ConversationStatus::Resolved
            | ConversationStatus::Pending
            | ConversationStatus::Snoozed => ConversationStatus::Open,
        })
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChanged {
    /// Where the conversation stood.
    pub from: ConversationStatus,
    /// Where it stands.
    pub to: ConversationStatus,
    /// When a snoozed one comes back.
    pub snoozed_until: Option<DateTime<Utc>>,
}

/// Makes the change to a locked conversation.
pub(super) async fn make(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    change: &StatusChange,
    now: DateTime<Utc>,
) -> Result<()> {
    let to = change.target(conversation.status);
    let snoozed_until = change
        .snoozed_until
        .filter(|_| to == ConversationStatus::Snoozed);
    let from = conversation.status;
    let by = name_of(conn, account, conversation, change.by).await?;
    conversations::move_to(conn, account, conversation, to, snoozed_until, now).await?;
    if from != to {
        let text = match to {
            ConversationStatus::Open => "Conversation was reopened by ",
            ConversationStatus::Resolved => "Conversation was marked resolved by ",
            ConversationStatus::Pending => "Conversation was marked as pending by ",
            ConversationStatus::Snoozed => "Conversation was snoozed by ",
        };
        note(conn, account, conversation, format!("{text}{by}"), now).await?;
    }
    match change.opener.filter(|_| to == ConversationStatus::Open) {
        Some(opener) if conversation.assignee != Some(opener) => {
            assign(conn, account, conversation, opener, now).await?;
            let text = format!("{by} self-assigned this conversation");
            note(conn, account, conversation, text, now).await
        }
        Some(_) | None => Ok(()),
    }
}

async fn name_of(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    who: From,
) -> Result<String> {
    let name = match who {
        From::System => None,
        From::Contact => sqlx::query_scalar!(
            "select name from contacts where account_id = $1 and id = $2",
            account.0,
            conversation.contact.0,
        )
        .fetch_optional(conn)
        .await?,
        From::Agent(id) => sqlx::query_scalar!(
            "select u.name from agents a join users u on u.id = a.id where a.account_id = $1 and a.id = $2",
            account.0,
            id.0,
        )
        .fetch_optional(conn)
        .await?,
        From::Bot(id) => sqlx::query_scalar!(
            "select name from bots where account_id = $1 and id = $2",
            account.0,
            id.0,
        )
        .fetch_optional(conn)
        .await?,
    };
    Ok(name.unwrap_or_else(|| "System".to_owned()))
}

async fn assign(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    agent: AgentId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update conversations set assignee_id = $3, updated_at = $4 where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        agent.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let previous = conversation.assignee.replace(agent);
    conversation.updated_at = now;
    let changed = serde_json::json!([
        {"assignee_id": {"previous_value": previous.map(|id| id.0), "current_value": agent.0}}
    ]);
    let event = events::NewEvent::of_conversation(EventKind::ConversationUpdated, conversation.id)
        .changing(&changed);
    events::append(conn, account, event, now).await
}

async fn note(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    text: String,
    now: DateTime<Utc>,
) -> Result<()> {
    let message = NewMessage::text(MessageKind::Activity, From::System, text);
    messages::insert(conn, account, conversation, message, now).await?;
    Ok(())
}
