//! Bots as those see them who run the systems behind them: with a URL, a secret and an access token.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sqlx::PgConnection;

use super::endpoints::Behind;
use super::{Error, Noun, Once, Result, Store, bots, endpoints, keys, require, shared_bots};
use crate::model::{AccountId, Attributes, Bot, BotId, InboxId, Scope};
use crate::vault::Vault;

/// What the access tokens of bots are sealed for.
pub(super) const TOKEN: &str = "bot access token";

/// A bot and the system behind it.
#[derive(Debug)]
pub struct AgentBot {
    /// Its id.
    pub id: BotId,
    /// Whether it is of every account, and of none.
    pub is_shared: bool,
    /// The name beside what it says.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Picture, or empty.
    pub avatar_url: String,
    /// What its system is told.
    pub config: Attributes,
    /// Where its system hears of what happens.
    pub outgoing_url: Option<String>,
    /// Signs what goes there.
    pub secret: Option<SecretString>,
    /// With it the bot speaks for itself. One that was never given a token here has none to show.
    pub token: Option<SecretString>,
}

/// A bot to make.
#[derive(Debug, Clone)]
pub struct NewAgentBot {
    /// The name beside what it says.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Picture, or empty.
    pub avatar_url: String,
    /// What its system is told.
    pub config: Attributes,
    /// Where its system hears of what happens.
    pub outgoing_url: Option<String>,
}

/// What to change of a bot; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct AgentBotPatch {
    /// The name beside what it says.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Picture, or empty.
    pub avatar_url: Option<String>,
    /// What its system is told.
    pub config: Option<Attributes>,
    /// Where its system hears of what happens; nowhere any more, if `Some(None)`.
    pub outgoing_url: Option<Option<String>>,
}

struct Row {
    id: BotId,
    name: String,
    description: String,
    avatar_url: String,
    config: Value,
    token_sealed: Option<Vec<u8>>,
    url: Option<String>,
    secret_sealed: Option<Vec<u8>>,
}

macro_rules! agent_bots {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"select b.id as "id: BotId", b.name, b.description, b.avatar_url, b.config, b.token_sealed,
                      e.url as "url?", e.secret_sealed as "secret_sealed?"
               from bots b
               left join endpoints e on e.account_id = b.account_id and e.bot_id = b.id and e.kind = 'bot'
                                    and e.disabled_reason is distinct from 'removed'
               where b.account_id = $1 and b.shared_bot_id is null and b.removed_at is null "# + $tail
            $(, $arg)*
        )
    };
}

/// Makes a bot with an access token.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewAgentBot,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<AgentBot> {
    let vault = store.vault().clone();
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move { Ok(insert(conn, &vault, account, new, now).await?.0) })
        })
        .await?;
    get(store, account, BotId(id)).await
}

