//! Agents who follow a conversation, and those whom a note in it named.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::signals::{self, Signal};
use super::{Result, Store};
use crate::model::{AccountId, Agent, AgentId, ConversationId, InboxId, TeamId};

/// Who follows a conversation, oldest agent first.
pub async fn list(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Vec<Agent>> {
    let ids = sqlx::query_scalar!(
        "select agent_id from conversation_participants where account_id = $1 and conversation_id = $2
         order by agent_id limit 10000",
        account.0,
        conversation.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let mut agents = super::agents::list_by_ids(store, account, &ids).await?;
    agents.sort_unstable_by_key(|agent| agent.id);
    Ok(agents)
}

/// Lets agents follow a conversation; with `only`, nobody else does any more.
pub async fn add(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    (agents, only): (Vec<i64>, bool),
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                if only {
                    sqlx::query!(
                        "delete from conversation_participants
                         where account_id = $1 and conversation_id = $2 and agent_id <> all ($3)",
                        account.0,
                        conversation.0,
                        &agents,
                    )
                    .execute(&mut *conn)
                    .await?;
                }
                insert(conn, account, conversation, &agents, now).await
            })
        })
        .await
}

/// Lets agents follow a conversation no longer.
pub async fn remove(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    agents: Vec<i64>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "delete from conversation_participants
                     where account_id = $1 and conversation_id = $2 and agent_id = any ($3)",
                    account.0,
                    conversation.0,
                    &agents,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Those of these agents who may look into an inbox: its members and administrators.
pub async fn list_with_access(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
    agents: &[i64],
) -> Result<Vec<i64>> {
    let ids = sqlx::query_scalar!(
        "select a.id from agents a
         where a.account_id = $1 and a.id = any ($3) and a.removed_at is null
           and (a.role = 'administrator' or exists (
               select from inbox_members m where m.account_id = a.account_id and m.inbox_id = $2 and m.agent_id = a.id))
         order by a.id",
        account.0,
        inbox.0,
        agents,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ids)
}

/// The agents of these teams.
pub async fn list_of_teams(
    store: &Store,
    account: AccountId,
    teams: &[TeamId],
) -> Result<Vec<AgentId>> {
    let teams: Vec<i64> = teams.iter().map(|id| id.0).collect();
    let ids = sqlx::query_scalar!(
        r#"select distinct agent_id as "id: AgentId" from team_members
           where account_id = $1 and team_id = any ($2) order by 1 limit 1000"#,
        account.0,
        &teams,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ids)
}

/// Keeps that a note in a conversation named agents, who follow it from then on.
pub async fn mention(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    agents: Vec<i64>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "insert into mentions (account_id, conversation_id, agent_id, mentioned_at)
                     select $1, $2, id, $4 from unnest($3::bigint[]) as id
                     on conflict (account_id, conversation_id, agent_id)
                     do update set mentioned_at = excluded.mentioned_at",
                    account.0,
                    conversation.0,
                    &agents,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                insert(conn, account, conversation, &agents, now).await?;
                let agents = agents.into_iter().map(AgentId);
                let mentioned = agents.map(|agent| Signal::Mentioned {
                    conversation,
                    agent,
                });
                let mentioned: Vec<Signal> = mentioned.collect();
                signals::tell_all(conn, account, &mentioned, now).await
            })
        })
        .await
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    agents: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into conversation_participants (account_id, conversation_id, agent_id, created_at)
         select $1, $2, id, $4 from unnest($3::bigint[]) as id on conflict do nothing",
        account.0,
        conversation.0,
        agents,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
