//! What contacts thought of conversations.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Result, Store, conversations, events};
use crate::model::{AccountId, ConversationId, EventKind, Rating};

/// Keeps a rating; a later one of the same conversation takes its place.
pub async fn set(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    rating: Rating,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, conversation).await?;
                put(conn, account, conversation, &rating, now).await
            })
        })
        .await
}

/// Keeps a rating of a locked conversation.
pub(super) async fn put(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    rating: &Rating,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into ratings (account_id, conversation_id, rating, feedback, rated_at)
         values ($1, $2, $3, $4, $5)
         on conflict (account_id, conversation_id) do update
         set rating = excluded.rating, feedback = excluded.feedback, rated_at = excluded.rated_at",
        account.0,
        conversation.0,
        rating.rating,
        rating.feedback,
        rating.rated_at,
    )
    .execute(&mut *conn)
    .await?;
    let event = events::NewEvent::of_conversation(EventKind::ConversationUpdated, conversation);
    events::append(conn, account, event, now).await
}

/// A conversation's rating.
pub async fn find(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<Rating>> {
    let rating = sqlx::query_as!(
        Rating,
        "select rating, feedback, rated_at from ratings where account_id = $1 and conversation_id = $2",
        account.0,
        conversation.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(rating)
}
