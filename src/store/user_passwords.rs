//! Passwords of users. Whoever sets one ends what the user had open, and decides how far it reaches: see the view
//! `sign_in_reach`.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::PgConnection;

use super::{Error, Noun, Result, Store, passwords, require, user_sessions, users};
use crate::model::{AccountId, Password, UserId};

/// Sets a password as the operator, who vouches for the user: it opens every account that the user is an agent of.
pub async fn set(
    store: &Store,
    user: UserId,
    password: Password,
    now: DateTime<Utc>,
) -> Result<()> {
    let hash = passwords::hash(password.into_secret()).await?;
    store
        .write(move |conn| {
            Box::pin(async move {
                write(conn, user, Some(&hash), None, now).await?;
                sqlx::query!(
                    "update users set email_changed_at = null where id = $1",
                    user.0
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Sets a password as an administrator of the account: it opens no other. `false`, and nothing done, if the user is an
/// agent of another account too or was made by a platform app, which are not this administrator's to shut out.
pub async fn set_in_account(
    store: &Store,
    account: AccountId,
    user: UserId,
    password: Password,
    now: DateTime<Utc>,
) -> Result<bool> {
    let hash = passwords::hash(password.into_secret()).await?;
    store
        .write(move |conn| {
            Box::pin(async move {
                // Joining an account takes this lock too.
                let of_platform = sqlx::query_scalar!(
                    r#"select u.platform_app_id is not null as "of!" from users u
                       where u.id = $2 and exists (select from agents g
                             where g.account_id = $1 and g.id = u.id and g.removed_at is null)
                       for update of u"#,
                    account.0,
                    user.0,
                )
                .fetch_optional(&mut *conn)
                .await?
                .ok_or(Error::NotFound(Noun::Agent))?;
                if of_platform || !users::is_only_in(conn, account, user).await? {
                    return Ok(false);
                }
                write(conn, user, Some(&hash), Some(account), now).await?;
                Ok(true)
            })
        })
        .await
}

/// Sets a password at the wish of its user, who shows the one before; `false` if that is another. It reaches as far as
/// before. The user's clients are signed out, except the one that asks.
pub async fn change(
    store: &Store,
    user: UserId,
    (current, new): (SecretString, Password),
    client: Option<String>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let old = sqlx::query_scalar!(
        "select password_hash from users where id = $1 and removed_at is null",
        user.0
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::User))?;
    if !passwords::verify(old.clone(), current).await? {
        return Ok(false);
    }
    let hash = passwords::hash(new.into_secret()).await?;
    store
        .write(move |conn| {
            Box::pin(async move {
                let changed = sqlx::query!(
                    "update users set password_hash = $3, updated_at = $4 where id = $1 and password_hash = $2",
                    user.0,
                    old,
                    hash,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                if changed.rows_affected() == 0 {
                    return Ok(false);
                }
                user_sessions::end_others(conn, user, client.as_deref()).await?;
                Ok(true)
            })
        })
        .await
}

/// Puts a password, or none, in place of whatever opened anything for the user until now.
pub(super) async fn write(
    conn: &mut PgConnection,
    user: UserId,
    hash: Option<&str>,
    account: Option<AccountId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = sqlx::query!(
        "update users set password_hash = $2, password_account_id = $3, token_sha256 = null, token_sealed = null,
                pubsub_token = replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), updated_at = $4
         where id = $1 and removed_at is null",
        user.0,
        hash,
        account.map(|id| id.0),
        now,
    )
    .execute(&mut *conn)
    .await?;
    require::changed(changed.rows_affected(), Noun::User)?;
    user_sessions::end_all(conn, user).await
}
