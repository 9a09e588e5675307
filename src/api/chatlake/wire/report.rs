//! Reports.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Agent;
use crate::store::reports::{Live, Sum};

/// A metric over time, or nothing of one that there is not.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum Report {
    Counts(Vec<Count>),
    Averages(Vec<Average>),
    Nothing {},
}

/// How often, in the period that begins then.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Count {
    pub(in crate::api::chatlake) value: i64,
    pub(in crate::api::chatlake) timestamp: i64,
}

/// How many seconds each time, in the period that begins then.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Average {
    pub(in crate::api::chatlake) value: f64,
    pub(in crate::api::chatlake) timestamp: i64,
    pub(in crate::api::chatlake) count: i64,
}

/// Something, and the same of the time before.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}WithPrevious")]
pub(in crate::api::chatlake) struct WithPrevious<T> {
    #[serde(flatten)]
    pub(in crate::api::chatlake) now: T,
    pub(in crate::api::chatlake) previous: T,
}

/// The main metrics.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Summary {
    pub(in crate::api::chatlake) conversations_count: i64,
    pub(in crate::api::chatlake) incoming_messages_count: i64,
    pub(in crate::api::chatlake) outgoing_messages_count: i64,
    pub(in crate::api::chatlake) avg_first_response_time: Option<f64>,
    pub(in crate::api::chatlake) avg_resolution_time: Option<f64>,
    pub(in crate::api::chatlake) resolutions_count: i64,
    pub(in crate::api::chatlake) reply_time: Option<f64>,
}

/// The metrics of bots.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct BotSummary {
    pub(in crate::api::chatlake) bot_resolutions_count: i64,
    pub(in crate::api::chatlake) bot_handoffs_count: i64,
}

/// How bots do.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct BotMetrics {
    pub(in crate::api::chatlake) conversation_count: i64,
    pub(in crate::api::chatlake) message_count: i64,
    /// Out of a hundred.
    pub(in crate::api::chatlake) resolution_rate: i64,
    /// Out of a hundred.
    pub(in crate::api::chatlake) handoff_rate: i64,
}

/// Where conversations stand: of an account, or of each agent.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum LiveReport {
    Account(LiveNumbers),
    Agents(Vec<LiveAgent>),
}

/// Where conversations stand.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct LiveNumbers {
    open: i64,
    unattended: i64,
    unassigned: i64,
    pending: i64,
}

impl From<Live> for LiveNumbers {
    fn from(live: Live) -> Self {
        Self {
            open: live.open,
            unattended: live.unattended,
            unassigned: live.unassigned,
            pending: live.pending,
        }
    }
}

/// An agent's conversations.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct LiveAgent {
    id: i64,
    name: String,
    email: String,
    thumbnail: String,
    availability: &'static str,
    metric: LiveMetric,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LiveMetric {
    open: i64,
    unattended: i64,
}

impl LiveAgent {
    pub(in crate::api::chatlake) fn new(agent: Agent, live: Live) -> Self {
        Self {
            id: agent.id.0,
            availability: agent.reachability().as_str(),
            name: agent.name,
            email: agent.email,
            thumbnail: agent.avatar_url,
            metric: LiveMetric {
                open: live.open,
                unattended: live.unattended,
            },
        }
    }
}

/// The figures of a part of an account.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PartSummary {
    id: PartId,
    conversations_count: i64,
    resolved_conversations_count: i64,
    avg_resolution_time: Option<f64>,
    avg_first_response_time: Option<f64>,
    avg_reply_time: Option<f64>,
}

/// What the part is: a row, or a channel by its name.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::api::chatlake) enum PartId {
    Row(i64),
    Channel(&'static str),
}

/// What there is to say of a part of an account.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::api::chatlake) struct PartFigures {
    pub(in crate::api::chatlake) conversations: i64,
    pub(in crate::api::chatlake) resolutions: Sum,
    pub(in crate::api::chatlake) first_responses: Sum,
    pub(in crate::api::chatlake) replies: Sum,
}

impl PartSummary {
    pub(in crate::api::chatlake) fn new(id: PartId, figures: PartFigures) -> Self {
        Self {
            id,
            conversations_count: figures.conversations,
            resolved_conversations_count: figures.resolutions.count,
            avg_resolution_time: figures.resolutions.average(),
            avg_first_response_time: figures.first_responses.average(),
            avg_reply_time: figures.replies.average(),
        }
    }
}

/// What went out from a part of an account.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PartOutgoing {
    pub(in crate::api::chatlake) id: i64,
    pub(in crate::api::chatlake) name: String,
    pub(in crate::api::chatlake) outgoing_messages_count: i64,
}
