//! What a bot shows to the servers that its flow asks. Sealed; a secret is opened for the call, or for an administrator
//! who asks for it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgConnection;

use super::{Error, Noun, Result, Store, require};
use crate::model::{AccountId, BotId};
use crate::vault::Vault;

/// What keys for Dialogflow are sealed for.
pub(super) const DIALOGFLOW: &str = "dialogflow key";
/// What the secrets that sign calls of plugins are sealed for.
pub(super) const PLUGIN: &str = "plugin secret";

/// A service account's key to keep.
#[derive(Debug, Clone)]
pub struct NewDialogflowKey {
    /// What the flow calls it.
    pub name: String,
    /// The key file.
    pub json: SecretString,
    /// The account it is of.
    pub client_email: String,
    /// The account's project.
    pub project: Option<String>,
}

/// A key as a list shows it: never what is secret of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogflowKey {
    /// What the flow calls it.
    pub name: String,
    /// The service account it is of.
    pub client_email: String,
    /// The account's project.
    pub project: Option<String>,
    /// When the name was first given.
    pub created_at: DateTime<Utc>,
    /// When the key was handed in.
    pub updated_at: DateTime<Utc>,
}

/// Keeps a key, in the place of the one that had its name.
pub async fn set_dialogflow_key(
    store: &Store,
    account: AccountId,
    bot: BotId,
    new: NewDialogflowKey,
    now: DateTime<Utc>,
) -> Result<DialogflowKey> {
    let sealed = store
        .vault()
        .seal(new.json.expose_secret().as_bytes(), DIALOGFLOW);
    store
        .write(move |conn| {
            Box::pin(async move {
                require::bot(conn, account, bot).await?;
                let key = sqlx::query_as!(
                    DialogflowKey,
                    r#"insert into bot_secrets
                           (account_id, bot_id, kind, name, secret_sealed, client_email, project, created_at, updated_at)
                       values ($1, $2, 'dialogflow', $3, $4, $5, $6, $7, $7)
                       on conflict (account_id, bot_id, kind, name) do update
                       set secret_sealed = excluded.secret_sealed, client_email = excluded.client_email,
                           project = excluded.project, updated_at = excluded.updated_at
                       returning name, client_email as "client_email!", project, created_at, updated_at"#,
                    account.0,
                    bot.0,
                    new.name,
                    sealed,
                    new.client_email,
                    new.project,
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(key)
            })
        })
        .await
}

/// The bot's keys, by name.
pub async fn list_dialogflow_keys(
    store: &Store,
    account: AccountId,
    bot: BotId,
) -> Result<Vec<DialogflowKey>> {
    let mut conn = store.read().await?;
    require::bot(&mut conn, account, bot).await?;
    let keys = sqlx::query_as!(
        DialogflowKey,
        r#"select name, client_email as "client_email!", project, created_at, updated_at from bot_secrets
           where account_id = $1 and bot_id = $2 and kind = 'dialogflow' order by name limit 1000"#,
        account.0,
        bot.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(keys)
}

/// The key file that has this name.
pub async fn get_dialogflow_key(
    store: &Store,
    account: AccountId,
    bot: BotId,
    name: &str,
) -> Result<SecretString> {
    let sealed = sqlx::query_scalar!(
        "select secret_sealed from bot_secrets
         where account_id = $1 and bot_id = $2 and kind = 'dialogflow' and name = $3",
        account.0,
        bot.0,
        name,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::DialogflowKey))?;
    let json = String::from_utf8(store.vault().open(&sealed, DIALOGFLOW)?);
    Ok(json.map_err(|_| crate::vault::Error::Sealed)?.into())
}

/// Forgets a key.
pub async fn remove_dialogflow_key(
    store: &Store,
    account: AccountId,
    bot: BotId,
    name: String,
) -> Result<()> {
    let removed = store
        .write(move |conn| {
            Box::pin(async move {
                require::bot(conn, account, bot).await?;
                Ok(sqlx::query!(
                    "delete from bot_secrets where account_id = $1 and bot_id = $2 and kind = 'dialogflow' and name = $3",
                    account.0,
                    bot.0,
                    name,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(removed, Noun::DialogflowKey)
}

/// The secret that signs what the bot's plugins are asked: `whsec_` and base64. Made when it is first wanted.
pub async fn plugin_secret(
    store: &Store,
    account: AccountId,
    bot: BotId,
    now: DateTime<Utc>,
) -> Result<SecretString> {
    if let Some(sealed) = find_plugin_secret(&mut *store.read().await?, account, bot).await? {
        return open_plugin_secret(store.vault(), &sealed);
    }
    let new = new_plugin_secret(store.vault());
    let sealed = store
        .write(move |conn| {
            Box::pin(async move {
                require::bot(conn, account, bot).await?;
                // Of two that make it at once, one does, and both have the same.
                sqlx::query!(
                    "insert into bot_secrets (account_id, bot_id, kind, name, secret_sealed, created_at, updated_at)
                     values ($1, $2, 'plugin', '', $3, $4, $4) on conflict do nothing",
                    account.0,
                    bot.0,
                    new,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                find_plugin_secret(conn, account, bot)
                    .await?
                    .ok_or(Error::NotFound(Noun::Bot))
            })
        })
        .await?;
    open_plugin_secret(store.vault(), &sealed)
}

/// Gives the bot another secret for its calls of plugins. The old one signs nothing from now on.
pub async fn change_plugin_secret(
    store: &Store,
    account: AccountId,
    bot: BotId,
    now: DateTime<Utc>,
) -> Result<SecretString> {
    let new = new_plugin_secret(store.vault());
    let secret = open_plugin_secret(store.vault(), &new)?;
    store
        .write(move |conn| {
            Box::pin(async move {
                require::bot(conn, account, bot).await?;
                sqlx::query!(
                    "insert into bot_secrets (account_id, bot_id, kind, name, secret_sealed, created_at, updated_at)
                     values ($1, $2, 'plugin', '', $3, $4, $4)
                     on conflict (account_id, bot_id, kind, name) do update
                     set secret_sealed = excluded.secret_sealed, updated_at = excluded.updated_at",
                    account.0,
                    bot.0,
                    new,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await?;
    Ok(secret)
}

async fn find_plugin_secret(
    conn: &mut PgConnection,
    account: AccountId,
    bot: BotId,
) -> Result<Option<Vec<u8>>> {
    let sealed = sqlx::query_scalar!(
        "select s.secret_sealed from bot_secrets s
         join bots b on b.account_id = s.account_id and b.id = s.bot_id and b.removed_at is null
         where s.account_id = $1 and s.bot_id = $2 and s.kind = 'plugin' and s.name = ''",
        account.0,
        bot.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(sealed)
}

fn open_plugin_secret(vault: &Vault, sealed: &[u8]) -> Result<SecretString> {
    let bytes = vault.open(sealed, PLUGIN)?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)).into())
}

fn new_plugin_secret(vault: &Vault) -> Vec<u8> {
    let secret: [u8; 32] = rand::random();
    vault.seal(&secret, PLUGIN)
}
