//! Who wants to know, and where.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::PgConnection;

use super::{Result, Store, require};
use crate::model::{AccountId, BotId, EndpointId, EventKind, InboxId};
use crate::vault::Vault;

/// What the signing secrets of endpoints are sealed for.
pub(super) const SECRET: &str = "endpoint secret";

/// What the system behind an API inbox hears of.
const INBOX_EVENTS: [EventKind; 7] = [
    EventKind::ConversationCreated,
    EventKind::ConversationUpdated,
    EventKind::ConversationStatusChanged,
    EventKind::MessageCreated,
    EventKind::MessageUpdated,
    EventKind::ConversationTypingOn,
    EventKind::ConversationTypingOff,
];

/// What the system behind a bot hears of, in every inbox that the bot serves.
pub(super) const BOT_EVENTS: [EventKind; 7] = [
    EventKind::ConversationUpdated,
    EventKind::ConversationStatusChanged,
    EventKind::ConversationOpened,
    EventKind::ConversationResolved,
    EventKind::MessageCreated,
    EventKind::MessageUpdated,
    EventKind::WebwidgetTriggered,
];

/// What an integration of a whole account hears of, if it does not choose.
pub const USUAL_ACCOUNT_EVENTS: [EventKind; 8] = [
    EventKind::ConversationStatusChanged,
    EventKind::ConversationUpdated,
    EventKind::ConversationCreated,
    EventKind::ContactCreated,
    EventKind::ContactUpdated,
    EventKind::MessageCreated,
    EventKind::MessageUpdated,
    EventKind::WebwidgetTriggered,
];

/// What an integration of a whole account may subscribe to.
pub const ACCOUNT_EVENTS: [EventKind; 12] = [
    EventKind::ConversationStatusChanged,
    EventKind::ConversationUpdated,
    EventKind::ConversationCreated,
    EventKind::ContactCreated,
    EventKind::ContactUpdated,
    EventKind::MessageCreated,
    EventKind::MessageUpdated,
    EventKind::WebwidgetTriggered,
    EventKind::ConversationTypingOn,
    EventKind::ConversationTypingOff,
    EventKind::InboxCreated,
    EventKind::InboxUpdated,
];

/// Makes an endpoint that hears of these events, wherever in the account they happen. A URL is taken once an account.
pub async fn subscribe(
    store: &Store,
    account: AccountId,
    url: String,
    subscriptions: &[EventKind],
    now: DateTime<Utc>,
) -> Result<EndpointId> {
    let secret = new_secret(store.vault());
    let subscriptions = texts(subscriptions);
    store
        .write(move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    r#"insert into endpoints (account_id, kind, url, secret_sealed, subscriptions, created_at, updated_at)
                       values ($1, 'account', $2, $3, $4, $5, $5) returning id as "id: EndpointId""#,
                    account.0,
                    url,
                    secret,
                    &subscriptions,
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(id)
            })
        })
        .await
}

/// Sets where the system behind a bot hears of what happens in the bot's inboxes.
pub async fn set_bot_url(
    store: &Store,
    account: AccountId,
    bot: BotId,
    url: String,
    now: DateTime<Utc>,
) -> Result<EndpointId> {
    let vault = store.vault().clone();
    store
        .write(move |conn| {
            Box::pin(async move {
                require::own_bot(conn, account, bot).await?;
                put_bot_url(conn, &vault, account, bot, &url, now).await
            })
        })
        .await
}

