//! Bots and the published versions of their flows.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Error, Noun, Once, Result, Store};
use crate::model::{AccountId, Bot, BotId, ContactId, FlowVersion, InboxId};

/// A bot to make.
#[derive(Debug, Clone)]
pub struct NewBot {
    /// Its id, where that is agreed beforehand (sample data); otherwise the next one.
    pub id: Option<BotId>,
    /// The name beside what it says.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Picture, or empty.
    pub avatar_url: String,
}

/// A checked flow to publish.
#[derive(Debug, Clone)]
pub struct NewFlow {
    /// The flow file.
    pub document: Value,
    /// Its options, each of which must have a number.
    pub options: Vec<NewOption>,
}

/// An option of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOption {
    /// The node that offers it.
    pub node: String,
    /// Its name within the node.
    pub name: String,
    /// Its number, where the author states one.
    pub payload: Option<i64>,
}

/// A published flow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishedFlow {
    /// The flow file.
    pub file: Value,
    /// Its options: node, name, number.
    pub payloads: Vec<(String, String, i64)>,
}

/// The bot that serves a new chat, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The flow that a new session begins with.
    pub flow_version: FlowVersion,
    /// The bot's webchat inbox, or its oldest one if it has none.
    pub inbox: InboxId,
}

/// Makes a bot.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewBot,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Bot> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    "insert into bots (account_id, id, name, description, avatar_url, created_at, updated_at)
                     values ($1, coalesce($2, nextval(pg_get_serial_sequence('bots', 'id'))), $3, $4, $5, $6, $6)
                     returning id",
                    account.0,
                    new.id.map(|id| id.0),
                    new.name,
                    new.description,
                    new.avatar_url,
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(id)
            })
        })
        .await?;
    get(store, account, BotId(id)).await
}

/// The bot, unless removed.
pub async fn get(store: &Store, account: AccountId, id: BotId) -> Result<Bot> {
    sqlx::query_as!(
        Bot,
        r#"select id as "id: BotId", name, description, avatar_url, flow_version as "flow_version: FlowVersion", created_at
           from bots where account_id = $1 and id = $2 and removed_at is null"#,
        account.0,
        id.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Bot))
}

/// The account's bots, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<Bot>> {
    let bots = sqlx::query_as!(
        Bot,
        r#"select id as "id: BotId", name, description, avatar_url, flow_version as "flow_version: FlowVersion", created_at
           from bots where account_id = $1 and removed_at is null order by created_at, id limit 10000"#,
        account.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(bots)
}

/// The bots whose inboxes a contact came into, each once.
pub async fn list_of_contact(
    store: &Store,
    account: AccountId,
    contact: ContactId,
) -> Result<Vec<BotId>> {
    let ids = sqlx::query_scalar!(
        r#"select distinct i.bot_id as "id!: BotId"
           from contact_inboxes w join inboxes i on i.account_id = w.account_id and i.id = w.inbox_id
           where w.account_id = $1 and w.contact_id = $2 and i.bot_id is not null order by 1"#,
        account.0,
        contact.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ids)
}

/// What a new chat with a bot begins with. A bot that has no flow or serves no inbox cannot be talked to.
pub async fn get_served(store: &Store, account: AccountId, bot: BotId) -> Result<Served> {
    let row = sqlx::query!(
        r#"select b.flow_version as "flow_version: FlowVersion",
                  (select i.id from inboxes i
                   where i.account_id = b.account_id and i.bot_id = b.id and i.removed_at is null
                   order by i.channel <> 'webchat', i.id limit 1) as "inbox: InboxId"
           from bots b where b.account_id = $1 and b.id = $2 and b.removed_at is null"#,
        account.0,
        bot.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Bot))?;
    Ok(Served {
        flow_version: row.flow_version.ok_or(Error::NotFound(Noun::Flow))?,
        inbox: row.inbox.ok_or(Error::NotFound(Noun::Inbox))?,
    })
}

/// Publishes a flow as the bot's next version. Sessions that run stay on theirs.
///
/// An option keeps the number it had in earlier versions; a number that the author states goes before it.
pub async fn publish(
    store: &Store,
    account: AccountId,
    bot: BotId,
    new: NewFlow,
    now: DateTime<Utc>,
) -> Result<FlowVersion> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let version = next_version(conn, account, bot, now).await?;
                let flow = PublishedFlow {
                    payloads: assign_payloads(conn, account, bot, new.options).await?,
                    file: new.document,
                };
                sqlx::query!(
                    "insert into flows (account_id, bot_id, version, document, published_at) values ($1, $2, $3, $4, $5)",
                    account.0,
                    bot.0,
                    version.0,
                    serde_json::to_value(&flow)?,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(version)
            })
        })
        .await
}

/// A published flow.
pub async fn get_flow(
    store: &Store,
    account: AccountId,
    bot: BotId,
    version: FlowVersion,
) -> Result<PublishedFlow> {
    let document = sqlx::query_scalar!(
        "select document from flows where account_id = $1 and bot_id = $2 and version = $3",
        account.0,
        bot.0,
        version.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Flow))?;
    Ok(serde_json::from_value(document)?)
}

/// Counts the bot's version up, which also makes two publications wait for each other.
async fn next_version(
    conn: &mut PgConnection,
    account: AccountId,
    bot: BotId,
    now: DateTime<Utc>,
) -> Result<FlowVersion> {
    sqlx::query_scalar!(
        r#"update bots set flow_version = coalesce(flow_version, 0) + 1, updated_at = $3
           where account_id = $1 and id = $2 and shared_bot_id is null and removed_at is null
           returning flow_version as "version!: FlowVersion""#,
        account.0,
        bot.0,
        now,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound(Noun::Bot))
}

async fn assign_payloads(
    conn: &mut PgConnection,
    account: AccountId,
    bot: BotId,
    options: Vec<NewOption>,
) -> Result<Vec<(String, String, i64)>> {
    let stated: HashSet<i64> = options.iter().filter_map(|option| option.payload).collect();
    let mut payloads = Vec::new();
    for option in options {
        let mut payload = match option.payload {
            Some(payload) => state_payload(conn, account, bot, &option, payload).await?,
            None => give_payload(conn, account, bot, &option, false).await?,
        };
        while option.payload.is_none() && stated.contains(&payload) {
            payload = give_payload(conn, account, bot, &option, true).await?;
        }
        payloads.push((option.node, option.name, payload));
    }
    Ok(payloads)
}

async fn state_payload(
    conn: &mut PgConnection,
    account: AccountId,
    bot: BotId,
    option: &NewOption,
    payload: i64,
) -> Result<i64> {
    sqlx::query!(
        "insert into flow_options (account_id, bot_id, node, option, payload) values ($1, $2, $3, $4, $5)
         on conflict (account_id, bot_id, node, option) do update set payload = excluded.payload",
        account.0,
        bot.0,
        option.node,
        option.name,
        payload,
    )
    .execute(conn)
    .await?;
    Ok(payload)
}

/// The number that the option has, or the next one if it has none yet or must have another.
async fn give_payload(
    conn: &mut PgConnection,
    account: AccountId,
    bot: BotId,
    option: &NewOption,
    another: bool,
) -> Result<i64> {
    let payload = sqlx::query_scalar!(
        "insert into flow_options (account_id, bot_id, node, option) values ($1, $2, $3, $4)
         on conflict (account_id, bot_id, node, option)
         do update set payload = case when $5 then excluded.payload else flow_options.payload end
         returning payload",
        account.0,
        bot.0,
        option.node,
        option.name,
        another,
    )
    .fetch_one(conn)
    .await?;
    Ok(payload)
}