/// Makes a bot with an access token, as part of a larger write.
pub(super) async fn insert(
    conn: &mut PgConnection,
    vault: &Vault,
    account: AccountId,
    new: NewAgentBot,
    now: DateTime<Utc>,
) -> Result<BotId> {
    let id = sqlx::query_scalar!(
        r#"insert into bots (account_id, name, description, avatar_url, config, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $6) returning id as "id: BotId""#,
        account.0,
        new.name,
        new.description,
        new.avatar_url,
        Value::from(new.config),
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    if let Some(url) = &new.outgoing_url {
        endpoints::put_bot_url(conn, vault, account, id, url, now).await?;
    }
    give_token(conn, vault, account, id, now).await?;
    Ok(id)
}

/// The bot, unless removed: the account's own, or one that all share.
pub async fn get(store: &Store, account: AccountId, id: BotId) -> Result<AgentBot> {
    let own = agent_bots!("and b.id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?;
    match own {
        Some(row) => row.open(store),
        None => {
            let shared = shared_bots::find_shown(store, id).await?;
            shared.ok_or(Error::NotFound(Noun::Bot))
        }
    }
}

/// A bot that somebody in the account speaks of: one of its own, or one that all share, which is taken in.
pub async fn find(
    store: &Store,
    account: AccountId,
    id: BotId,
    now: DateTime<Utc>,
) -> Result<Option<Bot>> {
    let found = |bot| match bot {
        Ok(bot) => Ok(Some(bot)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    };
    if let Some(bot) = found(bots::get(store, account, id).await)? {
        return Ok(Some(bot));
    }
    if shared_bots::find_shown(store, id).await?.is_none() {
        return Ok(None);
    }
    store
        .write(move |conn| Box::pin(shared_bots::adopt(conn, account, id, now)))
        .await?;
    found(bots::get(store, account, id).await)
}

/// The bot that answers first in an inbox.
pub async fn find_of_inbox(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
) -> Result<Option<AgentBot>> {
    let bot = sqlx::query_scalar!(
        r#"select bot_id as "id: BotId" from inboxes where account_id = $1 and id = $2 and removed_at is null"#,
        account.0,
        inbox.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    match bot.flatten() {
        Some(bot) => get(store, account, bot).await.map(Some),
        None => Ok(None),
    }
}

/// The account's bots and those that all share, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<AgentBot>> {
    let rows = agent_bots!("order by b.id limit 10000", account.0)
        .fetch_all(&mut *store.read().await?)
        .await?;
    let own = rows.into_iter().map(|row| row.open(store));
    let mut bots: Vec<AgentBot> = own.collect::<Result<_>>()?;
    bots.extend(shared_bots::list_shown(store).await?);
    bots.sort_by_key(|bot| bot.id);
    Ok(bots)
}

/// Changes a bot of the account's own.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: BotId,
    patch: AgentBotPatch,
    now: DateTime<Utc>,
) -> Result<AgentBot> {
    let vault = store.vault().clone();
    store
        .write(move |conn| {
            Box::pin(async move {
                let changed = sqlx::query!(
                    "update bots set name = coalesce($3, name), description = coalesce($4, description),
                            avatar_url = coalesce($5, avatar_url), config = coalesce($6, config), updated_at = $7
                     where account_id = $1 and id = $2 and shared_bot_id is null and removed_at is null",
                    account.0,
                    id.0,
                    patch.name,
                    patch.description,
                    patch.avatar_url,
                    patch.config.map(Value::from),
                    now,
                )
                .execute(&mut *conn)
                .await?;
                require::changed(changed.rows_affected(), Noun::Bot)?;
                match patch.outgoing_url {
                    Some(Some(url)) => {
                        endpoints::put_bot_url(conn, &vault, account, id, &url, now).await?;
                    }
                    Some(None) => endpoints::remove(conn, account, Behind::Bot(id), now).await?,
                    None => {}
                }
                Ok(())
            })
        })
        .await?;
    get(store, account, id).await
}

/// Removes a bot: its keys end, it serves no inbox and hears nothing. What it said stays.
pub async fn remove(
    store: &Store,
    account: AccountId,
    id: BotId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_ending(move |conn| {
            Box::pin(async move {
                let removed = sqlx::query!(
                    "update bots set removed_at = $3, updated_at = $3
                     where account_id = $1 and id = $2 and shared_bot_id is null and removed_at is null",
                    account.0,
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                require::changed(removed.rows_affected(), Noun::Bot)?;
                sqlx::query!(
                    "update api_keys set revoked_at = $3 where account_id = $1 and bot_id = $2 and revoked_at is null",
                    account.0,
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "update inboxes set bot_id = null, updated_at = $3 where account_id = $1 and bot_id = $2",
                    account.0,
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                endpoints::remove(conn, account, Behind::Bot(id), now).await
            })
        })
        .await
}

/// Gives a bot another access token; the one it was shown with before ends.
pub async fn reset_token(
    store: &Store,
    account: AccountId,
    id: BotId,
    now: DateTime<Utc>,
) -> Result<AgentBot> {
    let vault = store.vault().clone();
    store
        .write_ending(move |conn| {
            Box::pin(async move {
                let old = sqlx::query_scalar!(
                    "select token_key_id from bots
                     where account_id = $1 and id = $2 and shared_bot_id is null and removed_at is null
                     for no key update",
                    account.0,
                    id.0,
                )
                .fetch_optional(&mut *conn)
                .await?
                .ok_or(Error::NotFound(Noun::Bot))?;
                sqlx::query!(
                    "update api_keys set revoked_at = $3 where account_id = $1 and id = $2 and revoked_at is null",
                    account.0,
                    old,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                give_token(conn, &vault, account, id, now).await
            })
        })
        .await?;
    get(store, account, id).await
}

/// Gives what goes to a bot's system a new secret; the one before signs nothing any more.
pub async fn reset_secret(
    store: &Store,
    account: AccountId,
    id: BotId,
    now: DateTime<Utc>,
) -> Result<AgentBot> {
    let vault = store.vault().clone();
    store
        .write(move |conn| {
            Box::pin(async move {
                require::own_bot(conn, account, id).await?;
                endpoints::reset_secret(conn, &vault, account, Behind::Bot(id), now).await
            })
        })
        .await?;
    get(store, account, id).await
}

/// Makes a key that speaks for the bot, and keeps its text to show it.
async fn give_token(
    conn: &mut PgConnection,
    vault: &Vault,
    account: AccountId,
    id: BotId,
    now: DateTime<Utc>,
) -> Result<()> {
    let token = keys::generate();
    let text = token.expose_secret();
    let prefix: String = text.chars().take(8).collect();
    sqlx::query!(
        "with key as (
             insert into api_keys (account_id, name, prefix, key_sha256, scopes, bot_id, created_at)
             values ($1, 'access token', $3, $4, array[$5], $2, $6) returning id)
         update bots set token_key_id = key.id, token_sealed = $7, updated_at = $6 from key
         where account_id = $1 and bots.id = $2",
        account.0,
        id.0,
        prefix,
        &keys::digest(text),
        Scope::Chatlake.as_str(),
        now,
        vault.seal(text.as_bytes(), TOKEN),
    )
    .execute(conn)
    .await?;
    Ok(())
}

impl Row {
    fn open(self, store: &Store) -> Result<AgentBot> {
        let open_secret = |sealed: &[u8]| endpoints::open_secret(store.vault(), sealed);
        let open_token = |sealed: &[u8]| -> Result<SecretString> {
            let text = store.vault().open(sealed, TOKEN)?;
            Ok(String::from_utf8_lossy(&text).into_owned().into())
        };
        Ok(AgentBot {
            id: self.id,
            is_shared: false,
            name: self.name,
            description: self.description,
            avatar_url: self.avatar_url,
            config: self.config.into(),
            outgoing_url: self.url,
            secret: self.secret_sealed.as_deref().map(open_secret).transpose()?,
            token: self.token_sealed.as_deref().map(open_token).transpose()?,
        })
    }
}
