//! API keys and access tokens: 256 random bits, kept as their SHA-256.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Noun, Result, Store, require};
use crate::model::{AccountId, AccountStatus, AgentId, BotId, Caller, KeyId, Role, Scope, Seat};

/// A key to make.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What people call it.
    pub name: String,
    /// What it opens.
    pub scopes: Vec<Scope>,
    /// The agent it speaks for.
    pub agent: Option<AgentId>,
    /// The bot it speaks for.
    pub bot: Option<BotId>,
    /// Its text, where that is agreed beforehand (sample data); otherwise it is made here, at random.
    pub text: Option<SecretString>,
}

impl NewKey {
    /// What keeps the key from being made. A person's or a bot's token opens the API that has people and bots, no other.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.scopes.is_empty() {
            return Err("a key opens at least one API");
        }
        if self.agent.is_some() && self.bot.is_some() {
            return Err("a key speaks for an agent or for a bot, not for both");
        }
        let speaks = self.agent.is_some() || self.bot.is_some();
        if speaks && self.scopes != [Scope::Chatlake] {
            return Err("a key that speaks for an agent or a bot has the scope chatlake alone");
        }
        if !speaks && self.scopes.contains(&Scope::Chatlake) {
            return Err("a key with the scope chatlake speaks for an agent or a bot");
        }
        Ok(())
    }
}

/// A key as a list shows it: never its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The row.
    pub id: KeyId,
    /// What people call it.
    pub name: String,
    /// How its text begins.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<String>,
    /// The agent it speaks for.
    pub agent: Option<AgentId>,
    /// The bot it speaks for.
    pub bot: Option<BotId>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Makes a key. Its text is in the answer and nowhere else.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewKey,
    now: DateTime<Utc>,
) -> Result<(KeyId, SecretString)> {
    let text = new.text.unwrap_or_else(generate);
    let prefix: String = text.expose_secret().chars().take(8).collect();
    let scopes: Vec<String> = new.scopes.iter().map(ToString::to_string).collect();
    let sha256 = digest(text.expose_secret());
    let id = store
        .write(move |conn| {
            Box::pin(async move {
                if let Some(agent) = new.agent {
                    require::agents(conn, account, &[agent]).await?;
                }
                if let Some(bot) = new.bot {
                    require::bot(conn, account, bot).await?;
                }
                Ok(sqlx::query_scalar!(
                    r#"insert into api_keys (account_id, name, prefix, key_sha256, scopes, agent_id, bot_id, created_at)
                       values ($1, $2, $3, $4, $5, $6, $7, $8) returning id as "id: KeyId""#,
                    account.0,
                    new.name,
                    prefix,
                    &sha256,
                    &scopes,
                    new.agent.map(|id| id.0),
                    new.bot.map(|id| id.0),
                    now,
                )
                .fetch_one(conn)
                .await?)
            })
        })
        .await?;
    Ok((id, text))
}

/// Whom a key speaks for; `None` for an unknown or revoked one.
pub async fn find_caller(store: &Store, text: &str) -> Result<Option<Caller>> {
    let (sha256, now) = (digest(text), Instant::now());
    let epoch = match store.callers.recall(&sha256, now) {
        Ok(caller) => return Ok(Some(caller)),
        Err(epoch) => epoch,
    };
    let caller = look_up(store, &sha256).await?;
    if let Some(caller) = &caller {
        store.callers.remember(sha256, caller, epoch, now);
    }
    Ok(caller)
}

async fn look_up(store: &Store, sha256: &[u8; 32]) -> Result<Option<Caller>> {
    let row = sqlx::query!(
        r#"select k.account_id as "account: AccountId", a.status as "account_status: AccountStatus", k.id as "key: KeyId",
                  k.key_sha256, k.scopes, k.agent_id as "agent: AgentId", k.bot_id as "bot: BotId",
                  g.role as "role?: Role", g.removed_at is not null as "removed!"
           from api_keys k
           join accounts a on a.id = k.account_id
           left join agents g on g.account_id = k.account_id and g.id = k.agent_id
           where k.key_sha256 = $1 and k.revoked_at is null and a.removed_at is null
           order by k.account_id, k.id limit 1"#,
        sha256,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let caller = row
        .filter(|row| bool::from(row.key_sha256.ct_eq(sha256)) && !row.removed)
        .map(|row| Caller {
            account: row.account,
            account_status: row.account_status,
            key: row.key,
            scopes: row
                .scopes
                .iter()
                .filter_map(|scope| Scope::parse(scope))
                .collect(),
            agent: row.agent.zip(row.role).map(|(id, role)| Seat { id, role }),
            bot: row.bot,
        });
    Ok(caller)
}

/// The account's keys, newest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<KeyInfo>> {
    let keys = sqlx::query_as!(
        KeyInfo,
        r#"select id as "id: KeyId", name, prefix, scopes, agent_id as "agent: AgentId", bot_id as "bot: BotId",
                  revoked_at, created_at
           from api_keys where account_id = $1 order by id desc limit 1000"#,
        account.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(keys)
}

/// Ends a key at once. Revoking it again changes nothing.
pub async fn revoke(
    store: &Store,
    account: AccountId,
    id: KeyId,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = store
        .write_ending(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "update api_keys set revoked_at = coalesce(revoked_at, $3) where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(changed, Noun::Key)
}

/// The text of a new key.
pub(super) fn generate() -> SecretString {
    let bits: [u8; 32] = rand::random();
    format!("qk_{}", URL_SAFE_NO_PAD.encode(bits)).into()
}

/// What is kept of a key's text.
pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
