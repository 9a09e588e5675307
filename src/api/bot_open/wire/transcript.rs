//! A row of a transcript.

use serde::Serialize;
use serde_json::{Map, Value};

use super::moment;
use crate::model::{Message, MessageKind, Rich, RichKind, Sender};

/// One message. Of the twenty-three keys for content only that of its own type is there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Transcript {
    #[serde(rename = "_id")]
    id: String,
    from: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    content: Map<String, Value>,
    created_at: String,
    updated_at: String,
    is_preview_user: bool,
    is_from_agent: bool,
}

impl Transcript {
    /// The message as said by or to a user who tries the bot out, or not.
    pub(in super::super) fn new(message: &Message, is_preview_user: bool) -> Self {
        let from = speaker(message);
        let rich = message.to_rich();
        let kind = rich.kind.as_str();
        Self {
            id: format!(
                "{:08x}{:016x}",
                message.created_at.timestamp() & 0xffff_ffff,
                message.id.0
            ),
            from,
            kind,
            content: Map::from_iter([(kind.to_owned(), with_both_names(rich))]),
            created_at: moment(message.created_at),
            updated_at: moment(message.updated_at),
            is_preview_user,
            is_from_agent: from == "Agent",
        }
    }
}

fn speaker(message: &Message) -> &'static str {
    match (message.kind, &message.sender) {
        (MessageKind::Incoming, _) => "User",
        (_, Sender::Agent(_)) => "Agent",
        (_, Sender::Bot { .. } | Sender::System | Sender::Contact(_)) => "Bot",
    }
}

/// Documentation and live service name some fields differently; a client of either finds its own.
fn with_both_names(rich: Rich) -> Value {
    let Rich { kind, mut body } = rich;
    if kind == RichKind::Reply {
        copy(&mut body, "action", "actions");
    }
    if kind == RichKind::List {
        let sections = body
            .pointer_mut("/actions/sections")
            .and_then(Value::as_array_mut);
        let rows = sections
            .into_iter()
            .flatten()
            .filter_map(|section| section.get_mut("row")?.as_array_mut())
            .flatten();
        rows.for_each(|row| copy(row, "description", " description"));
    }
    body
}

fn copy(object: &mut Value, from: &str, to: &str) {
    if let Some(value) = object.get(from).cloned() {
        object[to] = value;
    }
}
