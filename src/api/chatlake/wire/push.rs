//! What those who are connected are told: the push format of conversations, and what goes around it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::account::CacheKeysBody;
use super::contact::PushContact;
use super::conversation::assignee_type;
use super::inbox::channel_type;
use super::message::{PushMessage, unread};
use super::time;
use super::user::{BotBody, UserBody};
use crate::model::{AccountId, Agent, Contact, ContactId, Message};
use crate::store::cache_keys::CacheKeys;
use crate::store::conversation_views::ConversationView;

/// An event.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct Announced<T> {
    pub(in crate::api::chatlake) event: &'static str,
    pub(in crate::api::chatlake) data: T,
}

/// Who made it happen, or who is writing.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum Performer {
    Contact(PushContact),
    User(UserBody),
    Bot(BotBody),
}

/// A message that was written or changed.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct MessageData {
    #[serde(flatten)]
    pub(in crate::api::chatlake) message: PushMessage,
    /// The fields that changed, with what they were and what they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api::chatlake) previous_changes: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api::chatlake) performer: Option<Performer>,
}

/// A conversation to which something happened.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct ConversationData {
    #[serde(flatten)]
    pub(in crate::api::chatlake) conversation: ConversationPush,
    pub(in crate::api::chatlake) account_id: i64,
}

/// A contact to whom something happened.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct ContactData {
    #[serde(flatten)]
    contact: PushContact,
    account_id: i64,
}

impl ContactData {
    pub(in crate::api::chatlake) fn new(account: AccountId, contact: &Contact) -> Self {
        Self {
            contact: PushContact::new(contact),
            account_id: account.0,
        }
    }
}

/// That something of an account is to be asked for again.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct AccountData {
    account_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_keys: Option<CacheKeysBody>,
}

impl AccountData {
    pub(in crate::api::chatlake) fn new(account: AccountId) -> Self {
        Self {
            account_id: account.0,
            cache_keys: None,
        }
    }

    /// With what the account's lists are known by now.
    pub(in crate::api::chatlake) fn with_keys(account: AccountId, keys: CacheKeys) -> Self {
        Self {
            cache_keys: Some(keys.into()),
            ..Self::new(account)
        }
    }
}

/// A contact that is gone.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct GoneContactData {
    id: i64,
    r#type: &'static str,
    account_id: i64,
}

impl GoneContactData {
    pub(in crate::api::chatlake) fn new(account: AccountId, contact: ContactId) -> Self {
        Self {
            id: contact.0,
            r#type: "contact",
            account_id: account.0,
        }
    }
}

/// Somebody is writing, or stopped.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct TypingData {
    pub(in crate::api::chatlake) conversation: ConversationPush,
    pub(in crate::api::chatlake) user: Performer,
    pub(in crate::api::chatlake) is_private: bool,
    pub(in crate::api::chatlake) account_id: i64,
}

/// Who is there.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct PresenceData {
    pub(in crate::api::chatlake) account_id: i64,
    pub(in crate::api::chatlake) users: BTreeMap<String, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api::chatlake) contacts: Option<BTreeMap<String, &'static str>>,
}

/// A conversation in the push format.
#[derive(Debug, Serialize)]
pub(in crate::api::chatlake) struct ConversationPush {
    additional_attributes: Map<String, Value>,
    can_reply: bool,
    channel: &'static str,
    contact_inbox: WayPush,
    id: i64,
    inbox_id: i64,
    messages: Vec<PushMessage>,
    labels: Vec<String>,
    meta: MetaPush,
    status: &'static str,
    custom_attributes: Map<String, Value>,
    snoozed_until: Option<String>,
    unread_count: i64,
    first_reply_created_at: Option<String>,
    priority: Option<&'static str>,
    waiting_since: i64,
    agent_last_seen_at: i64,
    contact_last_seen_at: i64,
    last_activity_at: i64,
    timestamp: i64,
    created_at: i64,
    updated_at: f64,
}

/// A way in, without what opens its stream.
#[derive(Debug, Serialize)]
struct WayPush {
    id: i64,
    contact_id: i64,
    inbox_id: i64,
    source_id: String,
    created_at: String,
    updated_at: String,
    hmac_verified: bool,
}

#[derive(Debug, Serialize)]
struct MetaPush {
    sender: PushContact,
    assignee: Option<Performer>,
    assignee_type: Option<&'static str>,
    team: Option<TeamPush>,
    hmac_verified: bool,
}

#[derive(Debug, Serialize)]
struct TeamPush {
    id: i64,
    name: String,
}

impl ConversationPush {
    /// The conversation, with the newest message that its contact may see: the contact is told, too.
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        view: &ConversationView,
        last_public: Option<&Message>,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Self {
        let conversation = &view.conversation;
        let push = |message| PushMessage::new(account, message, view);
        let [way_created_at, way_updated_at] = view.way_times;
        Self {
            additional_attributes: conversation.additional_attributes.0.clone(),
            can_reply: view.reply_until.is_some_and(|until| now < until),
            channel: channel_type(view.channel),
            contact_inbox: WayPush {
                id: conversation.contact_inbox.0,
                contact_id: conversation.contact.0,
                inbox_id: conversation.inbox.0,
                source_id: view.source_id.clone(),
                created_at: time::iso(way_created_at),
                updated_at: time::iso(way_updated_at),
                hmac_verified: view.hmac_verified,
            },
            id: conversation.id.0,
            inbox_id: conversation.inbox.0,
            messages: last_public.map(push).into_iter().collect(),
            labels: view.labels.clone(),
            meta: MetaPush {
                sender: PushContact::new(&view.contact),
                assignee: assignee(view),
                assignee_type: assignee_type(view),
                team: view.team.as_ref().map(|team| TeamPush {
                    id: team.id.0,
                    name: team.name.clone(),
                }),
                hmac_verified: view.hmac_verified,
            },
            status: conversation.status.as_str(),
            custom_attributes: conversation.custom_attributes.0.clone(),
            snoozed_until: conversation.snoozed_until.map(time::iso),
            unread_count: unread(conversation.unread_count),
            first_reply_created_at: conversation.first_agent_message_at.map(time::iso),
            priority: conversation.priority.map(|priority| priority.as_str()),
            waiting_since: time::seconds_or_zero(conversation.waiting_since),
            agent_last_seen_at: time::seconds_or_zero(conversation.agent_last_seen_at),
            contact_last_seen_at: time::seconds_or_zero(conversation.contact_last_seen_at),
            last_activity_at: time::seconds(conversation.last_activity_at),
            timestamp: time::seconds(conversation.last_activity_at),
            created_at: time::seconds(conversation.created_at),
            updated_at: time::fractional_seconds(conversation.updated_at),
        }
    }
}

fn assignee(view: &ConversationView) -> Option<Performer> {
    let agent = view.assignee.as_ref().map(Performer::agent);
    let bot = view.assignee_bot.as_ref();
    agent
        .or_else(|| bot.map(|bot| Performer::Bot(BotBody::new(bot.id, &bot.name, &bot.avatar_url))))
}

impl Performer {
    pub(in crate::api::chatlake) fn agent(agent: &Agent) -> Self {
        Self::User(UserBody::of_agent(agent))
    }
}
