//! Conversations that are given to agents by themselves, in turn.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::conversation_changes::{self, Assignee, By};
use super::messages::From;
use super::{Result, assignments, presence};
use crate::model::{AccountId, AgentId, Conversation, ConversationStatus};

/// Gives a locked conversation that is open and nobody's to the agent of its inbox whose turn it is, if the inbox does so.
pub(super) async fn give(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    now: DateTime<Utc>,
) -> Result<()> {
    let is_taken = conversation.assignee.is_some() || conversation.assignee_bot.is_some();
    if conversation.status != ConversationStatus::Open || is_taken {
        return Ok(());
    }
    let Some(agent) = take_turn(conn, account, conversation, now).await? else {
        return Ok(());
    };
    let by = By::named(conn, account, conversation, From::System).await?;
    let to = (Some(Assignee::Agent(agent)), &by);
    match assignments::assign(conn, account, conversation, to, now).await? {
        Some(outcome) => {
            conversation_changes::tell(conn, account, conversation, outcome, now).await
        }
        None => Ok(()),
    }
}

/// The agent who waited longest of those who are there, are of the conversation's team if it has one, and have fewer open
/// conversations here than the inbox lets them have. Two at once wait for one another.
async fn take_turn(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    now: DateTime<Utc>,
) -> Result<Option<AgentId>> {
    let agent = sqlx::query_scalar!(
        r#"with next as (
               select m.agent_id from inbox_members m
               join inboxes i on i.account_id = m.account_id and i.id = m.inbox_id and i.enable_auto_assignment
               join agents a on a.account_id = m.account_id and a.id = m.agent_id and a.removed_at is null
                            and a.availability = 'online'
               where m.account_id = $1 and m.inbox_id = $2
                 and (not a.auto_offline
                      or exists (select from agent_presences p
                                 where p.account_id = $1 and p.agent_id = m.agent_id and p.seen_at > $4))
                 and ($3::bigint is null
                      or exists (select from team_members t
                                 where t.account_id = $1 and t.team_id = $3 and t.agent_id = m.agent_id))
                 and (jsonb_typeof(i.auto_assignment_config -> 'max_assignment_limit') is distinct from 'number'
                      or (select count(*) from conversations c
                          where c.account_id = $1 and c.inbox_id = $2 and c.assignee_id = m.agent_id and c.status = 'open')
                         < (i.auto_assignment_config ->> 'max_assignment_limit')::numeric)
               order by m.last_assigned_at nulls first, m.agent_id limit 1 for no key update of m)
           update inbox_members m set last_assigned_at = $5 from next
           where m.account_id = $1 and m.inbox_id = $2 and m.agent_id = next.agent_id
           returning m.agent_id as "id: AgentId""#,
        account.0,
        conversation.inbox.0,
        conversation.team.map(|id| id.0),
        now - presence::AGENT_FOR,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(agent)
}
