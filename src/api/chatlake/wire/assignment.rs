//! To whom a conversation is given, and what is answered to that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::user::{AgentBody, SlimBot};
use super::{lenient, time};
use crate::model::{AccountId, Agent, Bot};
use crate::store::assignments::TeamRow;
use crate::store::conversation_views::BotName;

/// Whom to give a conversation to. What is absent is left as it is, what is null is taken away.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewAssignment {
    #[serde(default, deserialize_with = "lenient::present_id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) assignee_id: Option<Option<i64>>,
    pub(in crate::api::chatlake) assignee_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::present_id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) team_id: Option<Option<i64>>,
}

/// Who has it now, or null.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(in crate::api::chatlake) struct AssignmentBody(Option<AssignedBody>);

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum AssignedBody {
    Agent(AgentBody),
    Bot(SlimBot),
    Team(RawTeam),
}

/// A team as its row is.
#[derive(Debug, Serialize, JsonSchema)]
struct RawTeam {
    id: i64,
    name: String,
    description: Option<String>,
    allow_auto_assign: bool,
    account_id: i64,
    created_at: String,
    updated_at: String,
}

impl AssignmentBody {
    pub(in crate::api::chatlake) fn nobody() -> Self {
        Self(None)
    }

    pub(in crate::api::chatlake) fn of_agent(account: AccountId, agent: Option<&Agent>) -> Self {
        Self(agent.map(|agent| AssignedBody::Agent(AgentBody::new(account, agent))))
    }

    pub(in crate::api::chatlake) fn of_bot(bot: &Bot) -> Self {
        let name = BotName {
            id: bot.id,
            name: bot.name.clone(),
            description: bot.description.clone(),
            avatar_url: bot.avatar_url.clone(),
        };
        Self(Some(AssignedBody::Bot(SlimBot::new(&name))))
    }

    pub(in crate::api::chatlake) fn of_team(account: AccountId, row: Option<&TeamRow>) -> Self {
        Self(row.map(|row| {
            AssignedBody::Team(RawTeam {
                id: row.team.id.0,
                name: row.team.name.clone(),
                description: row.team.description.clone(),
                allow_auto_assign: row.team.allow_auto_assign,
                account_id: account.0,
                created_at: time::iso(row.created_at),
                updated_at: time::iso(row.updated_at),
            })
        }))
    }
}
