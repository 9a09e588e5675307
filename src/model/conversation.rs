//! A thread of messages with one contact.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::text_enum::text_enum;
use super::{
    AccountId, AgentId, Attributes, BotId, ContactId, ContactInboxId, ConversationId, EndpointId,
    InboxId, StreamId, TeamId,
};

text_enum! {
    /// Where a conversation stands.
    ConversationStatus {
        /// With the agents.
        Open = "open",
        /// Over.
        Resolved = "resolved",
        /// With a bot.
        Pending = "pending",
        /// Put off.
        Snoozed = "snoozed",
    }
}

text_enum! {
    /// How much a conversation presses.
    Priority { Low = "low", Medium = "medium", High = "high", Urgent = "urgent" }
}

/// A thread of messages with one contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Whose it is.
    pub account: AccountId,
    /// The number people see.
    pub id: ConversationId,
    /// Its name across all servers.
    pub uuid: Uuid,
    /// Where it takes place.
    pub inbox: InboxId,
    /// With whom.
    pub contact: ContactId,
    /// Through which way in.
    pub contact_inbox: ContactInboxId,
    /// Where it stands.
    pub status: ConversationStatus,
    /// How much it presses.
    pub priority: Option<Priority>,
    /// The agent it is given to.
    pub assignee: Option<AgentId>,
    /// The bot it is given to, if it is given to no agent.
    pub assignee_bot: Option<BotId>,
    /// The team it is given to.
    pub team: Option<TeamId>,
    /// Whether its contact was silenced.
    pub muted: bool,
    /// When a snoozed one comes back.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// What the server found out.
    pub additional_attributes: Attributes,
    /// What the account keeps; a chat start's metadata is here.
    pub custom_attributes: Attributes,
    /// The visitor's handle on it, when it was started by a chat client.
    pub stream: Option<StreamId>,
    /// Where the visitor's client hears of agents.
    pub callback_endpoint: Option<EndpointId>,
    /// The contact's first message.
    pub first_visitor_message_at: Option<DateTime<Utc>>,
    /// The first message of an agent.
    pub first_agent_message_at: Option<DateTime<Utc>>,
    /// The last message of either.
    pub last_message_at: Option<DateTime<Utc>>,
    /// The agent who answered last.
    pub last_agent: Option<AgentId>,
    /// The contact's messages since an agent last looked.
    pub unread_count: i64,
    /// Since when the contact has had no answer.
    pub waiting_since: Option<DateTime<Utc>>,
    /// When an agent last looked.
    pub agent_last_seen_at: Option<DateTime<Utc>>,
    /// When its assignee last looked.
    pub assignee_last_seen_at: Option<DateTime<Utc>>,
    /// When the contact last looked.
    pub contact_last_seen_at: Option<DateTime<Utc>>,
    /// When anything last happened in it.
    pub last_activity_at: DateTime<Utc>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
}
