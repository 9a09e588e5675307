//! Which inboxes and conversations somebody inside may look into.

use super::groups::Groups;
use super::lookups::{self, Asked, Lookup};
use super::{Result, Store};
use crate::model::{AccountId, AgentId, Conversation, InboxId, TeamId};

/// Whose eyes rows are seen through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Somebody who sees all of the account: an administrator, or a bot.
    Everything,
    /// An agent, who sees the inboxes they are a member of.
    Member(AgentId),
}

impl Viewer {
    /// The agent whose memberships count, if they do.
    pub(super) fn member(self) -> Option<i64> {
        match self {
            Self::Everything => None,
            Self::Member(agent) => Some(agent.0),
        }
    }
}

/// Whether an inbox is open to the viewer.
pub async fn sees_inbox(
    store: &Store,
    account: AccountId,
    viewer: Viewer,
    inbox: InboxId,
) -> Result<bool> {
    let Viewer::Member(agent) = viewer else {
        return Ok(true);
    };
    look(store, account, agent, inbox, None).await
}

/// Whether a conversation is open to the viewer: through its inbox, or through the team it is given to.
pub async fn sees_conversation(
    store: &Store,
    account: AccountId,
    viewer: Viewer,
    conversation: &Conversation,
) -> Result<bool> {
    let Viewer::Member(agent) = viewer else {
        return Ok(true);
    };
    look(store, account, agent, conversation.inbox, conversation.team).await
}

/// Whether an agent sees what is in an inbox and given to a team.
async fn look(
    store: &Store,
    account: AccountId,
    agent: AgentId,
    inbox: InboxId,
    team: Option<TeamId>,
) -> Result<bool> {
    let sight: Option<Sight> = lookups::find(store, account, (agent, inbox, team)).await?;
    Ok(sight.is_some())
}

/// That an agent sees what is in an inbox and given to a team.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    account: AccountId,
    agent: AgentId,
    inbox: InboxId,
    team: Option<TeamId>,
}

impl Lookup for Sight {
    type Id = (AgentId, InboxId, Option<TeamId>);

    fn asked(store: &Store) -> &Groups<Asked<Self>> {
        &store.sights
    }

    fn place(&self) -> (AccountId, Self::Id) {
        (self.account, (self.agent, self.inbox, self.team))
    }

    async fn find_all(store: &Store, accounts: &[i64], ids: &[Self::Id]) -> Result<Vec<Self>> {
        let agents: Vec<i64> = ids.iter().map(|(agent, ..)| agent.0).collect();
        let inboxes: Vec<i64> = ids.iter().map(|(_, inbox, _)| inbox.0).collect();
        let teams: Vec<Option<i64>> = ids.iter().map(|(.., team)| team.map(|id| id.0)).collect();
        let seen = sqlx::query_as!(
            Self,
            r#"select account_id as "account!: AccountId", agent_id as "agent!: AgentId", inbox_id as "inbox!: InboxId",
                      team_id as "team: TeamId"
               from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as a (account_id, agent_id, inbox_id, team_id)
               where exists (select from inbox_members m
                             where m.account_id = a.account_id and m.inbox_id = a.inbox_id and m.agent_id = a.agent_id)
                  or exists (select from team_members m
                             where m.account_id = a.account_id and m.team_id = a.team_id and m.agent_id = a.agent_id)"#,
            accounts,
            &agents,
            &inboxes,
            &teams as &[Option<i64>],
        )
        .fetch_all(&mut *store.read().await?)
        .await?;
        Ok(seen)
    }
}
