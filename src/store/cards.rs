//! What a page showed the agents about its visitor.

use chrono::{DateTime, Utc};

use super::{Result, Store, conversations, events};
use crate::model::{AccountId, Card, ConversationId, EventKind};

/// Sets the card with the page's own id for it: makes it, or gives it other data. It also stands among the conversation's
/// attributes.
pub async fn set(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    data_id: String,
    data: String,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, conversation).await?;
                sqlx::query!(
                    "insert into cards (account_id, conversation_id, data_id, data, created_at, updated_at)
                     values ($1, $2, $3, $4, $5, $5)
                     on conflict (account_id, conversation_id, data_id) do update
                     set data = excluded.data, updated_at = excluded.updated_at",
                    account.0,
                    conversation.0,
                    data_id,
                    data,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "update conversations set additional_attributes = jsonb_set(additional_attributes, '{cards}',
                            (select jsonb_object_agg(data_id, data) from cards
                             where account_id = $1 and conversation_id = $2)), updated_at = $3
                     where account_id = $1 and id = $2",
                    account.0,
                    conversation.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                let event =
                    events::NewEvent::of_conversation(EventKind::ConversationUpdated, conversation);
                events::append(conn, account, event, now).await
            })
        })
        .await
}

/// A conversation's cards, oldest first.
pub async fn list(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Vec<Card>> {
    let cards = sqlx::query_as!(
        Card,
        "select data_id, data, created_at, updated_at from cards
         where account_id = $1 and conversation_id = $2 order by created_at, data_id limit 1000",
        account.0,
        conversation.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(cards)
}
