//! The people who may sign in, and the accounts that are open to them then.
//!
//! A user is found by what they show: a session, a token, or the name of their channel. None of these is of an account;
//! which accounts it opens is said by the view `sign_in_reach`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Error, Noun, Result, Store, require};
use crate::model::{
    AccountId, AccountStatus, Attributes, Availability, Membership, Role, User, UserId,
};

/// What to change of a user; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// Full name.
    pub name: Option<String>,
    /// Lower-case e-mail address.
    pub email: Option<String>,
    /// The name visitors see; an empty text is none.
    pub display_name: Option<String>,
    /// Picture; an empty text is none.
    pub avatar_url: Option<String>,
    /// What stands below the user's messages; an empty text is nothing.
    pub message_signature: Option<String>,
    /// What the user's clients remember, all of it.
    pub ui_settings: Option<Attributes>,
    /// What else is kept of the user: to put beside the rest, in place of those of the same name.
    pub custom_attributes: Attributes,
}

/// Whom the name of a user's channel belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// The user.
    pub user: UserId,
    /// The only account that it opens, if it is of one. The others are those that the user may enter.
    pub account: Option<AccountId>,
}

macro_rules! users {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            User,
            r#"select id as "id: UserId", email, name, display_name, avatar_url, message_signature, ui_settings,
                      custom_attributes, created_at, updated_at
               from users where removed_at is null "# + $tail
            $(, $arg)*
        )
    };
}

macro_rules! memberships {
    ($from:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Membership,
            r#"select g.account_id as "account: AccountId", g.id as "user: UserId", a.name as account_name,
                      a.status as "account_status: AccountStatus", g.role as "role: Role",
                      g.availability as "availability: Availability", g.auto_offline,
                      exists (select from agent_presences p
                              where p.account_id = g.account_id and p.agent_id = g.id) as "is_present!", g.active_at,
                      g.inviter_id as "inviter: UserId", g.created_at, g.updated_at
               from agents g join accounts a on a.id = g.account_id and a.removed_at is null "# + $from
            $(, $arg)*
        )
    };
}

/// The user.
pub async fn get(store: &Store, id: UserId) -> Result<User> {
    users!("and id = $1", id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::User))
}

/// The places of a user in the accounts that they may enter, the one they chose last at the head.
pub async fn list_memberships(store: &Store, user: UserId) -> Result<Vec<Membership>> {
    let memberships = memberships!(
        "join sign_in_reach r on r.account_id = g.account_id and r.user_id = g.id
         where g.id = $1 order by g.active_at desc nulls last, g.account_id limit 1000",
        user.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(memberships)
}

/// The user's place in one account, unless removed.
pub async fn get_membership(store: &Store, account: AccountId, user: UserId) -> Result<Membership> {
    memberships!(
        "where g.account_id = $1 and g.id = $2 and g.removed_at is null",
        account.0,
        user.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Agent))
}

/// Everybody's places in one account.
pub async fn list_of_account(store: &Store, account: AccountId) -> Result<Vec<Membership>> {
    let memberships = memberships!(
        "where g.account_id = $1 and g.removed_at is null order by g.id limit 10000",
        account.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(memberships)
}

/// Whether a user who is signed in may enter the account.
pub async fn may_enter(store: &Store, account: AccountId, user: UserId) -> Result<bool> {
    let may = sqlx::query_scalar!(
        r#"select exists (select from sign_in_reach where account_id = $1 and user_id = $2) as "may!""#,
        account.0,
        user.0,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(may)
}

/// Whether the user is of this account and, as far as anybody knows, of no other.
pub async fn is_of_one_account(store: &Store, account: AccountId, user: UserId) -> Result<bool> {
    let mut conn = store.read().await?;
    is_only_in(&mut conn, account, user).await
}

/// As [`is_of_one_account`], as part of a write.
pub(super) async fn is_only_in(
    conn: &mut PgConnection,
    account: AccountId,
    user: UserId,
) -> Result<bool> {
    let only = sqlx::query_scalar!(
        r#"select exists (select from agents where account_id = $1 and id = $2 and removed_at is null)
              and not exists (select from agents g where g.id = $2 and g.account_id <> $1 and g.removed_at is null)
              as "only!""#,
        account.0,
        user.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(only)
}

/// Changes a user at their own wish. Another address opens no account that adds it later: nobody has shown that it is
/// theirs.
pub async fn update(
    store: &Store,
    user: UserId,
    patch: UserPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| Box::pin(async move { change(conn, user, patch, now).await }))
        .await
}

/// Changes a user, as part of a larger write.
pub(super) async fn change(
    conn: &mut PgConnection,
    user: UserId,
    patch: UserPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = sqlx::query!(
        "update users
         set name = coalesce($2, name), email_changed_at = case when $3 <> email then $9 else email_changed_at end,
             email = coalesce($3, email), display_name = nullif(coalesce($4, display_name), ''),
             avatar_url = coalesce($5, avatar_url), message_signature = nullif(coalesce($6, message_signature), ''),
             ui_settings = coalesce($7, ui_settings), custom_attributes = custom_attributes || $8, updated_at = $9
         where id = $1 and removed_at is null",
        user.0,
        patch.name,
        patch.email,
        patch.display_name,
        patch.avatar_url,
        patch.message_signature,
        patch.ui_settings.map(serde_json::Value::from),
        serde_json::Value::from(patch.custom_attributes),
        now,
    )
    .execute(conn)
    .await?;
    require::changed(changed.rows_affected(), Noun::User)
}

/// Notes that the user chose this account among theirs.
pub async fn choose(
    store: &Store,
    account: AccountId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                let changed = sqlx::query!(
                    "update agents set active_at = $3 where account_id = $1 and id = $2 and removed_at is null",
                    account.0,
                    user.0,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(changed.rows_affected())
            })
        })
        .await?;
    require::changed(changed, Noun::Agent)
}

/// The name of the channel on which the user's client listens: of all that the user may enter or, for a client that has
/// a token of one account, of that one.
pub async fn get_pubsub_token(
    store: &Store,
    account: Option<AccountId>,
    user: UserId,
) -> Result<String> {
    let mut conn = store.read().await?;
    let token = match account {
        Some(account) => {
            sqlx::query_scalar!(
                "select pubsub_token from agents where account_id = $1 and id = $2",
                account.0,
                user.0,
            )
            .fetch_optional(&mut *conn)
            .await?
        }
        None => {
            sqlx::query_scalar!("select pubsub_token from users where id = $1", user.0)
                .fetch_optional(&mut *conn)
                .await?
        }
    };
    token.ok_or(Error::NotFound(Noun::User))
}

/// Who listens on the channel of this name. A user's opens the accounts that [`may_enter`] says; it comes without an
/// account, and this establishes the user.
pub async fn find_by_pubsub_token(store: &Store, token: &str) -> Result<Option<Listener>> {
    let row = sqlx::query!(
        r#"select u.id as "user!: UserId", null::bigint as "account: AccountId"
           from users u where u.pubsub_token = $1 and u.removed_at is null
           union all
           select g.id, g.account_id
           from agents g join accounts a on a.id = g.account_id and a.removed_at is null
           where g.pubsub_token = $1 and g.removed_at is null
           limit 1"#,
        token,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(row.map(|row| Listener {
        user: row.user,
        account: row.account,
    }))
}
