//! Who is there just now: agents and contacts whose connections renewed their presence a short while ago.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Result, Store};
use crate::model::{AccountId, AgentId, Availability, ContactId};

/// How long an agent is there after saying so.
pub const AGENT_FOR: TimeDelta = TimeDelta::seconds(20);

/// How long a contact is there after its window said so.
pub const CONTACT_FOR: TimeDelta = TimeDelta::seconds(90);

/// How many are listed.
const MOST: i64 = 10_000;

/// Notes that an agent is there.
pub async fn agent_seen(
    store: &Store,
    account: AccountId,
    agent: AgentId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "insert into agent_presences (account_id, agent_id, seen_at)
                     select account_id, id, $3 from agents where account_id = $1 and id = $2 and removed_at is null
                     on conflict (account_id, agent_id) do update
                     set seen_at = greatest(agent_presences.seen_at, excluded.seen_at)",
                    account.0,
                    agent.0,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Notes that a contact is there.
pub async fn contact_seen(
    store: &Store,
    account: AccountId,
    contact: ContactId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "insert into contact_presences (account_id, contact_id, seen_at)
                     select account_id, id, $3 from contacts where account_id = $1 and id = $2
                     on conflict (account_id, contact_id) do update
                     set seen_at = greatest(contact_presences.seen_at, excluded.seen_at)",
                    account.0,
                    contact.0,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// The agents who can be reached, or say that they are busy: those who are there, and those who are not set offline by
/// being away.
pub async fn list_agents(
    store: &Store,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<Vec<(AgentId, Availability)>> {
    let rows = sqlx::query!(
        r#"select a.id as "id: AgentId", a.availability as "availability: Availability"
           from agents a
           where a.account_id = $1 and a.removed_at is null
             and (not a.auto_offline
                  or exists (select from agent_presences p
                             where p.account_id = a.account_id and p.agent_id = a.id and p.seen_at > $2))
           order by a.id limit $3"#,
        account.0,
        now - AGENT_FOR,
        MOST,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.availability))
        .collect())
}

/// The contacts who are there, by their ids.
pub async fn list_contacts(
    store: &Store,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<Vec<ContactId>> {
    let contacts = sqlx::query_scalar!(
        r#"select contact_id as "id: ContactId" from contact_presences
           where account_id = $1 and seen_at > $2 order by contact_id limit $3"#,
        account.0,
        now - CONTACT_FOR,
        MOST,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(contacts)
}

/// Gives up the presence of all who did not renew it, of all accounts: to whom nothing gives the time, whoever has a row
/// is there.
pub async fn expire(store: &Store, now: DateTime<Utc>) -> Result<u64> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let agents = sqlx::query!(
                    "delete from agent_presences where seen_at <= $1",
                    now - AGENT_FOR
                )
                .execute(&mut *conn)
                .await?;
                let contacts = sqlx::query!(
                    "delete from contact_presences where seen_at <= $1",
                    now - CONTACT_FOR
                )
                .execute(conn)
                .await?;
                Ok(agents.rows_affected() + contacts.rows_affected())
            })
        })
        .await
}
