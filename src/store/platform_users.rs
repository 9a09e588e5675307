//! Users that a platform app made, and their places in the accounts that it made.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::users::{self, UserPatch};
use super::{Error, Field, Noun, Result, Store, agents, passwords, user_passwords};
use crate::model::{AccountId, Password, PlatformAppId, Role, UserId};

/// A user to make.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Full name.
    pub name: String,
    /// Lower-case e-mail address.
    pub email: String,
    /// What the user signs in with, if not through links alone.
    pub password: Option<Password>,
    /// What else is known.
    pub patch: UserPatch,
}

/// Makes a user. One whom the app made before is found by the address and stays as they are; another's address is taken.
pub async fn create(
    store: &Store,
    app: PlatformAppId,
    new: NewUser,
    now: DateTime<Utc>,
) -> Result<UserId> {
    let hash = hash(new.password).await?;
    store
        .write(move |conn| {
            Box::pin(async move {
                let made = sqlx::query_scalar!(
                    r#"insert into users (email, name, password_hash, platform_app_id, created_at, updated_at)
                       values ($1, $2, $3, $4, $5, $5) on conflict (email) do nothing returning id as "id: UserId""#,
                    new.email,
                    new.name,
                    hash,
                    app.0,
                    now,
                )
                .fetch_optional(&mut *conn)
                .await?;
                match made {
                    Some(user) => {
                        users::change(conn, user, new.patch, now).await?;
                        Ok(user)
                    }
                    None => sqlx::query_scalar!(
                        r#"select id as "id: UserId" from users
                           where email = $1 and platform_app_id = $2 and removed_at is null"#,
                        new.email,
                        app.0,
                    )
                    .fetch_optional(conn)
                    .await?
                    .ok_or(Error::Taken(Field::UserEmail)),
                }
            })
        })
        .await
}

/// Whether the app made this user.
pub async fn reaches(store: &Store, app: PlatformAppId, user: UserId) -> Result<bool> {
    let reaches = sqlx::query_scalar!(
        r#"select platform_app_id is not distinct from $2 as "reaches!" from users where id = $1 and removed_at is null"#,
        user.0,
        app.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    reaches.ok_or(Error::NotFound(Noun::User))
}

/// Changes a user whom the app made; another password ends all that the user had open.
pub async fn update(
    store: &Store,
    app: PlatformAppId,
    user: UserId,
    (patch, password): (UserPatch, Option<Password>),
    now: DateTime<Utc>,
) -> Result<()> {
    let hash = hash(password).await?;
    store
        .write(move |conn| {
            Box::pin(async move {
                require_made_by(conn, app, user).await?;
                users::change(conn, user, patch, now).await?;
                // The app answers for the address, as far as the user's reach goes: its own accounts.
                sqlx::query!(
                    "update users set email_changed_at = null where id = $1",
                    user.0
                )
                .execute(&mut *conn)
                .await?;
                match hash {
                    Some(hash) => user_passwords::write(conn, user, Some(&hash), None, now).await,
                    None => Ok(()),
                }
            })
        })
        .await
}

/// Takes a user whom the app made out of all of its accounts and ends whatever opened anything for them. Somebody who is
/// an agent of other accounts by then stays there, without a way to sign in, and is the app's no more.
pub async fn remove(
    store: &Store,
    app: PlatformAppId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let accounts = sqlx::query_scalar!(
        r#"select g.account_id as "account: AccountId" from agents g join accounts a on a.id = g.account_id
           where g.id = $1 and g.removed_at is null and a.platform_app_id = $2 order by g.account_id"#,
        user.0,
        app.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    store
        .write_ending(move |conn| {
            Box::pin(async move {
                require_made_by(conn, app, user).await?;
                user_passwords::write(conn, user, None, None, now).await?;
                for account in accounts {
                    agents::take_out(conn, account, user.into(), now).await?;
                }
                sqlx::query!(
                    "update users u
                     set platform_app_id = null, updated_at = $2::timestamptz,
                         removed_at = case when kept.elsewhere then null else $2::timestamptz end,
                         email = case when kept.elsewhere then u.email else u.id || '@removed.invalid' end
                     from (select exists (select from agents g where g.id = $1 and g.removed_at is null) as elsewhere) as kept
                     where u.id = $1",
                    user.0,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Gives a user whom the app made a place in an account that it made, or another role there.
pub async fn join(
    store: &Store,
    app: PlatformAppId,
    account: AccountId,
    user: UserId,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_ending(move |conn| {
            Box::pin(async move {
                require_made_by(conn, app, user).await?;
                sqlx::query!(
                    "insert into agents (account_id, id, role, auto_offline, created_at, updated_at)
                     select a.id, $2, coalesce($3, 'agent'), true, $4, $4 from accounts a
                     where a.id = $1 and a.platform_app_id = $5 and a.removed_at is null
                     on conflict (account_id, id) do update
                     set role = coalesce($3, agents.role), updated_at = $4, removed_at = null,
                         created_at = case when agents.removed_at is null then agents.created_at else $4 end",
                    account.0,
                    user.0,
                    role.map(Role::as_str),
                    now,
                    app.0,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

async fn require_made_by(conn: &mut PgConnection, app: PlatformAppId, user: UserId) -> Result<()> {
    sqlx::query_scalar!(
        "select id from users where id = $1 and platform_app_id = $2 and removed_at is null for update",
        user.0,
        app.0,
    )
    .fetch_optional(conn)
    .await?
    .map(drop)
    .ok_or(Error::NotFound(Noun::User))
}

async fn hash(password: Option<Password>) -> Result<Option<String>> {
    match password {
        Some(password) => passwords::hash(password.into_secret()).await.map(Some),
        None => Ok(None),
    }
}
