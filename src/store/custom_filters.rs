//! Searches that agents keep, each for themselves.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Error, Noun, Once, Result, Store, require};
use crate::model::{AccountId, AgentId, Attributes, CustomFilter, CustomFilterId, FilterKind};

/// How many searches an agent may keep.
pub const MOST: i64 = 1000;

/// A search to keep.
#[derive(Debug, Clone)]
pub struct NewCustomFilter {
    /// What the agent calls it.
    pub name: String,
    /// What it looks for.
    pub kind: FilterKind,
    /// The search.
    pub query: Attributes,
}

/// What to change of a kept search; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct CustomFilterPatch {
    /// What the agent calls it.
    pub name: Option<String>,
    /// What it looks for.
    pub kind: Option<FilterKind>,
    /// The search.
    pub query: Option<Attributes>,
}

macro_rules! custom_filters {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            CustomFilter,
            r#"select id as "id: CustomFilterId", name, kind as "kind: FilterKind", query, created_at, updated_at
               from custom_filters "# + $tail
            $(, $arg)*
        )
    };
}

/// Keeps a search; `None` where the agent keeps as many as may be.
pub async fn create(
    store: &Store,
    account: AccountId,
    agent: AgentId,
    new: NewCustomFilter,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Option<CustomFilter>> {
    let id: Option<i64> = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                Ok(sqlx::query_scalar!(
                    "insert into custom_filters (account_id, agent_id, name, kind, query, created_at, updated_at)
                     select $1, $2, $3, $4, $5, $6, $6
                     where (select count(*) from custom_filters where account_id = $1 and agent_id = $2) < $7
                     returning id",
                    account.0,
                    agent.0,
                    new.name,
                    new.kind.as_str(),
                    Value::from(new.query),
                    now,
                    MOST,
                )
                .fetch_optional(conn)
                .await?)
            })
        })
        .await?;
    match id {
        Some(id) => get(store, account, agent, CustomFilterId(id))
            .await
            .map(Some),
        None => Ok(None),
    }
}

/// The agent's search.
pub async fn get(
    store: &Store,
    account: AccountId,
    agent: AgentId,
    id: CustomFilterId,
) -> Result<CustomFilter> {
    custom_filters!(
        "where account_id = $1 and agent_id = $2 and id = $3",
        account.0,
        agent.0,
        id.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::CustomFilter))
}

/// The agent's searches of one kind, oldest first.
pub async fn list(
    store: &Store,
    account: AccountId,
    agent: AgentId,
    kind: FilterKind,
) -> Result<Vec<CustomFilter>> {
    let found = custom_filters!(
        "where account_id = $1 and agent_id = $2 and kind = $3 order by id limit $4",
        account.0,
        agent.0,
        kind.as_str(),
        MOST,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(found)
}

/// Changes a search.
pub async fn update(
    store: &Store,
    account: AccountId,
    agent: AgentId,
    id: CustomFilterId,
    patch: CustomFilterPatch,
    now: DateTime<Utc>,
) -> Result<CustomFilter> {
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "update custom_filters set name = coalesce($4, name), kind = coalesce($5, kind),
                            query = coalesce($6, query), updated_at = $7
                     where account_id = $1 and agent_id = $2 and id = $3",
                    account.0,
                    agent.0,
                    id.0,
                    patch.name,
                    patch.kind.map(FilterKind::as_str),
                    patch.query.map(Value::from),
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    if changed == 0 {
        return Err(Error::NotFound(Noun::CustomFilter));
    }
    get(store, account, agent, id).await
}

/// Forgets a search.
pub async fn delete(
    store: &Store,
    account: AccountId,
    agent: AgentId,
    id: CustomFilterId,
) -> Result<()> {
    let deleted = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "delete from custom_filters where account_id = $1 and agent_id = $2 and id = $3",
                    account.0,
                    agent.0,
                    id.0,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(deleted, Noun::CustomFilter)
}
