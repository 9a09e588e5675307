//! The people inside, and their teams.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::cache_keys::{self, List};
use super::events::{self, NewEvent};
use super::{Error, Noun, Result, Store, require};
use crate::model::{
    AccountId, Agent, AgentId, Availability, ConversationId, EventKind, Role, Seat, TeamId, UserId,
};

/// An agent to add to an account.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Full name.
    pub name: String,
    /// The name visitors see, if it is another.
    pub display_name: Option<String>,
    /// Lower-case e-mail address; a user who has it already joins this account too.
    pub email: String,
    /// Picture, or empty.
    pub avatar_url: String,
    /// What the agent may do.
    pub role: Role,
    /// Works behind the scenes.
    pub is_back_office: bool,
    /// Department, or empty.
    pub department: String,
}

macro_rules! agents {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Agent,
            r#"select a.id as "id: AgentId", u.name, u.display_name, u.email, u.avatar_url, a.role as "role: Role",
                      a.availability as "availability: Availability", a.auto_offline,
                      exists (select from agent_presences p
                              where p.account_id = a.account_id and p.agent_id = a.id) as "is_present!",
                      a.is_back_office, a.department,
                      array(select t.name from team_members m join teams t on t.account_id = m.account_id and t.id = m.team_id
                            where m.account_id = a.account_id and m.agent_id = a.id order by t.name) as "teams!",
                      a.last_active_at, a.created_at
               from agents a join users u on u.id = a.id "# + $tail
            $(, $arg)*
        )
    };
}

/// Adds an agent; the user behind it is found by e-mail or made. Who is an agent already has this role then.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewAgent,
    now: DateTime<Utc>,
) -> Result<Agent> {
    let id = store
        .write_ending(move |conn| Box::pin(async move { insert(conn, account, &new, now).await }))
        .await?;
    get(store, account, id).await
}

async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    new: &NewAgent,
    now: DateTime<Utc>,
) -> Result<AgentId> {
    let id = sqlx::query_scalar!(
        r#"insert into users (email, name, display_name, avatar_url, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $5)
           on conflict (email) do update set email = excluded.email
           returning id as "id: AgentId""#,
        new.email,
        new.name,
        new.display_name,
        new.avatar_url,
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into agents (account_id, id, role, is_back_office, department, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (account_id, id) do update
         set role = excluded.role, is_back_office = excluded.is_back_office, department = excluded.department,
             created_at = case when agents.removed_at is null then agents.created_at else excluded.created_at end,
             removed_at = null, updated_at = excluded.updated_at",
        account.0,
        id.0,
        new.role.as_str(),
        new.is_back_office,
        new.department,
        now,
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// The agent, unless removed.
pub async fn get(store: &Store, account: AccountId, id: AgentId) -> Result<Agent> {
    agents!(
        "where a.account_id = $1 and a.id = $2 and a.removed_at is null",
        account.0,
        id.0
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Agent))
}

/// The agent that a user who is signed in is in this account, if it is open to them.
pub async fn find_signed_in(
    store: &Store,
    account: AccountId,
    user: UserId,
) -> Result<Option<Seat>> {
    let seat = sqlx::query_as!(
        Seat,
        r#"select a.id as "id: AgentId", a.role as "role: Role" from agents a
           join sign_in_reach r on r.account_id = a.account_id and r.user_id = a.id
           where a.account_id = $1 and a.id = $2"#,
        account.0,
        user.0
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(seat)
}

/// The teams that an agent is in.
pub async fn list_teams(store: &Store, account: AccountId, id: AgentId) -> Result<Vec<TeamId>> {
    let teams = sqlx::query_scalar!(
        r#"select team_id as "id: TeamId" from team_members where account_id = $1 and agent_id = $2"#,
        account.0,
        id.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(teams)
}

/// Agents by their ids, in no order, those who were removed too.
pub async fn list_by_ids(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<Agent>> {
    let agents = agents!(
        "where a.account_id = $1 and a.id = any ($2)",
        account.0,
        ids
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(agents)
}

/// The account's agents, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Agent>> {
    let agents = agents!(
        "where a.account_id = $1 and a.removed_at is null order by a.id limit 10000",
        account.0
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(agents)
}

/// Takes an agent out of the account: its keys end, its conversations have no assignee, what it said stays.
pub async fn remove(
    store: &Store,
    account: AccountId,
    id: AgentId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_ending(move |conn| Box::pin(async move { take_out(conn, account, id, now).await }))
        .await
}

/// Takes an agent out of the account, as part of a larger write.
pub(super) async fn take_out(
    conn: &mut PgConnection,
    account: AccountId,
    id: AgentId,
    now: DateTime<Utc>,
) -> Result<()> {
    // Whoever assigns a conversation locks it first and the agent then, so this does, too.
    unassign(conn, account, id, now).await?;
    let changed = sqlx::query!(
        "update agents set removed_at = $3, updated_at = $3
         where account_id = $1 and id = $2 and removed_at is null",
        account.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    require::changed(changed.rows_affected(), Noun::Agent)?;
    // Those that were assigned while this waited for the agent.
    unassign(conn, account, id, now).await?;
    sqlx::query!(
        "update api_keys set revoked_at = $3
         where account_id = $1 and agent_id = $2 and revoked_at is null",
        account.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from team_members where account_id = $1 and agent_id = $2",
        account.0,
        id.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from inbox_members where account_id = $1 and agent_id = $2",
        account.0,
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes an agent's conversations from it. Only of those that are not resolved does anybody hear.
async fn unassign(
    conn: &mut PgConnection,
    account: AccountId,
    id: AgentId,
    now: DateTime<Utc>,
) -> Result<()> {
    let conversations = sqlx::query!(
        r#"with mine as (
               select id from conversations where account_id = $1 and assignee_id = $2 order by id for update
           )
           update conversations c set assignee_id = null, updated_at = $3
           from mine where c.account_id = $1 and c.id = mine.id
           returning c.id as "id: ConversationId", c.status <> 'resolved' as "is_told!""#,
        account.0,
        id.0,
        now,
    )
    .fetch_all(&mut *conn)
    .await?;
    let changed = serde_json::json!([
        {"assignee_id": {"previous_value": id.0, "current_value": null}}
    ]);
    for conversation in conversations.iter().filter(|row| row.is_told) {
        let event = NewEvent::of_conversation(EventKind::ConversationUpdated, conversation.id);
        events::append(conn, account, event.changing(&changed), now).await?;
    }
    Ok(())
}

/// Puts agents into a team, which is made if the account has none of that name.
pub async fn join_team(
    store: &Store,
    account: AccountId,
    team: String,
    agents: Vec<AgentId>,
    now: DateTime<Utc>,
) -> Result<TeamId> {
    store
        .write(move |conn| {
            Box::pin(async move {
                require::agents(conn, account, &agents).await?;
                let team = sqlx::query_scalar!(
                    r#"insert into teams (account_id, name, created_at, updated_at) values ($1, $2, $3, $3)
                       on conflict (account_id, name) do update set updated_at = excluded.updated_at
                       returning id as "id: TeamId""#,
                    account.0,
                    team,
                    now,
                )
                .fetch_one(&mut *conn)
                .await?;
                let agents: Vec<i64> = agents.iter().map(|id| id.0).collect();
                sqlx::query!(
                    "insert into team_members (account_id, team_id, agent_id, created_at)
                     select $1, $2, id, $4 from unnest($3::bigint[]) as id on conflict do nothing",
                    account.0,
                    team.0,
                    &agents,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                cache_keys::touch(conn, account, List::Teams, now).await?;
                Ok(team)
            })
        })
        .await
}
