//! Bots that every account may let answer in its inboxes. A platform app made each and alone changes it, so what it does
//! takes the app where others take the account.
//!
//! An account that takes one in has a row of its own for it, of the same id, in which nothing of another account can be
//! named; `adopt` makes that row, and a change of the bot changes all of them. The bot speaks in an account only as long as
//! it serves one of its inboxes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use subtle::ConstantTimeEq;

use super::agent_bots::{AgentBot, AgentBotPatch, NewAgentBot};
use super::{Error, Noun, Result, Store, endpoints, require};
use crate::model::{AccountId, BotId, PlatformAppId};

/// How such a bot's token begins, so that it is not looked for among other kinds.
pub const PREFIX: &str = "qb_";

/// What the tokens are sealed for.
pub(super) const TOKEN: &str = "shared bot token";

struct Row {
    id: BotId,
    name: String,
    description: String,
    avatar_url: String,
    config: Value,
    outgoing_url: Option<String>,
    secret_sealed: Vec<u8>,
    token_sealed: Vec<u8>,
}

macro_rules! shared_bots {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select s.id as "id: BotId", s.name, s.description, s.avatar_url, s.config, s.outgoing_url, s.secret_sealed,
                      s.token_sealed
               from shared_bots s join platform_apps p on p.id = s.platform_app_id
               where s.removed_at is null "# + $tail
            $(, $arg)*
        )
    };
}

/// Makes a bot for all accounts.
pub async fn create(
    store: &Store,
    app: PlatformAppId,
    new: NewAgentBot,
    now: DateTime<Utc>,
) -> Result<BotId> {
    let bits: [u8; 32] = rand::random();
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits));
    let secret = endpoints::new_secret(store.vault());
    let token_sealed = store.vault().seal(token.as_bytes(), TOKEN);
    store
        .write(move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    r#"insert into shared_bots (id, platform_app_id, name, description, avatar_url, config, outgoing_url,
                                                secret_sealed, token_sha256, token_sealed, created_at, updated_at)
                       values (nextval(pg_get_serial_sequence('bots', 'id')), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
                       returning id as "id: BotId""#,
                    app.0,
                    new.name,
                    new.description,
                    new.avatar_url,
                    Value::from(new.config),
                    new.outgoing_url,
                    secret,
                    &digest(&token),
                    token_sealed,
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(id)
            })
        })
        .await
}

/// The app's bots, oldest first.
pub async fn list(store: &Store, app: PlatformAppId) -> Result<Vec<AgentBot>> {
    let rows = shared_bots!("and s.platform_app_id = $1 order by s.id limit 1000", app.0)
        .fetch_all(&mut *store.read().await?)
        .await?;
    rows.into_iter().map(|row| row.open(store)).collect()
}

/// A bot that the app made; refused as unknown if there is none, `None` if another app made it.
pub async fn find(store: &Store, app: PlatformAppId, id: BotId) -> Result<Option<AgentBot>> {
    let mut conn = store.read().await?;
    let own = sqlx::query_scalar!(
        r#"select platform_app_id = $2 as "own!" from shared_bots where id = $1 and removed_at is null"#,
        id.0,
        app.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if !own.ok_or(Error::NotFound(Noun::Bot))? {
        return Ok(None);
    }
    let row = shared_bots!("and s.id = $1", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    row.map(|row| row.open(store)).transpose()
}

/// Changes a bot, in every account that took it in.
pub async fn update(
    store: &Store,
    app: PlatformAppId,
    id: BotId,
    patch: AgentBotPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let (moves, url) = (patch.outgoing_url.is_some(), patch.outgoing_url.flatten());
                let changed = sqlx::query!(
                    "update shared_bots
                     set name = coalesce($3, name), description = coalesce($4, description),
                         avatar_url = coalesce($5, avatar_url), config = coalesce($6, config),
                         outgoing_url = case when $7 then $8 else outgoing_url end, updated_at = $9
                     where id = $1 and platform_app_id = $2 and removed_at is null",
                    id.0,
                    app.0,
                    patch.name,
                    patch.description,
                    patch.avatar_url,
                    patch.config.map(Value::from),
                    moves,
                    url,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                require::changed(changed.rows_affected(), Noun::Bot)?;
                sqlx::query!(
                    "update bots b set name = s.name, description = s.description, avatar_url = s.avatar_url,
                            config = s.config, updated_at = $2
                     from shared_bots s where s.id = $1 and b.shared_bot_id = s.id",
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                match (moves, url) {
                    (false, _) => Ok(()),
                    (true, Some(_)) => put_endpoints(conn, id, None, now).await,
                    (true, None) => remove_endpoints(conn, id, now).await,
                }
            })
        })
        .await
}

