//! What agents have not seen, who follows a conversation, and what is being written in it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lenient;

/// How many open conversations have unread messages: in all, and by the ids of what they belong to.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct UnreadCountsBody {
    pub(in crate::api::chatlake) all_count: i64,
    pub(in crate::api::chatlake) inboxes: BTreeMap<String, i64>,
    pub(in crate::api::chatlake) labels: BTreeMap<String, i64>,
    pub(in crate::api::chatlake) teams: BTreeMap<String, i64>,
}

/// Agents who follow a conversation, or shall.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct ParticipantIds {
    #[serde(default, deserialize_with = "lenient::ids")]
    #[schemars(with = "lenient::Ids")]
    pub(in crate::api::chatlake) user_ids: Vec<i64>,
}

/// Where to send what was said.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewTranscript {
    pub(in crate::api::chatlake) email: Option<String>,
}

/// A draft to keep, alone or below its own name.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewDraft {
    message: Option<String>,
    draft_message: Option<DraftMessage>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(expecting = "an object")]
struct DraftMessage {
    message: Option<String>,
}

impl NewDraft {
    pub(in crate::api::chatlake) fn into_message(self) -> String {
        let nested = self.draft_message.and_then(|draft| draft.message);
        nested.or(self.message).unwrap_or_default()
    }
}

/// What somebody began to write.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct DraftBody {
    has_draft: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl DraftBody {
    pub(in crate::api::chatlake) fn new(message: Option<String>) -> Self {
        Self {
            has_draft: message.is_some(),
            message,
        }
    }
}
