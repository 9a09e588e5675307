//! People and bots as senders and assignees.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lenient;
use crate::api::chatlake::params::Wrap;
use crate::model::{AccountId, Agent, AgentName, Availability, BotId, Team};
use crate::store::conversation_views::BotName;

/// An agent in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct AgentBody {
    id: i64,
    account_id: i64,
    availability_status: &'static str,
    auto_offline: bool,
    confirmed: bool,
    email: String,
    provider: &'static str,
    available_name: String,
    name: String,
    role: &'static str,
    thumbnail: String,
    custom_role_id: Option<i64>,
}

impl AgentBody {
    pub(in crate::api::chatlake) fn new(account: AccountId, agent: &Agent) -> Self {
        Self {
            id: agent.id.0,
            account_id: account.0,
            availability_status: agent.reachability().as_str(),
            auto_offline: agent.auto_offline,
            confirmed: true,
            email: agent.email.clone(),
            provider: "email",
            available_name: agent.available_name().to_owned(),
            name: agent.name.clone(),
            role: agent.role.as_str(),
            thumbnail: agent.avatar_url.clone(),
            custom_role_id: None,
        }
    }
}

/// An agent as the sender of a message.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct UserBody {
    id: i64,
    name: String,
    available_name: String,
    avatar_url: String,
    r#type: &'static str,
    availability_status: &'static str,
    thumbnail: String,
}

impl UserBody {
    pub(in crate::api::chatlake) fn new(agent: &AgentName) -> Self {
        Self::with(
            agent.id.0,
            &agent.name,
            agent.display_name.as_deref(),
            &agent.avatar_url,
            agent.availability,
        )
    }

    pub(in crate::api::chatlake) fn of_agent(agent: &Agent) -> Self {
        Self::with(
            agent.id.0,
            &agent.name,
            agent.display_name.as_deref(),
            &agent.avatar_url,
            agent.reachability(),
        )
    }

    fn with(
        id: i64,
        name: &str,
        display_name: Option<&str>,
        avatar_url: &str,
        availability: Availability,
    ) -> Self {
        Self {
            id,
            name: name.to_owned(),
            available_name: display_name.unwrap_or(name).to_owned(),
            avatar_url: avatar_url.to_owned(),
            r#type: "user",
            availability_status: availability.as_str(),
            thumbnail: avatar_url.to_owned(),
        }
    }
}

/// A bot as the sender of a message.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct BotBody {
    id: i64,
    name: String,
    avatar_url: String,
    r#type: &'static str,
}

impl BotBody {
    pub(in crate::api::chatlake) fn new(id: BotId, name: &str, avatar_url: &str) -> Self {
        Self {
            id: id.0,
            name: name.to_owned(),
            avatar_url: avatar_url.to_owned(),
            r#type: "agent_bot",
        }
    }
}

/// A team to make, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct TeamIn {
    pub(in crate::api::chatlake) name: Option<String>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) description: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) allow_auto_assign: Option<bool>,
}

impl Wrap for TeamIn {
    const NAME: &'static str = "team";
}

/// Who is to belong to a team.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct TeamMembersIn {
    #[serde(default, deserialize_with = "lenient::ids")]
    #[schemars(with = "lenient::Ids")]
    pub(in crate::api::chatlake) user_ids: Vec<i64>,
}

/// Who is to have access to an inbox.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct InboxMembersIn {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) inbox_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::ids")]
    #[schemars(with = "lenient::Ids")]
    pub(in crate::api::chatlake) user_ids: Vec<i64>,
}

/// A bot that a conversation is given to.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct SlimBot {
    id: i64,
    name: String,
    description: String,
    thumbnail: String,
}

impl SlimBot {
    pub(in crate::api::chatlake) fn new(bot: &BotName) -> Self {
        Self {
            id: bot.id.0,
            name: bot.name.clone(),
            description: bot.description.clone(),
            thumbnail: bot.avatar_url.clone(),
        }
    }
}

/// A team, as one of its account's agents sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct TeamBody {
    id: i64,
    name: String,
    description: Option<String>,
    allow_auto_assign: bool,
    account_id: i64,
    is_member: bool,
}

impl TeamBody {
    /// As somebody sees it who is in it, or is not.
    pub(in crate::api::chatlake) fn new(account: AccountId, team: &Team, is_member: bool) -> Self {
        Self {
            id: team.id.0,
            name: team.name.clone(),
            description: team.description.clone(),
            allow_auto_assign: team.allow_auto_assign,
            account_id: account.0,
            is_member,
        }
    }
}
