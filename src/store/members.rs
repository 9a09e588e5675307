//! Who belongs to a team, and who has access to an inbox.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Error, Noun, Result, Store, require};
use crate::model::{AccountId, AgentId, InboxId, Team, TeamId};

/// A team and who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMembers {
    /// The team.
    pub team: Team,
    /// Its agents, those who were removed from the account left out.
    pub agents: Vec<AgentId>,
}

struct Row {
    id: TeamId,
    name: String,
    description: Option<String>,
    allow_auto_assign: bool,
    agents: Vec<i64>,
}

macro_rules! teams {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select t.id as "id: TeamId", t.name, t.description, t.allow_auto_assign,
                      array(select m.agent_id from team_members m
                            join agents a on a.account_id = m.account_id and a.id = m.agent_id and a.removed_at is null
                            where m.account_id = t.account_id and m.team_id = t.id order by m.agent_id) as "agents!"
               from teams t "# + $tail
            $(, $arg)*
        )
    };
}

/// The team.
pub async fn get_team(store: &Store, account: AccountId, id: TeamId) -> Result<TeamMembers> {
    teams!("where t.account_id = $1 and t.id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .map(TeamMembers::from)
        .ok_or(Error::NotFound(Noun::Team))
}

/// The account's teams, oldest first.
pub async fn list_teams(store: &Store, account: AccountId) -> Result<Vec<TeamMembers>> {
    let rows = teams!(
        "where t.account_id = $1 order by t.id limit 10000",
        account.0
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(rows.into_iter().map(TeamMembers::from).collect())
}

/// Takes an agent out of a team. One who was never in it is as good as out.
pub async fn leave_team(
    store: &Store,
    account: AccountId,
    team: TeamId,
    agent: AgentId,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                require_team(conn, account, team).await?;
                require::agents(conn, account, &[agent]).await?;
                sqlx::query!(
                    "delete from team_members where account_id = $1 and team_id = $2 and agent_id = $3",
                    account.0,
                    team.0,
                    agent.0,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// The agents with access to an inbox, those who were removed from the account left out.
pub async fn list_of_inbox(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
) -> Result<Vec<AgentId>> {
    let mut conn = store.read().await?;
    let agents = sqlx::query_scalar!(
        r#"select m.agent_id as "id: AgentId" from inbox_members m
           join agents a on a.account_id = m.account_id and a.id = m.agent_id and a.removed_at is null
           join inboxes i on i.account_id = m.account_id and i.id = m.inbox_id and i.removed_at is null
           where m.account_id = $1 and m.inbox_id = $2 order by m.agent_id limit 10000"#,
        account.0,
        inbox.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(agents)
}

/// Takes an agent's access to an inbox away. One who never had it is as good as without.
pub async fn leave_inbox(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
    agent: AgentId,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                require::inbox(conn, account, inbox).await?;
                require::agents(conn, account, &[agent]).await?;
                sqlx::query!(
                    "delete from inbox_members where account_id = $1 and inbox_id = $2 and agent_id = $3",
                    account.0,
                    inbox.0,
                    agent.0,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Makes these agents the ones with access to an inbox, and nobody else.
pub async fn set_of_inbox(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
    agents: Vec<AgentId>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                require::inbox(conn, account, inbox).await?;
                require::agents(conn, account, &agents).await?;
                let agents: Vec<i64> = agents.iter().map(|id| id.0).collect();
                sqlx::query!(
                    "delete from inbox_members where account_id = $1 and inbox_id = $2 and agent_id <> all ($3)",
                    account.0,
                    inbox.0,
                    &agents,
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "insert into inbox_members (account_id, inbox_id, agent_id, created_at)
                     select $1, $2, id, $4 from unnest($3::bigint[]) as id on conflict do nothing",
                    account.0,
                    inbox.0,
                    &agents,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Takes agents' access to an inbox away. Those who never had it are as good as without.
pub async fn remove_of_inbox(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
    agents: Vec<AgentId>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                require::inbox(conn, account, inbox).await?;
                let agents: Vec<i64> = agents.iter().map(|id| id.0).collect();
                sqlx::query!(
                    "delete from inbox_members where account_id = $1 and inbox_id = $2 and agent_id = any ($3)",
                    account.0,
                    inbox.0,
                    &agents,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// The agents to whom a conversation of an inbox can be given: those with access to it, and the administrators.
pub async fn list_assignable(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
) -> Result<Vec<AgentId>> {
    let agents = sqlx::query_scalar!(
        r#"select a.id as "id: AgentId" from agents a
           where a.account_id = $1 and a.removed_at is null
             and (a.role = 'administrator'
                  or exists (select from inbox_members m
                             where m.account_id = $1 and m.inbox_id = $2 and m.agent_id = a.id))
           order by a.id limit 10000"#,
        account.0,
        inbox.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(agents)
}

/// A team, held until the transaction ends.
pub(super) async fn require_team(
    conn: &mut PgConnection,
    account: AccountId,
    team: TeamId,
) -> Result<()> {
    sqlx::query_scalar!(
        "select id from teams where account_id = $1 and id = $2 for share",
        account.0,
        team.0,
    )
    .fetch_optional(conn)
    .await?
    .map(drop)
    .ok_or(Error::NotFound(Noun::Team))
}

impl From<Row> for TeamMembers {
    fn from(row: Row) -> Self {
        Self {
            team: Team {
                id: row.id,
                name: row.name,
                description: row.description,
                allow_auto_assign: row.allow_auto_assign,
            },
            agents: row.agents.into_iter().map(AgentId).collect(),
        }
    }
}
