//! The people inside.

use chrono::{DateTime, Utc};

use super::text_enum::text_enum;
use super::{AgentId, TeamId};

text_enum! {
    /// What an agent may do.
    Role { Administrator = "administrator", Agent = "agent" }
}

text_enum! {
    /// Whether an agent can be reached.
    Availability { Online = "online", Offline = "offline", Busy = "busy" }
}

impl Availability {
    /// What others see of somebody who says so, and for whom being away may count as offline.
    pub(super) fn as_seen(self, auto_offline: bool, is_present: bool) -> Self {
        if auto_offline && !is_present {
            Self::Offline
        } else {
            self
        }
    }
}

/// Who an agent is as far as what they may do goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The user's id.
    pub id: AgentId,
    /// What the agent may do.
    pub role: Role,
}

/// A person of an account's team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The user's id.
    pub id: AgentId,
    /// Full name.
    pub name: String,
    /// The name visitors see, if it is another.
    pub display_name: Option<String>,
    /// Lower-case e-mail address.
    pub email: String,
    /// Picture, or empty.
    pub avatar_url: String,
    /// What the agent may do.
    pub role: Role,
    /// What the agent says of being reachable.
    pub availability: Availability,
    /// Whether being away counts as offline.
    pub auto_offline: bool,
    /// Whether the agent is connected.
    pub is_present: bool,
    /// Works behind the scenes and takes no chats.
    pub is_back_office: bool,
    /// Department, or empty.
    pub department: String,
    /// Names of the agent's teams, sorted.
    pub teams: Vec<String>,
    /// When the agent last did anything.
    pub last_active_at: Option<DateTime<Utc>>,
    /// When the agent joined the account.
    pub created_at: DateTime<Utc>,
}

impl Agent {
    /// Whether the agent can be reached, as others see it.
    pub fn reachability(&self) -> Availability {
        self.availability
            .as_seen(self.auto_offline, self.is_present)
    }

    /// The name that visitors see.
    pub fn available_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.name)
    }
}

/// What is told of an agent beside a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentName {
    /// The agent.
    pub id: AgentId,
    /// Full name.
    pub name: String,
    /// The name visitors see, if it is another.
    pub display_name: Option<String>,
    /// Lower-case e-mail address.
    pub email: String,
    /// Picture, or empty.
    pub avatar_url: String,
    /// What the agent says of being reachable.
    pub availability: Availability,
}

/// A group of agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Lower-case name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether assigning the team picks one of its agents.
    pub allow_auto_assign: bool,
}
