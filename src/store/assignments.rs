//! To whom a locked conversation is given: an agent or a bot, and a team, which may pick one of its agents.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::conversation_changes::{Assignee, By, Outcome, field};
use super::conversation_status::name_of;
use super::messages::From;
use super::{Result, Store, participants};
use crate::model::{AccountId, AgentId, Conversation, InboxId, Team, TeamId};

/// A team with the times of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRow {
    /// The team.
    pub team: Team,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The team, if there is one.
pub async fn find_team(store: &Store, account: AccountId, id: TeamId) -> Result<Option<TeamRow>> {
    let row = sqlx::query!(
        "select name, description, allow_auto_assign, created_at, updated_at from teams
         where account_id = $1 and id = $2",
        account.0,
        id.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(row.map(|row| TeamRow {
        team: Team {
            id,
            name: row.name,
            description: row.description,
            allow_auto_assign: row.allow_auto_assign,
        },
        created_at: row.created_at,
        updated_at: row.updated_at,
    }))
}

/// Gives a conversation to somebody, or takes it from whoever has it.
pub(super) async fn assign(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    (to, by): (Option<Assignee>, &By),
    now: DateTime<Utc>,
) -> Result<Option<Outcome>> {
    let changed = set_assignee(conn, account, conversation, to, now).await?;
    if changed.is_empty() {
        return Ok(None);
    }
    let note = match to {
        None => format!("Conversation unassigned by {by}"),
        Some(to) if by.is(to.into()) => format!("{by} self-assigned this conversation"),
        Some(to) => {
            let whom = name_of(conn, account, conversation, to.into()).await?;
            format!("Assigned to {whom} by {by}")
        }
    };
    Ok(Some(Outcome {
        changed: Some(Value::Array(changed)),
        notes: vec![note],
    }))
}

/// Gives a conversation to a team, or to none. An assignee who is not of the team loses it; the team may pick another.
pub(super) async fn assign_team(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    (to, by): (Option<TeamId>, &By),
    now: DateTime<Utc>,
) -> Result<Option<Outcome>> {
    let from = std::mem::replace(&mut conversation.team, to);
    if from == to {
        return Ok(None);
    }
    sqlx::query!(
        "update conversations set team_id = $3, updated_at = $4 where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        to.map(|id| id.0),
        now,
    )
    .execute(&mut *conn)
    .await?;
    let (previous, current) = (from.map(|id| id.0), to.map(|id| id.0));
    let mut changed = vec![field("team_id", previous, current)];
    let mut picked = None;
    if let Some(team) = to {
        let assignee = choose(conn, account, conversation, team).await?;
        let moved = set_assignee(conn, account, conversation, assignee, now).await?;
        picked = assignee.filter(|_| !moved.is_empty());
        changed.extend(moved);
    }
    let note = match (to, picked) {
        (Some(team), None) => {
            format!(
                "Assigned to {} by {by}",
                name_of_team(conn, account, team).await?
            )
        }
        (Some(team), Some(picked)) => {
            let whom = name_of(conn, account, conversation, picked.into()).await?;
            let team = name_of_team(conn, account, team).await?;
            format!("Assigned to {whom} via {team} by {by}")
        }
        (None, _) => {
            let team = match from {
                Some(team) => name_of_team(conn, account, team).await?,
                None => String::new(),
            };
            format!("Unassigned from {team} by {by}")
        }
    };
    Ok(Some(Outcome {
        changed: Some(json!(changed)),
        notes: vec![note],
    }))
}

/// The fields that changed.
async fn set_assignee(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    to: Option<Assignee>,
    now: DateTime<Utc>,
) -> Result<Vec<Value>> {
    let (agent, bot) = match to {
        None => (None, None),
        Some(Assignee::Agent(agent)) => (Some(agent), None),
        Some(Assignee::Bot(bot)) => (None, Some(bot)),
    };
    let from = std::mem::replace(&mut conversation.assignee, agent);
    let from_bot = std::mem::replace(&mut conversation.assignee_bot, bot);
    let mut changed = Vec::new();
    if from != agent {
        let (previous, current) = (from.map(|id| id.0), agent.map(|id| id.0));
        changed.push(field("assignee_id", previous, current));
    }
    if from_bot != bot {
        let (previous, current) = (from_bot.map(|id| id.0), bot.map(|id| id.0));
        changed.push(field("assignee_agent_bot_id", previous, current));
    }
    if changed.is_empty() {
        return Ok(changed);
    }
    sqlx::query!(
        "update conversations set assignee_id = $3, assignee_bot_id = $4, updated_at = $5
         where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        agent.map(|id| id.0),
        bot.map(|id| id.0),
        now,
    )
    .execute(&mut *conn)
    .await?;
    conversation.updated_at = now;
    if let Some(agent) = agent {
        participants::insert(conn, account, conversation.id, &[agent.0], now).await?;
    }
    Ok(changed)
}

/// Whom a team has a conversation with: the assignee, if it is one of the team's, or else whoever of its agents in the
/// inbox says they are there and has the fewest open conversations, if the team picks somebody at all.
async fn choose(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    team: TeamId,
) -> Result<Option<Assignee>> {
    if let Some(agent) = conversation.assignee {
        let stays = sqlx::query_scalar!(
            r#"select exists (select from team_members
                              where account_id = $1 and team_id = $2 and agent_id = $3) as "stays!""#,
            account.0,
            team.0,
            agent.0,
        )
        .fetch_one(&mut *conn)
        .await?;
        if stays {
            return Ok(Some(Assignee::Agent(agent)));
        }
    }
    let picked = pick(conn, account, conversation.inbox, team).await?;
    Ok(picked.map(Assignee::Agent))
}

async fn pick(
    conn: &mut PgConnection,
    account: AccountId,
    inbox: InboxId,
    team: TeamId,
) -> Result<Option<AgentId>> {
    let picked = sqlx::query_scalar!(
        r#"select a.id as "id: AgentId"
           from teams t
           join team_members m on m.account_id = t.account_id and m.team_id = t.id
           join inbox_members i on i.account_id = t.account_id and i.inbox_id = $3 and i.agent_id = m.agent_id
           join agents a on a.account_id = t.account_id and a.id = m.agent_id and a.removed_at is null
                        and a.availability = 'online'
           where t.account_id = $1 and t.id = $2 and t.allow_auto_assign
           order by (select count(*) from conversations c
                     where c.account_id = a.account_id and c.assignee_id = a.id and c.status = 'open'), a.id
           limit 1"#,
        account.0,
        team.0,
        inbox.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(picked)
}

async fn name_of_team(conn: &mut PgConnection, account: AccountId, team: TeamId) -> Result<String> {
    let name = sqlx::query_scalar!(
        "select name from teams where account_id = $1 and id = $2",
        account.0,
        team.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(name.unwrap_or_default())
}

impl std::convert::From<Assignee> for From {
    fn from(assignee: Assignee) -> Self {
        match assignee {
            Assignee::Agent(id) => Self::Agent(id),
            Assignee::Bot(id) => Self::Bot(id),
        }
    }
}
