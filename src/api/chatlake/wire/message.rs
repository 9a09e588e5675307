//! Messages: as the REST calls give them, and in the push format in which they stand inside a conversation.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::attachment::{self, AttachmentBody};
use super::contact::PushContact;
use super::lenient;
use super::time;
use super::user::{BotBody, UserBody};
use crate::model::{
    AccountId, Agent, Attachment, Attributes, Contact, Conversation, Message, MessageId,
    MessageKind, Sender,
};
use crate::store::conversation_views::ConversationView;
use crate::store::labels::Labelled;

/// A message to post.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(expecting = "an object")]
pub(in crate::api::chatlake) struct NewMessageBody {
    pub(in crate::api::chatlake) content: Option<String>,
    #[schemars(with = "Option<lenient::Word>")]
    pub(in crate::api::chatlake) message_type: Option<Value>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) private: Option<bool>,
    pub(in crate::api::chatlake) content_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) content_attributes: Option<Attributes>,
    pub(in crate::api::chatlake) echo_id: Option<Value>,
    pub(in crate::api::chatlake) source_id: Option<String>,
    pub(in crate::api::chatlake) attachments: Option<Vec<Value>>,
    #[serde(default, deserialize_with = "lenient::moment")]
    #[schemars(with = "lenient::Moment")]
    pub(in crate::api::chatlake) external_created_at: Option<DateTime<Utc>>,
    pub(in crate::api::chatlake) sender_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) sender_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) template_params: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) campaign_id: Option<i64>,
}

/// How far a message got.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct MessageProgressBody {
    pub(in crate::api::chatlake) status: Option<String>,
    pub(in crate::api::chatlake) external_error: Option<String>,
}

/// A message.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct MessageBody {
    id: i64,
    content: Option<String>,
    inbox_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo_id: Option<Value>,
    conversation_id: i64,
    message_type: u8,
    content_type: &'static str,
    status: &'static str,
    content_attributes: Map<String, Value>,
    created_at: i64,
    private: bool,
    source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<SenderBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentBody>,
}

impl MessageBody {
    /// A message of a conversation with `contact`, who may be left out where somebody else speaks.
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        message: &Message,
        contact: Option<&Contact>,
    ) -> Self {
        Self {
            id: message.id.0,
            content: message.content.clone(),
            inbox_id: message.inbox.0,
            echo_id: None,
            conversation_id: message.conversation.0,
            message_type: message_type(message.kind),
            content_type: message.content_type.as_str(),
            status: message.status.as_str(),
            content_attributes: content_attributes(message),
            created_at: time::seconds(message.created_at),
            private: message.private,
            source_id: message.source_id.clone(),
            sender: SenderBody::new(&message.sender, contact),
            attachments: attachment::all(account, message),
        }
    }

    /// With the mark by which its poster knows it.
    pub(in crate::api::chatlake) fn echoing(self, echo_id: Option<Value>) -> Self {
        Self { echo_id, ..self }
    }
}

/// Who said it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum SenderBody {
    Contact(PushContact),
    User(UserBody),
    Bot(BotBody),
}

impl SenderBody {
    pub(in crate::api::chatlake) fn new(
        sender: &Sender,
        contact: Option<&Contact>,
    ) -> Option<Self> {
        match sender {
            Sender::System => None,
            Sender::Contact(_) => contact.map(|contact| Self::Contact(PushContact::new(contact))),
            Sender::Agent(agent) => Some(Self::User(UserBody::new(agent))),
            Sender::Bot {
                id,
                name,
                avatar_url,
            } => Some(Self::Bot(BotBody::new(*id, name, avatar_url))),
        }
    }
}