/// Sets where the system behind a bot hears of what happens.
pub(super) async fn put_bot_url(
    conn: &mut PgConnection,
    vault: &Vault,
    account: AccountId,
    bot: BotId,
    url: &str,
    now: DateTime<Utc>,
) -> Result<EndpointId> {
    let id = sqlx::query_scalar!(
        r#"insert into endpoints (account_id, kind, bot_id, url, secret_sealed, subscriptions, created_at, updated_at)
           values ($1, 'bot', $2, $3, $4, $5, $6, $6)
           on conflict (account_id, bot_id) where kind = 'bot'
           do update set url = excluded.url, disabled_at = null, disabled_reason = null, failing_since = null,
                         failed_at = null, updated_at = excluded.updated_at
           returning id as "id: EndpointId""#,
        account.0,
        bot.0,
        url,
        new_secret(vault),
        &texts(&BOT_EVENTS),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(id)
}

/// The endpoint of a chat client's callback URL, made when it is first seen.
pub(super) async fn ensure_callback(
    conn: &mut PgConnection,
    vault: &Vault,
    account: AccountId,
    url: &str,
    now: DateTime<Utc>,
) -> Result<EndpointId> {
    let id = sqlx::query_scalar!(
        r#"insert into endpoints (account_id, kind, url, secret_sealed, created_at, updated_at)
           values ($1, 'callback', $2, $3, $4, $4)
           on conflict (account_id, url) where kind = 'callback' do update set url = excluded.url
           returning id as "id: EndpointId""#,
        account.0,
        url,
        new_secret(vault),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(id)
}

/// Sets where the system behind an API inbox hears of its events.
pub(super) async fn set_inbox_url(
    conn: &mut PgConnection,
    vault: &Vault,
    account: AccountId,
    inbox: InboxId,
    url: &str,
    now: DateTime<Utc>,
) -> Result<EndpointId> {
    let subscriptions = texts(&INBOX_EVENTS);
    let id = sqlx::query_scalar!(
        r#"insert into endpoints (account_id, kind, inbox_id, url, secret_sealed, subscriptions, created_at, updated_at)
           values ($1, 'inbox', $2, $3, $4, $5, $6, $6)
           on conflict (account_id, inbox_id) where kind = 'inbox'
           do update set url = excluded.url, disabled_at = null, disabled_reason = null, failing_since = null,
                         failed_at = null, updated_at = excluded.updated_at
           returning id as "id: EndpointId""#,
        account.0,
        inbox.0,
        url,
        new_secret(vault),
        &subscriptions,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(id)
}

/// Whose endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) enum Behind {
    /// The system behind an inbox.
    Inbox(InboxId),
    /// The system behind a bot.
    Bot(BotId),
}

impl Behind {
    fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Inbox(id) => (Some(id.0), None),
            Self::Bot(id) => (None, Some(id.0)),
        }
    }
}

/// Sends nothing there any more, for good. It is kept while deliveries to it are, and comes back with another URL.
pub(super) async fn remove(
    conn: &mut PgConnection,
    account: AccountId,
    behind: Behind,
    now: DateTime<Utc>,
) -> Result<()> {
    let (inbox, bot) = behind.columns();
    sqlx::query!(
        "update endpoints set disabled_at = $4, disabled_reason = 'removed', updated_at = $4
         where account_id = $1 and (kind = 'inbox' and inbox_id = $2 or kind = 'bot' and bot_id = $3)
           and disabled_reason is distinct from 'removed'",
        account.0,
        inbox,
        bot,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives an endpoint a new secret; the one it had signs nothing any more. Where there is none, nothing happens.
pub(super) async fn reset_secret(
    conn: &mut PgConnection,
    vault: &Vault,
    account: AccountId,
    behind: Behind,
    now: DateTime<Utc>,
) -> Result<()> {
    let (inbox, bot) = behind.columns();
    sqlx::query!(
        "update endpoints set secret_sealed = $4, previous_secret_sealed = null, previous_secret_until = null, updated_at = $5
         where account_id = $1 and (kind = 'inbox' and inbox_id = $2 or kind = 'bot' and bot_id = $3)",
        account.0,
        inbox,
        bot,
        new_secret(vault),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The webhook URL of an API inbox and the secret that signs what goes there, if it has one.
pub async fn find_of_inbox(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
) -> Result<Option<(String, SecretString)>> {
    let row = sqlx::query!(
        "select url, secret_sealed from endpoints
         where account_id = $1 and inbox_id = $2 and kind = 'inbox' and disabled_reason is distinct from 'removed'",
        account.0,
        inbox.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    row.map(|row| Ok((row.url, open_secret(store.vault(), &row.secret_sealed)?)))
        .transpose()
}

/// Opens a sealed signing secret: `whsec_` and base64.
pub(super) fn open_secret(vault: &Vault, sealed: &[u8]) -> Result<SecretString> {
    let bytes = vault.open(sealed, SECRET)?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)).into())
}

pub(super) fn texts(kinds: &[EventKind]) -> Vec<String> {
    kinds.iter().map(ToString::to_string).collect()
}

pub(super) fn new_secret(vault: &Vault) -> Vec<u8> {
    let secret: [u8; 32] = rand::random();
    vault.seal(&secret, SECRET)
}
