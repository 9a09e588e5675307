//! Where messages come in.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::access::Viewer;
use super::inbox_settings::{self, InboxPatch};
use super::{Error, Noun, Once, Result, Store, endpoints, inbox_events, require};
use crate::model::{AccountId, AgentId, Attributes, BotId, Channel, EventKind, Inbox, InboxId};

/// What the proof-of-identity keys of inboxes are sealed for.
pub(super) const HMAC_TOKEN: &str = "inbox hmac token";

/// An inbox to make.
#[derive(Debug, Clone)]
pub struct NewInbox {
    /// What people call it.
    pub name: String,
    /// What it is connected to.
    pub channel: Channel,
    /// The bot that answers here first.
    pub bot: Option<BotId>,
    /// Where the system behind an API inbox hears of its events.
    pub webhook_url: Option<String>,
    /// Whether a visitor's identifier must be proved.
    pub hmac_mandatory: bool,
    /// Settings that only an API inbox has.
    pub additional_attributes: Attributes,
    /// Whether a new conversation is greeted, and how.
    pub greeting: Option<String>,
    /// Whether conversations are given to agents by themselves.
    pub enable_auto_assignment: bool,
    /// Whether a contact has one conversation here for good.
    pub lock_to_single_conversation: bool,
    /// Whatever else somebody chose.
    pub settings: InboxPatch,
}

impl NewInbox {
    /// An inbox with the settings that nobody chose.
    pub fn new(name: impl Into<String>, channel: Channel) -> Self {
        Self {
            name: name.into(),
            channel,
            bot: None,
            webhook_url: None,
            hmac_mandatory: false,
            additional_attributes: Attributes::default(),
            greeting: None,
            enable_auto_assignment: true,
            lock_to_single_conversation: false,
            settings: InboxPatch::default(),
        }
    }
}

/// How the system behind an inbox is reached and trusted.
#[derive(Debug)]
pub struct InboxLink {
    /// Where it hears of events.
    pub webhook_url: Option<String>,
    /// Signs what goes there.
    pub secret: Option<SecretString>,
    /// With it visitors prove their identifier.
    pub hmac_token: Option<SecretString>,
}

macro_rules! inboxes {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Inbox,
            r#"select id as "id: InboxId", name, channel as "channel: Channel", identifier, bot_id as "bot: BotId", avatar_url,
                      hmac_mandatory, greeting_enabled, greeting_message, enable_auto_assignment, auto_assignment_config,
                      enable_email_collect, csat_survey_enabled, csat_config, allow_messages_after_resolved,
                      lock_to_single_conversation, working_hours_enabled, out_of_office_message, timezone,
                      sender_name_type, business_name, additional_attributes, created_at, updated_at
               from inboxes "# + $tail
            $(, $arg)*
        )
    };
}

/// Makes an inbox, and the endpoint behind it when it has a webhook URL.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewInbox,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Inbox> {
    let vault = store.vault().clone();
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                if let Some(bot) = new.bot {
                    require::bot(conn, account, bot).await?;
                }
                let hmac_token: [u8; 32] = rand::random();
                let id = sqlx::query_scalar!(
                    r#"insert into inboxes (account_id, name, channel, identifier, bot_id, hmac_token_sealed, hmac_mandatory,
                                            additional_attributes, greeting_enabled, greeting_message,
                                            enable_auto_assignment, lock_to_single_conversation, created_at, updated_at)
                       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13) returning id as "id: InboxId""#,
                    account.0,
                    new.name,
                    new.channel.as_str(),
                    token(),
                    new.bot.map(|id| id.0),
                    vault.seal(&hmac_token, HMAC_TOKEN),
                    new.hmac_mandatory,
                    serde_json::Value::from(new.additional_attributes),
                    new.greeting.is_some(),
                    new.greeting,
                    new.enable_auto_assignment,
                    new.lock_to_single_conversation,
                    now,
                )
                .fetch_one(&mut *conn)
                .await?;
                if let Some(url) = &new.webhook_url {
                    endpoints::set_inbox_url(conn, &vault, account, id, url, now).await?;
                }
                inbox_settings::apply(conn, &vault, account, id, new.settings, now).await?;
                inbox_events::append(conn, account, EventKind::InboxCreated, id, now).await?;
                Ok(id.0)
            })
        })
        .await?;
    get(store, account, InboxId(id)).await
}