/// Removes a bot from every account: its token ends, it serves no inbox and hears nothing. What it said stays.
pub async fn remove(
    store: &Store,
    app: PlatformAppId,
    id: BotId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_ending(move |conn| {
            Box::pin(async move {
                let removed = sqlx::query!(
                    "update shared_bots set removed_at = $3, updated_at = $3
                     where id = $1 and platform_app_id = $2 and removed_at is null",
                    id.0,
                    app.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                require::changed(removed.rows_affected(), Noun::Bot)?;
                sqlx::query!(
                    "with row as (
                         update bots set removed_at = $2, updated_at = $2 where shared_bot_id = $1 returning account_id, id
                     ), key as (
                         update api_keys k set revoked_at = $2 from row
                         where k.account_id = row.account_id and k.bot_id = row.id and k.revoked_at is null
                     )
                     update inboxes i set bot_id = null, updated_at = $2 from row
                     where i.account_id = row.account_id and i.bot_id = row.id",
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                remove_endpoints(conn, id, now).await
            })
        })
        .await
}

/// The bots that every account may take in, oldest first, as accounts see them: without address, secret and token. Those of
/// an app that was shut out are offered no more.
pub(super) async fn list_shown(store: &Store) -> Result<Vec<AgentBot>> {
    let rows = shared_bots!("and p.revoked_at is null order by s.id limit 1000")
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(rows.into_iter().map(Row::shown).collect())
}

/// One of them, or of those that are offered no more.
pub(super) async fn find_shown(store: &Store, id: BotId) -> Result<Option<AgentBot>> {
    let row = shared_bots!("and s.id = $1", id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?;
    Ok(row.map(Row::shown))
}

/// Whose token this is. That of an app which was shut out opens nothing either.
pub async fn find_by_token(store: &Store, text: &str) -> Result<Option<BotId>> {
    let sha256 = digest(text);
    let row = sqlx::query!(
        r#"select s.id as "id: BotId", s.token_sha256
           from shared_bots s join platform_apps p on p.id = s.platform_app_id and p.revoked_at is null
           where s.token_sha256 = $1 and s.removed_at is null"#,
        &sha256,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let bot = row.filter(|row| bool::from(row.token_sha256.ct_eq(&sha256)));
    Ok(bot.map(|row| row.id))
}

/// Whether the bot answers in an inbox of the account, which lets it speak there.
pub async fn serves(store: &Store, account: AccountId, bot: BotId) -> Result<bool> {
    let serves = sqlx::query_scalar!(
        r#"select exists (
               select from bots b
               join inboxes i on i.account_id = b.account_id and i.bot_id = b.id and i.removed_at is null
               where b.account_id = $1 and b.id = $2 and b.shared_bot_id is not null and b.removed_at is null) as "serves!""#,
        account.0,
        bot.0,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(serves)
}

/// Takes a bot into an account, if all may. Nothing happens if it is there, or there is no such bot. Whoever changes the
/// bot meanwhile waits, and finds the account's row.
pub(super) async fn adopt(
    conn: &mut PgConnection,
    account: AccountId,
    id: BotId,
    now: DateTime<Utc>,
) -> Result<()> {
    let made = sqlx::query!(
        "with shared as (
             select s.* from shared_bots s join platform_apps p on p.id = s.platform_app_id and p.revoked_at is null
             where s.id = $2 and s.removed_at is null for share of s
         )
         insert into bots (account_id, id, shared_bot_id, name, description, avatar_url, config, created_at, updated_at)
         select $1, id, id, name, description, avatar_url, config, $3, $3 from shared on conflict do nothing",
        account.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(());
    }
    put_endpoints(conn, id, Some(account), now).await
}

/// Lets the system behind a bot hear of what happens, in one account that took it in or in all of them.
async fn put_endpoints(
    conn: &mut PgConnection,
    id: BotId,
    account: Option<AccountId>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into endpoints (account_id, kind, bot_id, is_shared, url, secret_sealed, subscriptions, created_at, updated_at)
         select b.account_id, 'bot', b.id, true, s.outgoing_url, s.secret_sealed, $3, $4, $4
         from shared_bots s join bots b on b.shared_bot_id = s.id
         where s.id = $1 and ($2::bigint is null or b.account_id = $2) and s.outgoing_url is not null
         order by b.account_id
         on conflict (account_id, bot_id) where kind = 'bot'
         do update set url = excluded.url, disabled_at = null, disabled_reason = null, failing_since = null,
                       failed_at = null, updated_at = excluded.updated_at",
        id.0,
        account.map(|account| account.0),
        &endpoints::texts(&endpoints::BOT_EVENTS),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn remove_endpoints(conn: &mut PgConnection, id: BotId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update endpoints e set disabled_at = $2, disabled_reason = 'removed', updated_at = $2
         from bots b
         where b.shared_bot_id = $1 and e.account_id = b.account_id and e.bot_id = b.id and e.kind = 'bot'
           and e.disabled_reason is distinct from 'removed'",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

impl Row {
    /// With what only its app may know.
    fn open(self, store: &Store) -> Result<AgentBot> {
        let text = store.vault().open(&self.token_sealed, TOKEN)?;
        let token = SecretString::from(String::from_utf8_lossy(&text).into_owned());
        let secret = endpoints::open_secret(store.vault(), &self.secret_sealed)?;
        let outgoing_url = self.outgoing_url.clone();
        Ok(AgentBot {
            outgoing_url,
            secret: Some(secret),
            token: Some(token),
            ..self.shown()
        })
    }

    fn shown(self) -> AgentBot {
        AgentBot {
            id: self.id,
            is_shared: true,
            name: self.name,
            description: self.description,
            avatar_url: self.avatar_url,
            config: self.config.into(),
            outgoing_url: None,
            secret: None,
            token: None,
        }
    }
}
