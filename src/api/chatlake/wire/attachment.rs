//! Files and places that go with messages.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::model::{AccountId, Attachment, FileType, Message, MessageId};

/// A file or place of a message.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct AttachmentBody {
    id: i64,
    message_id: i64,
    file_type: &'static str,
    account_id: i64,
    #[serde(flatten)]
    content: AttachmentContent,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum AttachmentContent {
    File {
        extension: Option<String>,
        content_type: String,
        data_url: String,
        thumb_url: String,
        file_size: Option<i64>,
        width: Option<i64>,
        height: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        transcribed_text: Option<String>,
    },
    Location {
        coordinates_lat: Value,
        coordinates_long: Value,
        fallback_title: String,
        data_url: String,
    },
    Contact {
        fallback_title: String,
        meta: Value,
    },
}

/// Everything that goes with a message.
pub(super) fn all(account: AccountId, message: &Message) -> Vec<AttachmentBody> {
    let bodies = message.attachments.iter();
    bodies
        .map(|attachment| AttachmentBody::new(account, message.id, attachment))
        .collect()
}

impl AttachmentBody {
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        message: MessageId,
        attachment: &Attachment,
    ) -> Self {
        let of_meta = |key: &str| attachment.meta.get(key).cloned().unwrap_or_default();
        let content = match attachment.file_type {
            FileType::Location => AttachmentContent::Location {
                coordinates_lat: of_meta("latitude"),
                coordinates_long: of_meta("longitude"),
                fallback_title: attachment.name.clone(),
                data_url: attachment.url.clone(),
            },
            FileType::Contact => AttachmentContent::Contact {
                fallback_title: attachment.name.clone(),
                meta: attachment.meta.clone(),
            },
            FileType::Image
            | FileType::Audio
            | FileType::Video
            | FileType::File
            | FileType::Fallback
            | FileType::Share
            | FileType::StoryMention
            | FileType::IgReel
            | FileType::IgPost
            | FileType::IgStory
            | FileType::Embed => AttachmentContent::File {
                extension: attachment
                    .name
                    .rsplit_once('.')
                    .map(|(_, after)| after.to_owned()),
                content_type: attachment.media_type.clone(),
                data_url: attachment.url.clone(),
                thumb_url: attachment.thumb_url.clone(),
                file_size: attachment.size_bytes,
                width: attachment.width,
                height: attachment.height,
                transcribed_text: (attachment.file_type == FileType::Audio).then(String::new),
            },
        };
        Self {
            id: attachment.id.0,
            message_id: message.0,
            file_type: attachment.file_type.as_str(),
            account_id: account.0,
            content,
        }
    }
}