/// A message inside a conversation: every column, and a little of the conversation.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PushMessage {
    id: i64,
    content: Option<String>,
    account_id: i64,
    inbox_id: i64,
    conversation_id: i64,
    message_type: u8,
    created_at: i64,
    updated_at: String,
    private: bool,
    status: &'static str,
    source_id: Option<String>,
    content_type: &'static str,
    content_attributes: Map<String, Value>,
    sender_type: Option<&'static str>,
    sender_id: Option<i64>,
    external_source_ids: Map<String, Value>,
    additional_attributes: Map<String, Value>,
    processed_message_content: Option<String>,
    sentiment: Map<String, Value>,
    conversation: PushConversation,
    #[serde(skip_serializing_if = "Option::is_none")]
    echo_id: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<SenderBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PushConversation {
    assignee_id: Option<i64>,
    unread_count: i64,
    last_activity_at: i64,
    contact_inbox: PushWay,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PushWay {
    source_id: String,
}

impl PushMessage {
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        message: &Message,
        view: &ConversationView,
    ) -> Self {
        let (sender_type, sender_id) = match &message.sender {
            Sender::System => (None, None),
            Sender::Contact(id) => (Some("Contact"), Some(id.0)),
            Sender::Agent(agent) => (Some("User"), Some(agent.id.0)),
            Sender::Bot { id, .. } => (Some("AgentBot"), Some(id.0)),
        };
        let conversation = &view.conversation;
        Self {
            id: message.id.0,
            content: message.content.clone(),
            account_id: account.0,
            inbox_id: message.inbox.0,
            conversation_id: message.conversation.0,
            message_type: message_type(message.kind),
            created_at: time::seconds(message.created_at),
            updated_at: time::iso(message.updated_at),
            private: message.private,
            status: message.status.as_str(),
            source_id: message.source_id.clone(),
            content_type: message.content_type.as_str(),
            content_attributes: content_attributes(message),
            sender_type,
            sender_id,
            external_source_ids: Map::new(),
            additional_attributes: message.additional_attributes.0.clone(),
            processed_message_content: message.content.clone(),
            sentiment: Map::new(),
            conversation: PushConversation {
                assignee_id: conversation.assignee.map(|id| id.0),
                unread_count: unread(conversation.unread_count),
                last_activity_at: time::seconds(conversation.last_activity_at),
                contact_inbox: PushWay {
                    source_id: view.source_id.clone(),
                },
            },
            echo_id: None,
            attachments: attachment::all(account, message),
            sender: SenderBody::new(&message.sender, Some(&view.contact)),
        }
    }

    /// The same, with what its sender's client knows it by.
    pub(in crate::api::chatlake) fn echoing(self, echo_id: Option<Value>) -> Self {
        Self { echo_id, ..self }
    }
}

/// How many unread messages are told of at most.
pub(in crate::api::chatlake) fn unread(count: i64) -> i64 {
    count.clamp(0, 10)
}

pub(in crate::api::chatlake) fn message_type(kind: MessageKind) -> u8 {
    match kind {
        MessageKind::Incoming => 0,
        MessageKind::Outgoing => 1,
        MessageKind::Activity => 2,
        MessageKind::Template => 3,
    }
}

/// What goes with a message; rich content stands there as `type` and, under the name of the type, its body.
pub(in crate::api::chatlake) fn content_attributes(message: &Message) -> Map<String, Value> {
    let mut attributes = message.content_attributes.0.clone();
    if let Some(rich) = &message.rich {
        let kind = rich.kind.as_str();
        attributes.insert("type".to_owned(), kind.into());
        attributes.insert(kind.to_owned(), rich.body.clone());
    }
    attributes
}

/// A page of a conversation's files and places.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct AttachmentList {
    meta: AttachmentListMeta,
    payload: Vec<AttachmentBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AttachmentListMeta {
    total_count: i64,
}

impl AttachmentList {
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        total_count: i64,
        files: &[(MessageId, Attachment)],
    ) -> Self {
        let files = files.iter();
        Self {
            meta: AttachmentListMeta { total_count },
            payload: files
                .map(|(message, file)| AttachmentBody::new(account, *message, file))
                .collect(),
        }
    }
}

/// A page of a conversation's messages.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct MessageList {
    pub(in crate::api::chatlake) meta: MessageListMeta,
    pub(in crate::api::chatlake) payload: Vec<MessageBody>,
}

/// What is told of the conversation beside its messages.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct MessageListMeta {
    labels: Vec<String>,
    additional_attributes: Map<String, Value>,
    contact: PushContact,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<UserBody>,
    agent_last_seen_at: Option<String>,
    assignee_last_seen_at: Option<String>,
}

impl MessageListMeta {
    pub(in crate::api::chatlake) fn new(
        conversation: &Conversation,
        contact: &Contact,
        labels: Vec<Labelled>,
        assignee: Option<&Agent>,
    ) -> Self {
        Self {
            labels: labels.into_iter().map(|label| label.title).collect(),
            additional_attributes: conversation.additional_attributes.0.clone(),
            contact: PushContact::new(contact),
            assignee: assignee.map(UserBody::of_agent),
            agent_last_seen_at: conversation.agent_last_seen_at.map(time::iso),
            assignee_last_seen_at: conversation.assignee_last_seen_at.map(time::iso),
        }
    }
}
