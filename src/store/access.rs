//! Which inboxes and conversations somebody inside may look into.

use super::{Result, Store};
use crate::model::{AccountId, AgentId, Conversation, InboxId};

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
    let sees = sqlx::query_scalar!(
        r#"select exists (select from inbox_members where account_id = $1 and inbox_id = $2 and agent_id = $3) as "sees!""#,
        account.0,
        inbox.0,
        agent.0,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(sees)
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
    let sees = sqlx::query_scalar!(
        r#"select exists (select from inbox_members where account_id = $1 and inbox_id = $2 and agent_id = $3)
               or exists (select from team_members where account_id = $1 and team_id = $4 and agent_id = $3) as "sees!""#,
        account.0,
        conversation.inbox.0,
        agent.0,
        conversation.team.map(|id| id.0),
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(sees)
}
