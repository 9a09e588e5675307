//! Tenants.

use chrono::{DateTime, Utc};

use super::{Error, Noun, Result, Store};
use crate::model::{Account, AccountId, AccountStatus};

/// Makes an account.
pub async fn create(store: &Store, name: String, now: DateTime<Utc>) -> Result<Account> {
    let id = store
        .write(move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    r#"insert into accounts (name, created_at, updated_at) values ($1, $2, $2) returning id as "id: AccountId""#,
                    name,
                    now,
                )
                .fetch_one(&mut *conn)
                .await?;
                sqlx::query!("insert into conversation_counters (account_id) values ($1)", id.0)
                    .execute(conn)
                    .await?;
                Ok(id)
            })
        })
        .await?;
    get(store, id).await
}

/// The account.
pub async fn get(store: &Store, id: AccountId) -> Result<Account> {
    sqlx::query_as!(
        Account,
        r#"select id as "id: AccountId", name, status as "status: AccountStatus", locale, created_at
           from accounts where id = $1"#,
        id.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Account))
}

/// Every account, oldest first.
pub async fn list(store: &Store) -> Result<Vec<Account>> {
    let accounts = sqlx::query_as!(
        Account,
        r#"select id as "id: AccountId", name, status as "status: AccountStatus", locale, created_at
           from accounts order by id"#,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(accounts)
}

/// Opens an account or shuts it; its rows stay.
pub async fn set_status(
    store: &Store,
    id: AccountId,
    status: AccountStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "update accounts set status = $2, updated_at = $3 where id = $1",
                    id.0,
                    status.as_str(),
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::NotFound(Noun::Account))
    }
}
