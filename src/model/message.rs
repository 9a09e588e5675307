//! One utterance.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::text_enum::text_enum;
use super::{
    AccountId, AgentName, AttachmentId, Attributes, Blob, BlobId, BotId, ContactId, ConversationId,
    InboxId, MessageId, Rich,
};

text_enum! {
    /// Which way a message goes.
    MessageKind {
        /// From the contact.
        Incoming = "incoming",
        /// To the contact.
        Outgoing = "outgoing",
        /// What the server notes.
        Activity = "activity",
        /// What the server says by itself.
        Template = "template",
    }
}

text_enum! {
    /// How far a message got.
    DeliveryStatus { Sent = "sent", Delivered = "delivered", Read = "read", Failed = "failed" }
}

text_enum! {
    /// What a message asks its receiver to show.
    ContentType {
        Text = "text",
        InputText = "input_text",
        InputTextarea = "input_textarea",
        InputEmail = "input_email",
        InputSelect = "input_select",
        Cards = "cards",
        Form = "form",
        Article = "article",
        IncomingEmail = "incoming_email",
        InputCsat = "input_csat",
        Integrations = "integrations",
        Sticker = "sticker",
        VoiceCall = "voice_call",
    }
}

text_enum! {
    /// What an attachment is.
    FileType {
        Image = "image",
        Audio = "audio",
        Video = "video",
        File = "file",
        Location = "location",
        Fallback = "fallback",
        Share = "share",
        StoryMention = "story_mention",
        Contact = "contact",
        IgReel = "ig_reel",
        IgPost = "ig_post",
        IgStory = "ig_story",
        Embed = "embed",
    }
}

/// Who said it, with what is shown of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Sender {
    /// The server itself.
    System,
    /// The contact.
    Contact(ContactId),
    /// An agent.
    Agent(AgentName),
    /// A bot.
    Bot {
        /// The bot.
        id: BotId,
        /// Its name.
        name: String,
        /// Its picture, or empty.
        avatar_url: String,
    },
}

/// One utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Whose it is.
    pub account: AccountId,
    /// Its id, growing with time within a conversation.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// The conversation's inbox.
    pub inbox: InboxId,
    /// Which way it goes.
    pub kind: MessageKind,
    /// Who said it.
    pub sender: Sender,
    /// Its text; a richer message has here what a text-only client shows.
    pub content: Option<String>,
    /// What it asks its receiver to show.
    pub content_type: ContentType,
    /// What goes with that.
    pub content_attributes: Attributes,
    /// What is kept of it beside that: the template it was made from, its campaign.
    pub additional_attributes: Attributes,
    /// Its richer form.
    pub rich: Option<Rich>,
    /// Whether only agents see it.
    pub private: bool,
    /// How far it got.
    pub status: DeliveryStatus,
    /// The id another system gave it.
    pub source_id: Option<String>,
    /// Files and places that go with it.
    pub attachments: Vec<Attachment>,
    /// When it was said.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Message {
    /// The text with a line for every attachment's URL: for clients that can show nothing else.
    pub fn plain_text(&self) -> String {
        let urls = self
            .attachments
            .iter()
            .map(|attachment| attachment.url.as_str());
        let lines: Vec<&str> = self
            .content
            .as_deref()
            .into_iter()
            .chain(urls)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("\n")
    }
}

/// A file or place that goes with a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// What it is.
    pub file_type: FileType,
    /// Media type, or empty.
    pub media_type: String,
    /// Where it is.
    pub url: String,
    /// Where a small picture of it is, or empty.
    pub thumb_url: String,
    /// File name, or empty.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: Option<i64>,
    /// Width in pixels.
    pub width: Option<i64>,
    /// Height in pixels.
    pub height: Option<i64>,
    /// What a place or a visiting card adds.
    pub meta: Value,
}

/// An attachment that is not stored yet.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAttachment {
    /// What it is.
    pub file_type: FileType,
    /// Media type, or empty.
    pub media_type: String,
    /// Where it is.
    pub url: String,
    /// File name, or empty.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: Option<i64>,
    /// Width in pixels.
    pub width: Option<i64>,
    /// Height in pixels.
    pub height: Option<i64>,
    /// What a place or a visiting card adds.
    pub meta: Value,
    /// The file, if it is kept here: then it has no URL of its own.
    pub blob: Option<BlobId>,
    /// Whether a small picture is kept beside the file.
    pub has_thumb: bool,
}

impl NewAttachment {
    /// A file that is kept here.
    pub fn of(blob: &Blob) -> Self {
        Self {
            file_type: blob.file_type,
            media_type: blob.media_type.clone(),
            url: String::new(),
            name: blob.name.clone(),
            size_bytes: Some(blob.size_bytes),
            width: blob.width,
            height: blob.height,
            meta: Value::Object(serde_json::Map::new()),
            blob: Some(blob.id),
            has_thumb: blob.has_thumb,
        }
    }

    /// Something that is elsewhere.
    pub fn at(file_type: FileType, media_type: &str, url: &str) -> Self {
        Self {
            file_type,
            media_type: media_type.to_owned(),
            url: url.to_owned(),
            name: String::new(),
            size_bytes: None,
            width: None,
            height: None,
            meta: Value::Object(serde_json::Map::new()),
            blob: None,
            has_thumb: false,
        }
    }
}
