//! How fast a conversation fills.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{AccountId, ConversationId};
use crate::store::{Result, Store};

/// Whether the newest `limit` messages of a conversation were all said within the last minute; 0 is no limit.
///
/// It looks at one message, the oldest of these: what is imported with the time at which it was said does not count.
pub async fn is_crowded(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    limit: u32,
    now: DateTime<Utc>,
) -> Result<bool> {
    let Some(others) = limit.checked_sub(1) else {
        return Ok(false);
    };
    let said_at = sqlx::query_scalar!(
        "select created_at from messages where account_id = $1 and conversation_id = $2
         order by id desc offset $3 limit 1",
        account.0,
        conversation.0,
        i64::from(others),
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(said_at.is_some_and(|said_at| said_at > now - TimeDelta::minutes(1)))
}
