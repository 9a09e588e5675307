//! A conversation is removed with all that belongs to it. What happened in it stays in the feed and in the figures.

use chrono::{DateTime, Utc};

use super::{Result, Store, attachments, conversations};
use crate::model::{AccountId, ConversationId};

/// Removes a conversation.
pub async fn remove(
    store: &Store,
    account: AccountId,
    id: ConversationId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, id).await?;
                attachments::remove_all(conn, account, id, now).await?;
                sqlx::query!(
                    "with messages as (delete from messages where account_id = $1 and conversation_id = $2),
                          labels as (delete from conversation_labels where account_id = $1 and conversation_id = $2),
                          ratings as (delete from ratings where account_id = $1 and conversation_id = $2),
                          visits as (delete from visits where account_id = $1 and conversation_id = $2),
                          cards as (delete from cards where account_id = $1 and conversation_id = $2)
                     delete from flow_sessions where account_id = $1 and conversation_id = $2",
                    account.0,
                    id.0,
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "delete from conversations where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                )
                .execute(&mut *conn)
                .await?;
                Ok(())
            })
        })
        .await
}
