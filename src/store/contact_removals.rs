//! Deleting contacts, with all that hangs on them.

use chrono::{DateTime, Utc};

use super::{Result, Store, attachments, contact_changes, events};
use crate::model::{AccountId, ContactId, EventKind};

/// How many messages are deleted in one transaction.
const BATCH: i64 = 2_000;

/// Deletes a contact, its conversations and all that was said in them.
///
/// The messages go first, some thousand at a time, so that no transaction grows with what was said; the rest goes in
/// one. Cut off in between, the contact is still there, and deleting it again goes on.
pub async fn delete(
    store: &Store,
    account: AccountId,
    id: ContactId,
    now: DateTime<Utc>,
) -> Result<()> {
    super::contacts::get(store, account, id).await?;
    while delete_messages(store, account, id, now).await? {}
    store
        .write(move |conn| {
            Box::pin(async move {
                contact_changes::lock_whole(conn, account, &[id.0]).await?;
                let event = events::NewEvent::of_contact(EventKind::ContactDeleted, id);
                events::append(conn, account, event, now).await?;
                sqlx::query!(
                    "delete from contacts where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Deletes some messages of a contact's conversations, with their files; whether there may be more.
async fn delete_messages(
    store: &Store,
    account: AccountId,
    id: ContactId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let deleted = store
        .write(move |conn| {
            Box::pin(async move {
                let messages = sqlx::query_scalar!(
                    "select m.id from conversations c
                     join messages m on m.account_id = c.account_id and m.conversation_id = c.id
                     where c.account_id = $1 and c.contact_id = $2 limit $3",
                    account.0,
                    id.0,
                    BATCH,
                )
                .fetch_all(&mut *conn)
                .await?;
                attachments::remove_of(conn, account, &messages, now).await?;
                let deleted = sqlx::query!(
                    "delete from messages where account_id = $1 and id = any ($2)",
                    account.0,
                    &messages,
                )
                .execute(conn)
                .await?;
                Ok(deleted.rows_affected())
            })
        })
        .await?;
    Ok(i64::try_from(deleted).is_ok_and(|deleted| deleted == BATCH))
}
