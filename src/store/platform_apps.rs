//! Programs of the operator that make accounts, users and bots for others. A platform app reaches what it made and
//! nothing else, so its functions take the app where others take the account.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::accounts::{self, AccountPatch};
use super::{Error, Noun, Result, Store, require};
use crate::model::{Account, AccountId, AccountStatus, PlatformAppId};

/// How such a token begins, so that it is not looked for among other kinds.
pub const PREFIX: &str = "qp_";

/// A platform app as a list shows it: never its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformApp {
    /// The row.
    pub id: PlatformAppId,
    /// What people call it.
    pub name: String,
    /// How its token begins.
    pub prefix: String,
    /// When it was shut out.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Makes a platform app. Its token is in the answer and nowhere else.
pub async fn create(
    store: &Store,
    name: String,
    now: DateTime<Utc>,
) -> Result<(PlatformAppId, SecretString)> {
    let bits: [u8; 32] = rand::random();
    let text = SecretString::from(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits)));
    let prefix: String = text.expose_secret().chars().take(8).collect();
    let sha256 = digest(text.expose_secret());
    let id = store
        .write(move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    r#"insert into platform_apps (name, prefix, token_sha256, created_at) values ($1, $2, $3, $4)
                       returning id as "id: PlatformAppId""#,
                    name,
                    prefix,
                    &sha256,
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(id)
            })
        })
        .await?;
    Ok((id, text))
}

/// Every platform app, oldest first.
pub async fn list(store: &Store) -> Result<Vec<PlatformApp>> {
    let apps = sqlx::query_as!(
        PlatformApp,
        r#"select id as "id: PlatformAppId", name, prefix, revoked_at, created_at
           from platform_apps order by id limit 10000"#,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(apps)
}

/// Shuts a platform app out at once; what it made stays. Doing so again changes nothing.
pub async fn revoke(store: &Store, id: PlatformAppId, now: DateTime<Utc>) -> Result<()> {
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                let changed = sqlx::query!(
                    "update platform_apps set revoked_at = coalesce(revoked_at, $2) where id = $1",
                    id.0,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(changed.rows_affected())
            })
        })
        .await?;
    require::changed(changed, Noun::PlatformApp)
}

/// Whose token this is; `None` for an unknown or a revoked one.
pub async fn find(store: &Store, text: &str) -> Result<Option<PlatformAppId>> {
    let sha256 = digest(text);
    let row = sqlx::query!(
        r#"select id as "id: PlatformAppId", token_sha256 from platform_apps
           where token_sha256 = $1 and revoked_at is null"#,
        &sha256,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let app = row.filter(|row| bool::from(row.token_sha256.ct_eq(&sha256)));
    Ok(app.map(|row| row.id))
}

/// Makes an account that the app reaches.
pub async fn create_account(
    store: &Store,
    app: PlatformAppId,
    name: String,
    patch: AccountPatch,
    now: DateTime<Utc>,
) -> Result<AccountId> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let id = accounts::insert(conn, &name, Some(app), now).await?;
                accounts::change(conn, id, patch, now).await?;
                Ok(id)
            })
        })
        .await
}

/// The accounts that the app made, oldest first.
pub async fn list_accounts(store: &Store, app: PlatformAppId) -> Result<Vec<Account>> {
    let accounts = sqlx::query_as!(
        Account,
        r#"select id as "id: AccountId", name, status as "status: AccountStatus", locale, domain, support_email,
                  settings, custom_attributes, features, created_at
           from accounts where platform_app_id = $1 and removed_at is null order by id limit 10000"#,
        app.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(accounts)
}

/// Whether the app made this account.
pub async fn reaches_account(
    store: &Store,
    app: PlatformAppId,
    account: AccountId,
) -> Result<bool> {
    let reaches = sqlx::query_scalar!(
        r#"select platform_app_id is not distinct from $2 as "reaches!" from accounts
           where id = $1 and removed_at is null"#,
        account.0,
        app.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    reaches.ok_or(Error::NotFound(Noun::Account))
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
