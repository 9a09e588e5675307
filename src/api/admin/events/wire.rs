//! An event as it is told: these fields and no others, whatever columns the rows behind them have.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::admin::error::Result;
use crate::store::{self, event_feed::FeedEvent};

/// Something that happened.
#[derive(Debug, Serialize)]
pub(super) struct EventOut {
    cursor: String,
    id: i64,
    kind: &'static str,
    created_at: DateTime<Utc>,
    #[serde(flatten)]
    about: About,
}

impl EventOut {
    pub(super) fn read(event: FeedEvent) -> Result<Self> {
        let about: About = serde_json::from_value(event.snapshot).map_err(store::Error::from)?;
        Ok(Self {
            cursor: event.position.to_string(),
            id: event.id.0,
            kind: event.kind.as_str(),
            created_at: event.created_at,
            about: about.of_its_message(),
        })
    }

    pub(super) fn cursor(&self) -> &str {
        &self.cursor
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }
}

/// What it was about. A snapshot holds more; the rest is not told.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    message: Option<Message>,
    attachments: Vec<Attachment>,
    conversation: Option<Conversation>,
    labels: Vec<String>,
    contact: Option<Contact>,
    inbox: Option<Inbox>,
    /// Who wrote the message, if an agent did.
    agent: Option<Person>,
    /// Who wrote the message, if a bot did.
    bot: Option<Named>,
    assignee: Option<Person>,
    team: Option<Named>,
    /// What changed, with the values before and after, where that is known.
    #[serde(default)]
    changed: Option<Value>,
    #[serde(default)]
    endpoint: Option<Endpoint>,
}

impl About {
    /// Without the author and the attachments of a message that the event is not about.
    fn of_its_message(self) -> Self {
        if self.message.is_some() {
            return self;
        }
        Self {
            attachments: Vec::new(),
            agent: None,
            bot: None,
            ..self
        }
    }
}

/// An endpoint to which nothing is sent any more.
#[derive(Debug, Serialize, Deserialize)]
struct Endpoint {
    id: i64,
    kind: String,
    inbox_id: Option<i64>,
    bot_id: Option<i64>,
    reason: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    id: i64,
    kind: String,
    contact_id: Option<i64>,
    agent_id: Option<i64>,
    bot_id: Option<i64>,
    content: Option<String>,
    content_type: String,
    content_attributes: Map<String, Value>,
    private: bool,
    status: String,
    source_id: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Attachment {
    id: i64,
    file_type: String,
    media_type: String,
    url: String,
    thumb_url: String,
    name: String,
    size_bytes: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Conversation {
    id: i64,
    inbox_id: i64,
    contact_id: i64,
    status: String,
    priority: Option<String>,
    additional_attributes: Map<String, Value>,
    custom_attributes: Map<String, Value>,
    snoozed_until: Option<DateTime<Utc>>,
    unread_count: i64,
    waiting_since: Option<DateTime<Utc>>,
    last_activity_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Contact {
    id: i64,
    name: String,
    email: Option<String>,
    phone_number: Option<String>,
    identifier: Option<String>,
    avatar_url: String,
    blocked: bool,
    additional_attributes: Map<String, Value>,
    custom_attributes: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Inbox {
    id: i64,
    name: String,
    channel: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Person {
    id: i64,
    name: String,
    email: String,
    display_name: Option<String>,
    avatar_url: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    id: i64,
    name: String,
}
