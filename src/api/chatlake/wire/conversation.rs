//! Conversations, their lists, and what is asked of them.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::contact::ContactBody;
use super::inbox::channel_type;
use super::lenient;
use super::message::{NewMessageBody, PushMessage, unread};
use super::time;
use super::user::{AgentBody, SlimBot, TeamBody};
use crate::model::{AccountId, Attributes, TeamId};
use crate::store::conversation_lists::Counts;
use crate::store::conversation_status::StatusChanged;
use crate::store::conversation_views::ConversationView;

/// A conversation to begin.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewConversationBody {
    pub(in crate::api::chatlake) source_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) inbox_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) contact_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) hmac_verified: Option<bool>,
    pub(in crate::api::chatlake) status: Option<String>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) assignee_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) team_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::moment")]
    #[schemars(with = "lenient::Moment")]
    pub(in crate::api::chatlake) snoozed_until: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) additional_attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) custom_attributes: Option<Attributes>,
    pub(in crate::api::chatlake) message: Option<NewMessageBody>,
}

/// A change of status.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewStatusBody {
    pub(in crate::api::chatlake) status: Option<String>,
    #[serde(default, deserialize_with = "lenient::moment")]
    #[schemars(with = "lenient::Moment")]
    pub(in crate::api::chatlake) snoozed_until: Option<DateTime<Utc>>,
}

/// What is changed of a conversation itself: all else goes its own way.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct ConversationChanges {
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) priority: Option<Option<String>>,
}

/// All that the account is to keep of a conversation.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewCustomAttributes {
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) custom_attributes: Option<Attributes>,
}

/// What the account keeps of a conversation.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CustomAttributesBody {
    pub(in crate::api::chatlake) custom_attributes: Map<String, Value>,
}

/// All the labels that something is to have.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewLabels {
    #[serde(default, deserialize_with = "lenient::texts")]
    #[schemars(with = "lenient::Texts")]
    pub(in crate::api::chatlake) labels: Vec<String>,
}

/// Whether its caller types.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct TypingStatusBody {
    pub(in crate::api::chatlake) typing_status: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) is_private: Option<bool>,
}

/// A conversation.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ConversationBody {
    meta: Meta,
    id: i64,
    messages: Vec<PushMessage>,
    account_id: i64,
    uuid: String,
    additional_attributes: Map<String, Value>,
    agent_last_seen_at: i64,
    assignee_last_seen_at: i64,
    can_reply: bool,
    contact_last_seen_at: i64,
    custom_attributes: Map<String, Value>,
    inbox_id: i64,
    labels: Vec<String>,
    muted: bool,
    snoozed_until: Option<String>,
    status: &'static str,
    created_at: i64,
    updated_at: f64,
    timestamp: i64,
    first_reply_created_at: i64,
    unread_count: i64,
    last_non_activity_message: Option<PushMessage>,
    last_activity_at: i64,
    priority: Option<&'static str>,
    waiting_since: i64,
    sla_policy_id: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Meta {
    sender: ContactBody,
    channel: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<AssigneeBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<TeamBody>,
    hmac_verified: bool,
}

/// Whom a conversation is given to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum AssigneeBody {
    Agent(AgentBody),
    Bot(SlimBot),
}

impl AssigneeBody {
    fn new(account: AccountId, view: &ConversationView) -> Option<Self> {
        let agent = view.assignee.as_ref();
        let bot = view.assignee_bot.as_ref();
        agent
            .map(|agent| Self::Agent(AgentBody::new(account, agent)))
            .or_else(|| bot.map(|bot| Self::Bot(SlimBot::new(bot))))
    }
}

pub(super) fn assignee_type(view: &ConversationView) -> Option<&'static str> {
    match (&view.assignee, &view.assignee_bot) {
        (Some(_), _) => Some("User"),
        (None, Some(_)) => Some("AgentBot"),
        (None, None) => None,
    }
}

impl ConversationBody {
    /// The conversation as somebody sees it who is in these teams.
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        view: &ConversationView,
        teams: &[TeamId],
        now: DateTime<Utc>,
    ) -> Self {
        let conversation = &view.conversation;
        let push = |message| PushMessage::new(account, message, view);
        Self {
            meta: Meta {
                sender: ContactBody::new(&view.contact),
                channel: channel_type(view.channel),
                assignee: AssigneeBody::new(account, view),
                assignee_type: assignee_type(view),
                team: view
                    .team
                    .as_ref()
                    .map(|team| TeamBody::new(account, team, teams.contains(&team.id))),
                hmac_verified: view.hmac_verified,
            },
            id: conversation.id.0,
            messages: view.last_message.as_ref().map(push).into_iter().collect(),
            account_id: account.0,
            uuid: conversation.uuid.to_string(),
            additional_attributes: conversation.additional_attributes.0.clone(),
            agent_last_seen_at: time::seconds_or_zero(conversation.agent_last_seen_at),
            assignee_last_seen_at: time::seconds_or_zero(conversation.assignee_last_seen_at),
            can_reply: view.reply_until.is_some_and(|until| now < until),
            contact_last_seen_at: time::seconds_or_zero(conversation.contact_last_seen_at),
            custom_attributes: conversation.custom_attributes.0.clone(),
            inbox_id: conversation.inbox.0,
            labels: view.labels.clone(),
            muted: conversation.muted,
            snoozed_until: conversation.snoozed_until.map(time::iso),
            status: conversation.status.as_str(),
            created_at: time::seconds(conversation.created_at),
            updated_at: time::fractional_seconds(conversation.updated_at),
            timestamp: time::seconds(conversation.last_activity_at),
            first_reply_created_at: time::seconds_or_zero(conversation.first_agent_message_at),
            unread_count: unread(conversation.unread_count),
            last_non_activity_message: view.last_said.as_ref().map(push),
            last_activity_at: time::seconds(conversation.last_activity_at),
            priority: conversation.priority.map(|priority| priority.as_str()),
            waiting_since: time::seconds_or_zero(conversation.waiting_since),
            sla_policy_id: None,
        }
    }
}

/// A page of conversations.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ConversationList {
    pub(in crate::api::chatlake) data: ConversationListData,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ConversationListData {
    pub(in crate::api::chatlake) meta: CountsBody,
    pub(in crate::api::chatlake) payload: Vec<ConversationBody>,
}

/// The counts alone.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ConversationMeta {
    pub(in crate::api::chatlake) meta: CountsBody,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CountsBody {
    mine_count: i64,
    assigned_count: i64,
    unassigned_count: i64,
    all_count: i64,
}

impl From<Counts> for CountsBody {
    fn from(counts: Counts) -> Self {
        Self {
            mine_count: counts.mine,
            assigned_count: counts.assigned,
            unassigned_count: counts.unassigned,
            all_count: counts.all,
        }
    }
}

/// What came of a change of status.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct StatusBody {
    meta: Map<String, Value>,
    payload: StatusPayload,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StatusPayload {
    /// Null when a bot handed the conversation over.
    success: Option<bool>,
    conversation_id: i64,
    current_status: &'static str,
    snoozed_until: Option<String>,
}

impl StatusBody {
    pub(in crate::api::chatlake) fn new(
        conversation_id: i64,
        changed: StatusChanged,
        handed_over: bool,
    ) -> Self {
        Self {
            meta: Map::new(),
            payload: StatusPayload {
                success: (!handed_over).then_some(true),
                conversation_id,
                current_status: changed.to.as_str(),
                snoozed_until: changed.snoozed_until.map(time::iso),
            },
        }
    }
}
