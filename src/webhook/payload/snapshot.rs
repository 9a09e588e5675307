//! The rows that `store` keeps with an event, as far as payloads are made of them.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Debug, Deserialize)]
pub(super) struct Snapshot<'a> {
    #[serde(borrow)]
    pub(super) account: Named<'a>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(super) last_message: Option<Message<'a>>,
    #[serde(borrow)]
    pub(super) attachments: Vec<Attachment<'a>>,
    #[serde(borrow)]
    pub(super) conversation: Conversation<'a>,
    pub(super) labels: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) contact: Contact<'a>,
    #[serde(borrow)]
    pub(super) contact_inbox: ContactInbox<'a>,
    #[serde(borrow)]
    pub(super) inbox: Inbox<'a>,
    #[serde(borrow)]
    pub(super) agent: Option<User<'a>>,
    #[serde(borrow)]
    pub(super) bot: Option<Bot<'a>>,
    #[serde(borrow)]
    pub(super) assignee: Option<User<'a>>,
    #[serde(borrow, default)]
    pub(super) assignee_bot: Option<Bot<'a>>,
    #[serde(borrow)]
    pub(super) team: Option<Named<'a>>,
    #[serde(default = "yes")]
    pub(super) can_reply: bool,
    #[serde(borrow, default)]
    pub(super) changed: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) detail: Option<&'a RawValue>,
}

/// What a snapshot means that does not say, as those of earlier versions do not.
fn yes() -> bool {
    true
}

fn offline<'a>() -> Cow<'a, str> {
    Cow::Borrowed("offline")
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
pub(super) struct WidgetSnapshot<'a> {
    #[serde(borrow)]
    pub(super) account: Named<'a>,
    #[serde(borrow)]
    pub(super) contact: Contact<'a>,
    #[serde(borrow)]
    pub(super) contact_inbox: ContactInbox<'a>,
    #[serde(borrow)]
    pub(super) inbox: Inbox<'a>,
    #[serde(borrow, default)]
    pub(super) conversation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) detail: &'a RawValue,
}

/// What there is of it when nothing but a contact is concerned.
#[derive(Debug, Deserialize)]
pub(super) struct ContactSnapshot<'a> {
    #[serde(borrow)]
    pub(super) account: Named<'a>,
    #[serde(borrow)]
    pub(super) contact: Contact<'a>,
    #[serde(borrow, default)]
    pub(super) changed: Option<&'a RawValue>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Bot<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) avatar_url: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct User<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) email: Cow<'a, str>,
    pub(super) display_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) avatar_url: Cow<'a, str>,
    #[serde(default = "offline")]
    pub(super) availability_status: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Inbox<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) channel: Cow<'a, str>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Contact<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) email: Option<Cow<'a, str>>,
    pub(super) phone_number: Option<Cow<'a, str>>,
    pub(super) identifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) avatar_url: Cow<'a, str>,
    pub(super) blocked: bool,
    pub(super) additional_attributes: &'a RawValue,
    pub(super) custom_attributes: &'a RawValue,
}

#[derive(Debug, Deserialize)]
pub(super) struct ContactInbox<'a> {
    pub(super) id: i64,
    pub(super) contact_id: i64,
    pub(super) inbox_id: i64,
    #[serde(borrow)]
    pub(super) source_id: Cow<'a, str>,
    pub(super) hmac_verified: bool,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Conversation<'a> {
    pub(super) id: i64,
    pub(super) inbox_id: i64,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    pub(super) priority: Option<Cow<'a, str>>,
    pub(super) assignee_id: Option<i64>,
    pub(super) additional_attributes: &'a RawValue,
    pub(super) custom_attributes: &'a RawValue,
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
pub(super) struct Message<'a> {
    pub(super) id: i64,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    pub(super) contact_id: Option<i64>,
    pub(super) agent_id: Option<i64>,
    pub(super) bot_id: Option<i64>,
    pub(super) content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) content_type: Cow<'a, str>,
    pub(super) content_attributes: &'a RawValue,
    #[serde(borrow, default)]
    pub(super) rich_kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) rich: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) additional_attributes: Option<&'a RawValue>,
    pub(super) private: bool,
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    pub(super) source_id: Option<Cow<'a, str>>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Attachment<'a> {
    pub(super) id: i64,
    pub(super) message_id: i64,
    #[serde(borrow)]
    pub(super) file_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) media_type: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) url: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) thumb_url: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) size_bytes: Option<i64>,
    pub(super) width: Option<i64>,
    pub(super) height: Option<i64>,
    #[serde(default)]
    pub(super) meta: Value,
}
