//! Bots that a platform app made, in the accounts that it made.

use chrono::{DateTime, Utc};

use super::agent_bots::{self, NewAgentBot};
use super::{Error, Noun, Result, Store};
use crate::model::{AccountId, BotId, PlatformAppId};

/// Makes a bot in an account that the app made.
pub async fn create(
    store: &Store,
    app: PlatformAppId,
    account: AccountId,
    new: NewAgentBot,
    now: DateTime<Utc>,
) -> Result<BotId> {
    let vault = store.vault().clone();
    store
        .write(move |conn| {
            Box::pin(async move {
                let id = agent_bots::insert(conn, &vault, account, new, now).await?;
                let marked = sqlx::query!(
                    "update bots set platform_app_id = $3
                     where account_id = $1 and id = $2
                       and exists (select from accounts a where a.id = $1 and a.platform_app_id = $3)",
                    account.0,
                    id.0,
                    app.0,
                )
                .execute(conn)
                .await?;
                if marked.rows_affected() == 1 {
                    Ok(id)
                } else {
                    Err(Error::NotFound(Noun::Account))
                }
            })
        })
        .await
}

/// The app's bots and their accounts, oldest first.
pub async fn list(store: &Store, app: PlatformAppId) -> Result<Vec<(AccountId, BotId)>> {
    let rows = sqlx::query!(
        r#"select b.account_id as "account: AccountId", b.id as "bot: BotId"
           from bots b join accounts a on a.id = b.account_id and a.removed_at is null
           where b.platform_app_id = $1 and b.removed_at is null order by b.id limit 1000"#,
        app.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(rows.into_iter().map(|row| (row.account, row.bot)).collect())
}

/// The account of a bot that the app made; `None` if somebody else made it.
pub async fn find_account(
    store: &Store,
    app: PlatformAppId,
    bot: BotId,
) -> Result<Option<AccountId>> {
    let row = sqlx::query!(
        r#"select b.account_id as "account: AccountId", b.platform_app_id is not distinct from $2 as "is_own!"
           from bots b join accounts a on a.id = b.account_id and a.removed_at is null
           where b.id = $1 and b.removed_at is null
           order by 2 desc, b.account_id limit 1"#,
        bot.0,
        app.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Bot))?;
    Ok(row.is_own.then_some(row.account))
}
