//! Teams: what they are called and who is in them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::cache_keys::{self, List};
use super::{Error, Noun, Once, Result, Store, members, require};
use crate::model::{AccountId, AgentId, TeamId};

/// A team to make.
#[derive(Debug, Clone)]
pub struct NewTeam {
    /// Lower-case name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether assigning the team picks one of its agents.
    pub allow_auto_assign: bool,
}

/// What to change of a team; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct TeamPatch {
    /// Lower-case name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Whether assigning the team picks one of its agents.
    pub allow_auto_assign: Option<bool>,
}

/// Makes a team without members.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewTeam,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<TeamId> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    "insert into teams (account_id, name, description, allow_auto_assign, created_at, updated_at)
                     values ($1, $2, $3, $4, $5, $5) returning id",
                    account.0,
                    new.name,
                    new.description,
                    new.allow_auto_assign,
                    now,
                )
                .fetch_one(&mut *conn)
                .await?;
                cache_keys::touch(conn, account, List::Teams, now).await?;
                Ok(id)
            })
        })
        .await?;
    Ok(TeamId(id))
}

/// Changes a team.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: TeamId,
    patch: TeamPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let changed = sqlx::query!(
                    "update teams set name = coalesce($3, name), description = case when $4 then $5 else description end,
                            allow_auto_assign = coalesce($6, allow_auto_assign), updated_at = $7
                     where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                    patch.name,
                    patch.description.is_some(),
                    patch.description.flatten(),
                    patch.allow_auto_assign,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                require::changed(changed.rows_affected(), Noun::Team)?;
                cache_keys::touch(conn, account, List::Teams, now).await
            })
        })
        .await
}

/// Deletes a team. Its conversations are without one then.
pub async fn delete(
    store: &Store,
    account: AccountId,
    id: TeamId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                // Held, so that no conversation is given to the team meanwhile.
                sqlx::query_scalar!(
                    "select id from teams where account_id = $1 and id = $2 for update",
                    account.0,
                    id.0,
                )
                .fetch_optional(&mut *conn)
                .await?
                .ok_or(Error::NotFound(Noun::Team))?;
                sqlx::query!(
                    "update conversations set team_id = null where account_id = $1 and team_id = $2",
                    account.0,
                    id.0,
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "delete from teams where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                )
                .execute(&mut *conn)
                .await?;
                cache_keys::touch(conn, account, List::Teams, now).await
            })
        })
        .await
}

/// Puts agents into a team, beside those who are in it; those who were not.
pub async fn add_members(
    store: &Store,
    account: AccountId,
    team: TeamId,
    agents: Vec<AgentId>,
    now: DateTime<Utc>,
) -> Result<Vec<AgentId>> {
    store
        .write(move |conn| {
            Box::pin(async move {
                members::require_team(conn, account, team).await?;
                require::agents(conn, account, &agents).await?;
                insert_members(conn, account, team, &ids(&agents), now).await
            })
        })
        .await
}

/// Makes these agents the members of a team, and nobody else.
pub async fn set_members(
    store: &Store,
    account: AccountId,
    team: TeamId,
    agents: Vec<AgentId>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                members::require_team(conn, account, team).await?;
                require::agents(conn, account, &agents).await?;
                let agents = ids(&agents);
                sqlx::query!(
                    "delete from team_members where account_id = $1 and team_id = $2 and agent_id <> all ($3)",
                    account.0,
                    team.0,
                    &agents,
                )
                .execute(&mut *conn)
                .await?;
                insert_members(conn, account, team, &agents, now).await?;
                Ok(())
            })
        })
        .await
}

/// Takes agents out of a team. Those who were never in it are as good as out.
pub async fn remove_members(
    store: &Store,
    account: AccountId,
    team: TeamId,
    agents: Vec<AgentId>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                members::require_team(conn, account, team).await?;
                require::agents(conn, account, &agents).await?;
                sqlx::query!(
                    "delete from team_members where account_id = $1 and team_id = $2 and agent_id = any ($3)",
                    account.0,
                    team.0,
                    &ids(&agents),
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

async fn insert_members(
    conn: &mut PgConnection,
    account: AccountId,
    team: TeamId,
    agents: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<AgentId>> {
    let new = sqlx::query_scalar!(
        r#"insert into team_members (account_id, team_id, agent_id, created_at)
           select $1, $2, id, $4 from unnest($3::bigint[]) as id on conflict do nothing
           returning agent_id as "id: AgentId""#,
        account.0,
        team.0,
        agents,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(new)
}

fn ids(agents: &[AgentId]) -> Vec<i64> {
    agents.iter().map(|id| id.0).collect()
}
