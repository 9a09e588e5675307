//! What becomes of a message after it was written: how far it got, that it is sent again, that it was taken back.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::model::{AccountId, ConversationId, DeliveryStatus, EventKind, MessageId};
use crate::store::{Once, Result, Store, attachments, conversations, events};

/// What is read where a message was that somebody took back.
const DELETED: &str = "This message was deleted";

/// Keeps how far a message got, and why no further. One that was read was delivered: that is no news. A message that
/// stays as it is is not told of.
pub async fn set_status(
    store: &Store,
    account: AccountId,
    (conversation, id): (ConversationId, MessageId),
    (status, error): (DeliveryStatus, Option<String>),
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, conversation).await?;
                let changed = sqlx::query!(
                    "update messages m set status = $4, content_attributes = a.then, updated_at = $6
                     from (select l.id, case when $4 = 'failed' and $5::text is not null
                                        then l.content_attributes || jsonb_build_object('external_error', $5::text)
                                        else l.content_attributes - 'external_error' end as then
                           from messages l where l.account_id = $1 and l.id = $3) a
                     where m.account_id = $1 and m.conversation_id = $2 and m.id = $3 and a.id = m.id
                       and not (m.status = 'read' and $4 = 'delivered')
                       and (m.status, m.content_attributes) is distinct from ($4, a.then)",
                    account.0,
                    conversation.0,
                    id.0,
                    status.as_str(),
                    error,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                tell(conn, account, (conversation, id), changed.rows_affected(), now).await
            })
        })
        .await
}

/// Lets a message be sent again: as if nothing had become of it yet. What was taken back stays so.
pub async fn retry(
    store: &Store,
    account: AccountId,
    (conversation, id): (ConversationId, MessageId),
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, conversation).await?;
                let changed = sqlx::query!(
                    "update messages set status = 'sent', content_attributes = '{}', updated_at = $4
                     where account_id = $1 and conversation_id = $2 and id = $3
                       and content_attributes -> 'deleted' is distinct from 'true'",
                    account.0,
                    conversation.0,
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                tell(
                    conn,
                    account,
                    (conversation, id),
                    changed.rows_affected(),
                    now,
                )
                .await
            })
        })
        .await
}

/// Takes a message back: its place in the conversation stays, what it said and its attachments go.
pub async fn delete(
    store: &Store,
    account: AccountId,
    (conversation, id): (ConversationId, MessageId),
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, conversation).await?;
                let changed = sqlx::query!(
                    r#"update messages set content = $4, content_type = 'text', content_attributes = '{"deleted": true}',
                              additional_attributes = '{}', rich_kind = null, rich = null, updated_at = $5
                       where account_id = $1 and conversation_id = $2 and id = $3
                         and (content, content_attributes) is distinct from ($4, '{"deleted": true}'::jsonb)"#,
                    account.0,
                    conversation.0,
                    id.0,
                    DELETED,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                attachments::remove(conn, account, (conversation, id), now).await?;
                tell(conn, account, (conversation, id), changed.rows_affected(), now).await
            })
        })
        .await
}

async fn tell(
    conn: &mut PgConnection,
    account: AccountId,
    (conversation, id): (ConversationId, MessageId),
    changed: u64,
    now: DateTime<Utc>,
) -> Result<()> {
    if changed == 0 {
        return Ok(());
    }
    let event = events::NewEvent::of_message(EventKind::MessageUpdated, conversation, id);
    events::append(conn, account, event, now).await
}
