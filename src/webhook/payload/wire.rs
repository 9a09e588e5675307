//! The shapes of Chatlake's payloads, field for field.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// An object with nothing in it.
#[derive(Serialize)]
pub(super) struct Empty {}

#[derive(Serialize)]
pub(super) struct MessagePayload<'a> {
    pub(super) account: NamedPart<'a>,
    pub(super) additional_attributes: AttributesPart<'a>,
    pub(super) content_attributes: ContentPart<'a>,
    pub(super) content_type: &'a str,
    pub(super) content: Option<String>,
    pub(super) conversation: ConversationPart<'a>,
    pub(super) created_at: String,
    pub(super) id: i64,
    pub(super) inbox: NamedPart<'a>,
    pub(super) message_type: &'a str,
    pub(super) private: bool,
    pub(super) sender: Option<SenderPart<'a>>,
    pub(super) source_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attachments: Vec<AttachmentPart<'a>>,
    pub(super) event: &'static str,
}

#[derive(Serialize)]
pub(super) struct ConversationPayload<'a> {
    #[serde(flatten)]
    pub(super) conversation: ConversationPart<'a>,
    pub(super) account: NamedPart<'a>,
    pub(super) event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changed_attributes: Option<Option<&'a RawValue>>,
}

#[derive(Serialize)]
pub(super) struct TypingPayload<'a> {
    pub(super) event: &'static str,
    pub(super) user: SenderPart<'a>,
    pub(super) conversation: ConversationPart<'a>,
    pub(super) is_private: bool,
}

#[derive(Serialize)]
pub(super) struct WidgetPayload<'a> {
    pub(super) id: i64,
    pub(super) contact: ContactPart<'a>,
    pub(super) inbox: NamedPart<'a>,
    pub(super) account: NamedPart<'a>,
    pub(super) current_conversation: Option<ConversationPart<'a>>,
    pub(super) source_id: &'a str,
    pub(super) event: &'static str,
    pub(super) event_info: &'a RawValue,
}

#[derive(Serialize)]
pub(super) struct NamedPart<'a> {
    pub(super) id: i64,
    pub(super) name: &'a str,
}

#[derive(Serialize)]
pub(super) struct ConversationPart<'a> {
    pub(super) additional_attributes: &'a RawValue,
    pub(super) can_reply: bool,
    pub(super) channel: &'static str,
    pub(super) contact_inbox: ContactInboxPart<'a>,
    pub(super) id: i64,
    pub(super) inbox_id: i64,
    pub(super) messages: Vec<PushMessage<'a>>,
    pub(super) labels: &'a [Cow<'a, str>],
    pub(super) meta: MetaPart<'a>,
    pub(super) status: &'a str,
    pub(super) custom_attributes: &'a RawValue,
    pub(super) snoozed_until: Option<String>,
    pub(super) unread_count: i64,
    pub(super) first_reply_created_at: Option<String>,
    pub(super) priority: Option<&'a str>,
    pub(super) waiting_since: i64,
    pub(super) agent_last_seen_at: i64,
    pub(super) contact_last_seen_at: i64,
    pub(super) last_activity_at: i64,
    pub(super) timestamp: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: f64,
}

#[derive(Serialize)]
pub(super) struct ContactInboxPart<'a> {
    pub(super) id: i64,
    pub(super) contact_id: i64,
    pub(super) inbox_id: i64,
    pub(super) source_id: &'a str,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) hmac_verified: bool,
}

#[derive(Serialize)]
pub(super) struct MetaPart<'a> {
    pub(super) sender: PushContact<'a>,
    pub(super) assignee: Option<AssigneePart<'a>>,
    pub(super) assignee_type: Option<&'static str>,
    pub(super) team: Option<NamedPart<'a>>,
    pub(super) hmac_verified: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AssigneePart<'a> {
    User(PushUser<'a>),
    Bot(PushBot<'a>),
}

/// Attributes as they are kept.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AttributesPart<'a> {
    Kept(&'a RawValue),
    None(Empty),
}

/// What goes with a message; rich content stands there as its type and, under the name of the type, its body.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum ContentPart<'a> {
    Plain(&'a RawValue),
    Rich(Map<String, Value>),
}

#[derive(Serialize)]
pub(super) struct PushContact<'a> {
    pub(super) additional_attributes: &'a RawValue,
    pub(super) custom_attributes: &'a RawValue,
    pub(super) email: Option<&'a str>,
    pub(super) id: i64,
    pub(super) identifier: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) phone_number: Option<&'a str>,
    pub(super) thumbnail: &'a str,
    pub(super) blocked: bool,
    pub(super) r#type: &'static str,
}

