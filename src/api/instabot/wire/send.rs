//! What `/secure/send` takes and answers.

use secrecy::SecretString;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::id::{Id, StreamId};
use crate::flow;

/// What tells a start from a reply.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api::instabot) struct Kind {
    pub(in crate::api::instabot) start: Option<bool>,
    pub(in crate::api::instabot) stream_id: Option<StreamId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api::instabot) struct Start {
    pub(in crate::api::instabot) api_key: SecretString,
    pub(in crate::api::instabot) bot_id: Id,
    pub(in crate::api::instabot) email: String,
    pub(in crate::api::instabot) callback_url: Option<String>,
    pub(in crate::api::instabot) metadata: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api::instabot) struct Reply {
    pub(in crate::api::instabot) api_key: Option<SecretString>,
    pub(in crate::api::instabot) stream_id: StreamId,
    pub(in crate::api::instabot) message: ReplyMessage,
}

#[derive(Deserialize)]
pub(in crate::api::instabot) struct ReplyMessage {
    pub(in crate::api::instabot) text: String,
    pub(in crate::api::instabot) payload: Option<Id>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api::instabot) struct Answer {
    messages: Vec<Message>,
    stream_id: String,
}

#[derive(Serialize)]
struct Message {
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quick_replies: Vec<QuickReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Attachment>,
    /// How long the bot seems to type before it, where its author says.
    #[serde(skip_serializing_if = "Option::is_none")]
    typing_ms: Option<u32>,
}

#[derive(Serialize)]
struct QuickReply {
    content_type: &'static str,
    title: String,
    payload: i64,
}

/// `{"type": "card", "card": {…}}`
struct Attachment {
    kind: String,
    body: Value,
}

impl Serialize for Attachment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", &self.kind)?;
        map.serialize_entry(&self.kind, &self.body)?;
        map.end()
    }
}

impl From<flow::Answer> for Answer {
    fn from(answer: flow::Answer) -> Self {
        Self {
            messages: answer.said.into_iter().map(Message::from).collect(),
            stream_id: answer.stream.to_string(),
        }
    }
}

impl From<flow::Said> for Message {
    fn from(said: flow::Said) -> Self {
        let quick_replies = said.options.into_iter().map(|(title, payload)| QuickReply {
            content_type: "text",
            title,
            payload,
        });
        Self {
            text: said.text,
            quick_replies: quick_replies.collect(),
            attachment: said.rich.map(|(kind, body)| Attachment { kind, body }),
            typing_ms: said.typing_ms,
        }
    }
}
