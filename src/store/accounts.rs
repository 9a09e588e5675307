//! Tenants.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Error, Noun, Result, Store, require};
use crate::model::{Account, AccountId, AccountStatus, Attributes, PlatformAppId};

/// What to change of an account; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AccountPatch {
    /// What people call it.
    pub name: Option<String>,
    /// The language it is set up for.
    pub locale: Option<String>,
    /// Where its mail comes from; an empty text is nowhere.
    pub domain: Option<String>,
    /// Where its customers write to; an empty text is nowhere.
    pub support_email: Option<String>,
    /// Whether it may be used.
    pub status: Option<AccountStatus>,
    /// Settings to put beside the others, in place of those of the same name.
    pub settings: Attributes,
    /// Custom attributes, likewise.
    pub custom_attributes: Attributes,
    /// Features, likewise.
    pub features: Attributes,
}

macro_rules! accounts {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Account,
            r#"select id as "id: AccountId", name, status as "status: AccountStatus", locale, domain, support_email,
                      settings, custom_attributes, features, created_at
               from accounts where removed_at is null "# + $tail
            $(, $arg)*
        )
    };
}

/// Makes an account.
pub async fn create(store: &Store, name: String, now: DateTime<Utc>) -> Result<Account> {
    let id = store
        .write(move |conn| Box::pin(async move { insert(conn, &name, None, now).await }))
        .await?;
    get(store, id).await
}

/// Makes an account that a platform app reaches, if one does.
pub(super) async fn insert(
    conn: &mut PgConnection,
    name: &str,
    platform_app: Option<PlatformAppId>,
    now: DateTime<Utc>,
) -> Result<AccountId> {
    let id = sqlx::query_scalar!(
        r#"insert into accounts (name, platform_app_id, created_at, updated_at) values ($1, $2, $3, $3)
           returning id as "id: AccountId""#,
        name,
        platform_app.map(|id| id.0),
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into conversation_counters (account_id) values ($1)",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(id)
}

/// The account.
pub async fn get(store: &Store, id: AccountId) -> Result<Account> {
    accounts!("and id = $1", id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::Account))
}

/// Every account, oldest first.
pub async fn list(store: &Store) -> Result<Vec<Account>> {
    let accounts = accounts!("order by id")
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
    let patch = AccountPatch {
        status: Some(status),
        ..AccountPatch::default()
    };
    update(store, id, patch, now).await
}

/// Changes an account.
pub async fn update(
    store: &Store,
    id: AccountId,
    patch: AccountPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_ending(move |conn| Box::pin(async move { change(conn, id, patch, now).await }))
        .await
}

/// Changes an account, as part of a larger write.
pub(super) async fn change(
    conn: &mut PgConnection,
    id: AccountId,
    patch: AccountPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = sqlx::query!(
        "update accounts
         set name = coalesce($2, name), locale = coalesce($3, locale),
             domain = nullif(coalesce($4, domain), ''), support_email = nullif(coalesce($5, support_email), ''),
             status = coalesce($6, status), settings = settings || $7, custom_attributes = custom_attributes || $8,
             features = features || $9, updated_at = $10
         where id = $1 and removed_at is null",
        id.0,
        patch.name,
        patch.locale,
        patch.domain,
        patch.support_email,
        patch.status.map(AccountStatus::as_str),
        serde_json::Value::from(patch.settings),
        serde_json::Value::from(patch.custom_attributes),
        serde_json::Value::from(patch.features),
        now,
    )
    .execute(conn)
    .await?;
    require::changed(changed.rows_affected(), Noun::Account)
}

/// Takes an account out of reach, for good: every credential of it opens nothing from now on, nobody is an agent of it,
/// its visitors find no inbox and its bots stand still. Its rows stay, for the operator to keep or to delete.
pub async fn remove(store: &Store, id: AccountId, now: DateTime<Utc>) -> Result<()> {
    store
        .write_ending(move |conn| {
            Box::pin(async move {
                // What is shut to suspended accounts is shut to this one by its status.
                let changed = sqlx::query!(
                    "update accounts set removed_at = $2, status = 'suspended', updated_at = $2
                     where id = $1 and removed_at is null",
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                require::changed(changed.rows_affected(), Noun::Account)?;
                sqlx::query!(
                    "update api_keys set revoked_at = $2 where account_id = $1 and revoked_at is null",
                    id.0,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}