/// The inbox, unless removed.
pub async fn get(store: &Store, account: AccountId, id: InboxId) -> Result<Inbox> {
    inboxes!(
        "where account_id = $1 and id = $2 and removed_at is null",
        account.0,
        id.0
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Inbox))
}

/// The account's inboxes, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Inbox>> {
    let inboxes = inboxes!(
        "where account_id = $1 and removed_at is null order by id limit 10000",
        account.0
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(inboxes)
}

/// The inboxes that are open to the viewer, oldest first.
pub async fn list_visible(store: &Store, account: AccountId, viewer: Viewer) -> Result<Vec<Inbox>> {
    let inboxes = inboxes!(
        "where account_id = $1 and removed_at is null
           and ($2::bigint is null
                or id in (select m.inbox_id from inbox_members m where m.account_id = $1 and m.agent_id = $2))
         order by id limit 10000",
        account.0,
        viewer.member(),
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(inboxes)
}

/// Inboxes by their ids, in no order, those that were removed too.
pub async fn list_by_ids(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<Inbox>> {
    let inboxes = inboxes!("where account_id = $1 and id = any ($2)", account.0, ids)
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(inboxes)
}

/// How the systems behind inboxes are reached and trusted.
pub async fn list_links(
    store: &Store,
    account: AccountId,
    ids: &[i64],
) -> Result<HashMap<InboxId, InboxLink>> {
    let rows = sqlx::query!(
        r#"select i.id as "id: InboxId", i.hmac_token_sealed, e.url as "url?", e.secret_sealed as "secret_sealed?"
           from inboxes i
           left join endpoints e on e.account_id = i.account_id and e.inbox_id = i.id and e.kind = 'inbox'
                                and e.disabled_reason is distinct from 'removed'
           where i.account_id = $1 and i.id = any ($2)"#,
        account.0,
        ids,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let open = |sealed: &[u8]| endpoints::open_secret(store.vault(), sealed);
    let links = rows.into_iter().map(|row| {
        let link = InboxLink {
            hmac_token: row
                .hmac_token_sealed
                .map(|sealed| open_hmac_token(store, &sealed))
                .transpose()?,
            secret: row.secret_sealed.as_deref().map(open).transpose()?,
            webhook_url: row.url,
        };
        Ok((row.id, link))
    });
    links.collect()
}

/// Gives agents access to an inbox, beside those who have it.
pub async fn add_members(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
    agents: Vec<AgentId>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                require::inbox(conn, account, inbox).await?;
                require::agents(conn, account, &agents).await?;
                let agents: Vec<i64> = agents.iter().map(|id| id.0).collect();
                sqlx::query!(
                    "insert into inbox_members (account_id, inbox_id, agent_id, created_at)
                     select $1, $2, id, $4 from unnest($3::bigint[]) as id on conflict do nothing",
                    account.0,
                    inbox.0,
                    &agents,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// The key with which visitors of an inbox prove their identifier.
pub async fn hmac_token(store: &Store, account: AccountId, id: InboxId) -> Result<SecretString> {
    let sealed = sqlx::query_scalar!(
        "select hmac_token_sealed from inboxes where account_id = $1 and id = $2 and removed_at is null",
        account.0,
        id.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .flatten()
    .ok_or(Error::NotFound(Noun::Inbox))?;
    open_hmac_token(store, &sealed)
}

fn open_hmac_token(store: &Store, sealed: &[u8]) -> Result<SecretString> {
    let token = store.vault().open(sealed, HMAC_TOKEN)?;
    Ok(URL_SAFE_NO_PAD.encode(token).into())
}

/// A random name of 192 bits.
pub(super) fn token() -> String {
    let bits: [u8; 24] = rand::random();
    URL_SAFE_NO_PAD.encode(bits)
}
