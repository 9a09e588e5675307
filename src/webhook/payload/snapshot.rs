//! The rows that `store` keeps with an event, as far as payloads are made of them.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Debug, Deserialize)]
pub(super) struct Snapshot {
    pub(super) account: Named,
    pub(super) message: Option<Message>,
    #[serde(default)]
    pub(super) last_message: Option<Message>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) conversation: Conversation,
    pub(super) labels: Vec<String>,
    pub(super) contact: Contact,
    pub(super) contact_inbox: ContactInbox,
    pub(super) inbox: Inbox,
    pub(super) agent: Option<User>,
    pub(super) bot: Option<Named>,
    pub(super) assignee: Option<User>,
    pub(super) team: Option<Named>,
    #[serde(default)]
    pub(super) changed: Option<Value>,
    #[serde(default)]
    pub(super) detail: Option<Value>,
}

/// What there is to tell of somebody who writes.
#[derive(Debug, Deserialize)]
pub(super) struct Typing {
    pub(super) by: Typist,
    pub(super) private: bool,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Typist {
    Contact,
    Agent {
        id: i64,
        name: String,
        email: String,
    },
    Bot {
        id: i64,
        name: String,
    },
}

/// What there is of it when a visitor opened a chat window, maybe with no conversation in it.
#[derive(Debug, Deserialize)]
pub(super) struct WidgetSnapshot {
    pub(super) account: Named,
    pub(super) contact: Contact,
    pub(super) contact_inbox: ContactInbox,
    pub(super) inbox: Inbox,
    pub(super) detail: Value,
}

/// What there is of it when nothing but a contact is concerned.
#[derive(Debug, Deserialize)]
pub(super) struct ContactSnapshot {
    pub(super) account: Named,
    pub(super) contact: Contact,
    #[serde(default)]
    pub(super) changed: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) id: i64,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) display_name: Option<String>,
    pub(super) avatar_url: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Inbox {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) channel: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Contact {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone_number: Option<String>,
    pub(super) identifier: Option<String>,
    pub(super) avatar_url: String,
    pub(super) blocked: bool,
    pub(super) additional_attributes: Map<String, Value>,
    pub(super) custom_attributes: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ContactInbox {
    pub(super) id: i64,
    pub(super) contact_id: i64,
    pub(super) inbox_id: i64,
    pub(super) source_id: String,
    pub(super) hmac_verified: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Conversation {
    pub(super) id: i64,
    pub(super) inbox_id: i64,
    pub(super) status: String,
    pub(super) priority: Option<String>,
    pub(super) assignee_id: Option<i64>,
    pub(super) additional_attributes: Map<String, Value>,
    pub(super) custom_attributes: Map<String, Value>,
    pub(super) snoozed_until: Option<DateTime<Utc>>,
    pub(super) unread_count: i64,
    pub(super) first_agent_message_at: Option<DateTime<Utc>>,
    pub(super) waiting_since: Option<DateTime<Utc>>,
    pub(super) agent_last_seen_at: Option<DateTime<Utc>>,
    pub(super) contact_last_seen_at: Option<DateTime<Utc>>,
    pub(super) last_activity_at: DateTime<Utc>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) contact_id: Option<i64>,
    pub(super) agent_id: Option<i64>,
    pub(super) bot_id: Option<i64>,
    pub(super) content: Option<String>,
    pub(super) content_type: String,
    pub(super) content_attributes: Map<String, Value>,
    pub(super) private: bool,
    pub(super) status: String,
    pub(super) source_id: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attachment {
    pub(super) id: i64,
    pub(super) message_id: i64,
    pub(super) file_type: String,
    pub(super) media_type: String,
    pub(super) url: String,
    pub(super) thumb_url: String,
    pub(super) name: String,
    pub(super) size_bytes: Option<i64>,
    pub(super) width: Option<i64>,
    pub(super) height: Option<i64>,
}
