//! Agents as an account's administrators make and change them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Error, Field, Noun, Once, Result, Store, agents, require, users};
use crate::model::{AccountId, Agent, AgentId, Availability, Role, UserId};

/// Somebody to invite.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Full name; a user who has the address already keeps theirs.
    pub name: String,
    /// Lower-case e-mail address.
    pub email: String,
    /// What the agent may do.
    pub role: Role,
    /// What the agent says of being reachable.
    pub availability: Availability,
    /// Whether being away counts as offline.
    pub auto_offline: bool,
    /// Who invites.
    pub inviter: UserId,
}

/// What to change of an agent; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AgentPatch {
    /// Full name, which is changed only of users who are of no other account: it is shown there, too.
    pub name: Option<String>,
    /// What the agent may do.
    pub role: Option<Role>,
    /// What the agent says of being reachable.
    pub availability: Option<Availability>,
    /// Whether being away counts as offline.
    pub auto_offline: Option<bool>,
}

/// Makes somebody an agent of the account. Who is one already is refused.
pub async fn invite(
    store: &Store,
    account: AccountId,
    new: Invitation,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Agent> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let id = add(conn, account, &new, now).await?;
                id.map(|id| id.0).ok_or(Error::Taken(Field::Membership))
            })
        })
        .await?;
    agents::get(store, account, AgentId(id)).await
}

/// Makes several people agents of the account; those who are agents already stay as they are.
pub async fn invite_all(
    store: &Store,
    account: AccountId,
    mut new: Vec<Invitation>,
    now: DateTime<Utc>,
) -> Result<()> {
    // Two who invite the same people at once go in the same order.
    new.sort_by(|one, other| one.email.cmp(&other.email));
    store
        .write(move |conn| {
            Box::pin(async move {
                for new in &new {
                    add(conn, account, new, now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Changes an agent.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: AgentId,
    patch: AgentPatch,
    now: DateTime<Utc>,
) -> Result<Agent> {
    if patch.role.is_some() {
        store
            .write_ending(move |conn| Box::pin(apply(conn, account, id, patch, now)))
            .await?;
    } else {
        store
            .write(move |conn| Box::pin(apply(conn, account, id, patch, now)))
            .await?;
    }
    agents::get(store, account, id).await
}

async fn apply(
    conn: &mut PgConnection,
    account: AccountId,
    id: AgentId,
    patch: AgentPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = sqlx::query!(
        "update agents
         set role = coalesce($3, role), availability = coalesce($4, availability),
             auto_offline = coalesce($5, auto_offline), updated_at = $6
         where account_id = $1 and id = $2 and removed_at is null",
        account.0,
        id.0,
        patch.role.map(Role::as_str),
        patch.availability.map(Availability::as_str),
        patch.auto_offline,
        now,
    )
    .execute(&mut *conn)
    .await?;
    require::changed(changed.rows_affected(), Noun::Agent)?;
    rename(conn, account, id, patch.name, now).await
}

/// The new agent; `None` if it is one already.
async fn add(
    conn: &mut PgConnection,
    account: AccountId,
    new: &Invitation,
    now: DateTime<Utc>,
) -> Result<Option<AgentId>> {
    let user = sqlx::query_scalar!(
        "insert into users (email, name, created_at, updated_at) values ($1, $2, $3, $3)
         on conflict (email) do update set email = excluded.email returning id",
        new.email,
        new.name,
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    let id = sqlx::query_scalar!(
        r#"insert into agents (account_id, id, role, availability, auto_offline, inviter_id, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $7)
           on conflict (account_id, id) do update
           set role = excluded.role, availability = excluded.availability, auto_offline = excluded.auto_offline,
               inviter_id = excluded.inviter_id, removed_at = null, created_at = excluded.created_at,
               updated_at = excluded.updated_at
           where agents.removed_at is not null
           returning id as "id: AgentId""#,
        account.0,
        user,
        new.role.as_str(),
        new.availability.as_str(),
        new.auto_offline,
        new.inviter.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

async fn rename(
    conn: &mut PgConnection,
    account: AccountId,
    id: AgentId,
    name: Option<String>,
    now: DateTime<Utc>,
) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    if !users::is_only_in(conn, account, id.into()).await? {
        return Ok(());
    }
    sqlx::query!(
        "update users set name = $2, updated_at = $3 where id = $1",
        id.0,
        name,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
