//! Endpoints as their account sees them: who hears of what happens, and turning that off and on.

use chrono::{DateTime, Utc};

use super::{Error, Noun, Result, Store};
use crate::model::{AccountId, BotId, DisabledReason, EndpointId, EndpointKind, InboxId};

/// Somebody who wants to know, without the secret.
#[derive(Debug)]
pub struct Endpoint {
    /// The row.
    pub id: EndpointId,
    /// Who that is.
    pub kind: EndpointKind,
    /// The inbox it stands behind.
    pub inbox: Option<InboxId>,
    /// The bot it stands behind.
    pub bot: Option<BotId>,
    /// Where; it may hold a password.
    pub url: String,
    /// The kinds of events it hears of, where it chose.
    pub subscriptions: Vec<String>,
    /// Since when nothing is sent there.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Why.
    pub disabled_reason: Option<DisabledReason>,
    /// Since when every attempt has failed.
    pub failing_since: Option<DateTime<Utc>>,
    /// Until when the secret before the present one signs too.
    pub previous_secret_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

macro_rules! endpoints {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Endpoint,
            r#"select id as "id: EndpointId", kind as "kind: EndpointKind", inbox_id as "inbox: InboxId",
                      bot_id as "bot: BotId", url, subscriptions, disabled_at,
                      disabled_reason as "disabled_reason: DisabledReason", failing_since,
                      previous_secret_until, created_at, updated_at
               from endpoints where account_id = $1 and not is_shared and disabled_reason is distinct from 'removed' "# + $tail
            $(, $arg)*
        )
    };
}

/// The endpoints after one, oldest first.
pub async fn list(
    store: &Store,
    account: AccountId,
    after: EndpointId,
    limit: i64,
) -> Result<Vec<Endpoint>> {
    let found = endpoints!(
        "and id > $2 order by id limit $3",
        account.0,
        after.0,
        limit
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(found)
}

/// One endpoint.
pub async fn get(store: &Store, account: AccountId, id: EndpointId) -> Result<Endpoint> {
    endpoints!("and id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::Endpoint))
}

/// Sends nothing there any more, or again. What happens meanwhile is not kept for it.
pub async fn set_enabled(
    store: &Store,
    account: AccountId,
    id: EndpointId,
    enabled: bool,
    now: DateTime<Utc>,
) -> Result<Endpoint> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "update endpoints
                     set disabled_at = case when not $3 then coalesce(disabled_at, $4) end,
                         disabled_reason = case when not $3 then coalesce(disabled_reason, 'owner') end,
                         failing_since = case when not $3 then failing_since end,
                         failed_at = case when not $3 then failed_at end,
                         updated_at = case when (disabled_at is null) = $3 then updated_at else $4 end
                     where account_id = $1 and id = $2 and not is_shared and disabled_reason is distinct from 'removed'",
                    account.0,
                    id.0,
                    enabled,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await?;
    get(store, account, id).await
}
