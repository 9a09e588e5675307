//! Rows that a write changes or refers to must be there, be the account's own, and not be removed: the last of which no
//! foreign key knows.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use super::{Error, Noun, Result};
use crate::model::{AccountId, AgentId, BotId, InboxId};

/// Every one of these agents.
pub(super) async fn agents(
    conn: &mut PgConnection,
    account: AccountId,
    agents: &[AgentId],
) -> Result<()> {
    let ids: Vec<i64> = agents
        .iter()
        .map(|id| id.0)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let found = sqlx::query_scalar!(
        "select id from agents where account_id = $1 and id = any ($2) and removed_at is null for share",
        account.0,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    found_or(found.len() == ids.len(), Noun::Agent)
}

/// This bot.
pub(super) async fn bot(conn: &mut PgConnection, account: AccountId, bot: BotId) -> Result<()> {
    let found = sqlx::query_scalar!(
        "select id from bots where account_id = $1 and id = $2 and removed_at is null for share",
        account.0,
        bot.0,
    )
    .fetch_optional(conn)
    .await?;
    found_or(found.is_some(), Noun::Bot)
}

/// This bot, which the account made.
pub(super) async fn own_bot(conn: &mut PgConnection, account: AccountId, bot: BotId) -> Result<()> {
    let found = sqlx::query_scalar!(
        "select id from bots
         where account_id = $1 and id = $2 and shared_bot_id is null and removed_at is null for share",
        account.0,
        bot.0,
    )
    .fetch_optional(conn)
    .await?;
    found_or(found.is_some(), Noun::Bot)
}

/// This inbox.
pub(super) async fn inbox(
    conn: &mut PgConnection,
    account: AccountId,
    inbox: InboxId,
) -> Result<()> {
    let found = sqlx::query_scalar!(
        "select id from inboxes where account_id = $1 and id = $2 and removed_at is null for share",
        account.0,
        inbox.0,
    )
    .fetch_optional(conn)
    .await?;
    found_or(found.is_some(), Noun::Inbox)
}

/// That a statement found the row it was to change.
pub(super) fn changed(rows: u64, noun: Noun) -> Result<()> {
    found_or(rows > 0, noun)
}

fn found_or(found: bool, noun: Noun) -> Result<()> {
    if found {
        Ok(())
    } else {
        Err(Error::NotFound(noun))
    }
}