#[derive(Serialize)]
pub(super) struct PushUser<'a> {
    pub(super) id: i64,
    pub(super) name: &'a str,
    pub(super) available_name: &'a str,
    pub(super) avatar_url: &'a str,
    pub(super) r#type: &'static str,
    pub(super) availability_status: &'a str,
    pub(super) thumbnail: &'a str,
}

#[derive(Serialize)]
pub(super) struct PushBot<'a> {
    pub(super) id: i64,
    pub(super) name: &'a str,
    pub(super) avatar_url: &'a str,
    pub(super) r#type: &'static str,
}

#[derive(Serialize)]
pub(super) struct ContactPart<'a> {
    pub(super) account: NamedPart<'a>,
    pub(super) additional_attributes: &'a RawValue,
    pub(super) avatar: &'a str,
    pub(super) custom_attributes: &'a RawValue,
    pub(super) email: Option<&'a str>,
    pub(super) id: i64,
    pub(super) identifier: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) phone_number: Option<&'a str>,
    pub(super) thumbnail: &'a str,
    pub(super) blocked: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum SenderPart<'a> {
    Contact(ContactPart<'a>),
    User {
        id: i64,
        name: &'a str,
        email: &'a str,
        r#type: &'static str,
    },
    Bot {
        id: i64,
        name: &'a str,
        r#type: &'static str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum PushSender<'a> {
    Contact(PushContact<'a>),
    User(PushUser<'a>),
    Bot(PushBot<'a>),
}

#[derive(Serialize)]
pub(super) struct PushMessage<'a> {
    pub(super) id: i64,
    pub(super) content: Option<String>,
    pub(super) account_id: i64,
    pub(super) inbox_id: i64,
    pub(super) conversation_id: i64,
    pub(super) message_type: u8,
    pub(super) created_at: i64,
    pub(super) updated_at: String,
    pub(super) private: bool,
    pub(super) status: &'a str,
    pub(super) source_id: Option<&'a str>,
    pub(super) content_type: &'a str,
    pub(super) content_attributes: ContentPart<'a>,
    pub(super) sender_type: Option<&'static str>,
    pub(super) sender_id: Option<i64>,
    pub(super) external_source_ids: Empty,
    pub(super) additional_attributes: AttributesPart<'a>,
    pub(super) processed_message_content: Option<String>,
    pub(super) sentiment: Empty,
    pub(super) conversation: PushConversation<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) attachments: Vec<AttachmentPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sender: Option<PushSender<'a>>,
}

#[derive(Serialize)]
pub(super) struct PushConversation<'a> {
    pub(super) assignee_id: Option<i64>,
    pub(super) unread_count: i64,
    pub(super) last_activity_at: i64,
    pub(super) contact_inbox: SourcePart<'a>,
}

#[derive(Serialize)]
pub(super) struct SourcePart<'a> {
    pub(super) source_id: &'a str,
}

#[derive(Serialize)]
pub(super) struct AttachmentPart<'a> {
    pub(super) id: i64,
    pub(super) message_id: i64,
    pub(super) file_type: &'a str,
    pub(super) account_id: i64,
    #[serde(flatten)]
    pub(super) content: AttachmentContent<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AttachmentContent<'a> {
    File {
        extension: Option<&'a str>,
        content_type: &'a str,
        data_url: &'a str,
        thumb_url: &'a str,
        file_size: Option<i64>,
        width: Option<i64>,
        height: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        transcribed_text: Option<&'static str>,
    },
    Location {
        coordinates_lat: &'a Value,
        coordinates_long: &'a Value,
        fallback_title: &'a str,
        data_url: &'a str,
    },
    Contact {
        fallback_title: &'a str,
        meta: &'a Value,
    },
}

#[derive(Serialize)]
pub(super) struct ContactPayload<'a> {
    #[serde(flatten)]
    pub(super) contact: ContactPart<'a>,
    pub(super) event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) changed_attributes: Option<Option<&'a RawValue>>,
}
