//! What somebody began to write in a conversation and has not sent: one text a conversation.

use chrono::{DateTime, Utc};

use super::{Result, Store};
use crate::model::{AccountId, ConversationId};

/// The draft, if there is one.
pub async fn find(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<String>> {
    let draft = sqlx::query_scalar!(
        "select content from drafts where account_id = $1 and conversation_id = $2",
        account.0,
        conversation.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(draft)
}

/// Keeps a draft in place of the one before.
pub async fn keep(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    content: String,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "insert into drafts (account_id, conversation_id, content, updated_at) values ($1, $2, $3, $4)
                     on conflict (account_id, conversation_id)
                     do update set content = excluded.content, updated_at = excluded.updated_at",
                    account.0,
                    conversation.0,
                    content,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Drops the draft.
pub async fn forget(store: &Store, account: AccountId, conversation: ConversationId) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "delete from drafts where account_id = $1 and conversation_id = $2",
                    account.0,
                    conversation.0,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}
