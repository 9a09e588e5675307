//! What is shown of conversations that were found by what was said in them.

use schemars::JsonSchema;
use serde::Serialize;

use super::inbox::channel_type;
use super::message::message_type;
use super::time;
use crate::model::{AccountId, Message, Sender};
use crate::store::conversation_lists::Counts;
use crate::store::conversation_search::Found;

/// A page of what was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct FoundList {
    meta: FoundTotals,
    payload: Vec<FoundConversation>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundTotals {
    mine_count: i64,
    unassigned_count: i64,
    all_count: i64,
}

impl FoundList {
    pub(in crate::api::chatlake) fn new(counts: Counts, payload: Vec<FoundConversation>) -> Self {
        Self {
            meta: FoundTotals {
                mine_count: counts.mine,
                unassigned_count: counts.unassigned,
                all_count: counts.all,
            },
            payload,
        }
    }
}

/// A conversation that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct FoundConversation {
    id: i64,
    uuid: String,
    created_at: i64,
    contact: FoundContact,
    inbox: FoundInbox,
    messages: Vec<FoundMessage>,
    account_id: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundContact {
    id: i64,
    name: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundInbox {
    id: i64,
    name: String,
    channel_type: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundMessage {
    content: Option<String>,
    id: i64,
    sender_name: Option<String>,
    message_type: u8,
    created_at: i64,
}

impl FoundConversation {
    pub(in crate::api::chatlake) fn new(account: AccountId, found: &Found) -> Self {
        let messages = found.messages.iter().map(|message| FoundMessage {
            content: message.content.clone(),
            id: message.id.0,
            sender_name: sender_name(message, found),
            message_type: message_type(message.kind),
            created_at: time::seconds(message.created_at),
        });
        Self {
            id: found.id.0,
            uuid: found.uuid.to_string(),
            created_at: time::seconds(found.created_at),
            contact: FoundContact {
                id: found.contact.0,
                name: found.contact_name.clone(),
            },
            inbox: FoundInbox {
                id: found.inbox.0,
                name: found.inbox_name.clone(),
                channel_type: channel_type(found.channel),
            },
            messages: messages.collect(),
            account_id: account.0,
        }
    }
}

fn sender_name(message: &Message, found: &Found) -> Option<String> {
    match &message.sender {
        Sender::System => None,
        Sender::Contact(_) => Some(found.contact_name.clone()),
        Sender::Agent(agent) => Some(agent.name.clone()),
        Sender::Bot { name, .. } => Some(name.clone()),
    }
}
