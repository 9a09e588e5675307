//! A bot's apps: who may log in to its reports. Secrets are kept as argon2 hashes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::passwords::{hash, verify};
use super::{Error, Field, Noun, Result, Store, require};
use crate::model::{AccountId, AccountStatus, AppId, BotApp, BotId};

/// An app to make.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// The bot whose inboxes it sees.
    pub bot: BotId,
    /// The id it logs in with, where that is agreed beforehand (sample data); otherwise a random one.
    pub app_id: Option<String>,
    /// Its secret, likewise.
    pub secret: Option<SecretString>,
}

/// What an attempt to log in came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Nobody has this id, or the secret is another.
    Refused,
    /// Id and secret are right, but the app, its bot or its account is shut out.
    Disabled,
    /// Let in.
    Open(BotApp),
}

struct Row {
    app: BotApp,
    secret_hash: String,
    shut_out: bool,
}

macro_rules! apps {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            BotApp,
            r#"select account_id as "account: AccountId", id as "id: AppId", bot_id as "bot: BotId", app_id, generation,
                      disabled_at
               from bot_apps "# + $tail
            $(, $arg)*
        )
    };
}

/// Makes an app. Its secret is in the answer and nowhere else.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewApp,
    now: DateTime<Utc>,
) -> Result<(BotApp, SecretString)> {
    let secret = new.secret.unwrap_or_else(|| random("qs_").into());
    let app_id = new.app_id.unwrap_or_else(|| random("qa_"));
    let hash = hash(secret.clone()).await?;
    let id = store
        .write(move |conn| {
            Box::pin(async move {
                // A login comes without its account, so an id is given once on the whole server. No constraint can span
                // accounts; this lock makes two who want the same id take turns.
                sqlx::query!("select pg_advisory_xact_lock(hashtextextended('bot_apps.app_id ' || $1, 0))", app_id)
                    .fetch_one(&mut *conn)
                    .await?;
                let id = sqlx::query_scalar!(
                    r#"insert into bot_apps (account_id, bot_id, app_id, secret_hash, created_at, updated_at)
                       select b.account_id, b.id, $3, $4, $5, $5 from bots b
                       where b.account_id = $1 and b.id = $2 and b.removed_at is null
                         and not exists (select from bot_apps a where a.app_id = $3)
                       returning id as "id: AppId""#,
                    account.0,
                    new.bot.0,
                    app_id,
                    hash,
                    now,
                )
                .fetch_optional(&mut *conn)
                .await?;
                if let Some(id) = id {
                    return Ok(id);
                }
                let has_bot = sqlx::query_scalar!(
                    r#"select exists (select from bots where account_id = $1 and id = $2 and removed_at is null) as "has!""#,
                    account.0,
                    new.bot.0,
                )
                .fetch_one(conn)
                .await?;
                Err(if has_bot { Error::Taken(Field::AppId) } else { Error::NotFound(Noun::Bot) })
            })
        })
        .await?;
    Ok((get(store, account, id).await?, secret))
}

/// The app.
pub async fn get(store: &Store, account: AccountId, id: AppId) -> Result<BotApp> {
    apps!("where account_id = $1 and id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::BotApp))
}

/// The account's apps, newest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<BotApp>> {
    let apps = apps!(
        "where account_id = $1 order by id desc limit 1000",
        account.0
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(apps)
}

/// Checks an id and its secret. An unknown id takes the time of a wrong secret.
pub async fn log_in(store: &Store, app_id: &str, secret: SecretString) -> Result<Login> {
    let row = find(store, app_id).await?;
    let secret_hash = row.as_ref().map(|row| row.secret_hash.clone());
    let is_right = verify(secret_hash, secret).await?;
    let Some(row) = row.filter(|_| is_right) else {
        return Ok(Login::Refused);
    };
    Ok(if row.shut_out {
        Login::Disabled
    } else {
        Login::Open(row.app)
    })
}

/// The app behind a token, unless its secret was changed since, or it, its bot or its account is shut out.
pub async fn find_open(
    store: &Store,
    account: AccountId,
    id: AppId,
    generation: i64,
) -> Result<Option<BotApp>> {
    let app = apps!(
        "where account_id = $1 and id = $2 and generation = $3 and disabled_at is null
           and exists (select from accounts a where a.id = $1 and a.status = 'active')
           and exists (select from bots b where b.account_id = $1 and b.id = bot_id and b.removed_at is null)",
        account.0,
        id.0,
        generation,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(app)
}

/// Shuts an app out: its tokens end at once. Doing so again changes nothing.
pub async fn disable(
    store: &Store,
    account: AccountId,
    id: AppId,
    now: DateTime<Utc>,
) -> Result<()> {
    set_disabled(store, account, id, Some(now), now).await
}

/// Lets an app in again.
pub async fn enable(
    store: &Store,
    account: AccountId,
    id: AppId,
    now: DateTime<Utc>,
) -> Result<()> {
    set_disabled(store, account, id, None, now).await
}

async fn set_disabled(
    store: &Store,
    account: AccountId,
    id: AppId,
    disabled_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "update bot_apps set updated_at = $4,
                            disabled_at = case when $3::timestamptz is null then null else coalesce(disabled_at, $3) end
                     where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                    disabled_at,
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(changed, Noun::BotApp)
}

/// Gives an app a new secret, a random one if none is given. The old one and every token end at once.
pub async fn change_secret(
    store: &Store,
    account: AccountId,
    id: AppId,
    secret: Option<SecretString>,
    now: DateTime<Utc>,
) -> Result<SecretString> {
    let secret = secret.unwrap_or_else(|| random("qs_").into());
    let hash = hash(secret.clone()).await?;
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "update bot_apps set secret_hash = $3, generation = generation + 1, updated_at = $4
                     where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                    hash,
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    if changed == 1 {
        Ok(secret)
    } else {
        Err(Error::NotFound(Noun::BotApp))
    }
}

/// The id comes without its account: this establishes it.
async fn find(store: &Store, app_id: &str) -> Result<Option<Row>> {
    let row = sqlx::query!(
        r#"select a.account_id as "account: AccountId", a.id as "id: AppId", a.bot_id as "bot: BotId", a.app_id,
                  a.generation, a.disabled_at, a.secret_hash, c.status as "account_status: AccountStatus",
                  b.removed_at is not null as "bot_removed!"
           from bot_apps a
           join accounts c on c.id = a.account_id
           join bots b on b.account_id = a.account_id and b.id = a.bot_id
           where a.app_id = $1
           order by a.account_id, a.id limit 1"#,
        app_id,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(row.map(|row| Row {
        shut_out: row.disabled_at.is_some()
            || row.bot_removed
            || row.account_status != AccountStatus::Active,
        secret_hash: row.secret_hash,
        app: BotApp {
            account: row.account,
            id: row.id,
            bot: row.bot,
            app_id: row.app_id,
            generation: row.generation,
            disabled_at: row.disabled_at,
        },
    }))
}

/// A random name of 256 bits.
fn random(prefix: &str) -> String {
    let bits: [u8; 32] = rand::random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits))
}
