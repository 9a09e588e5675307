//! What a contact answers to a message that asks: kept with the message.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::get;
use crate::model::{
    AccountId, ConversationId, DeliveryStatus, EventKind, Message, MessageId, Rating,
};
use crate::store::signals::{self, Signal};
use crate::store::{Noun, Once, Result, Store, conversations, events, ratings, require};

/// How many messages become read at once.
const READ_AT_ONCE: i64 = 1000;

/// What a contact answers.
#[derive(Debug, Clone)]
pub enum Submission {
    /// What was put into the fields of a form, or chosen.
    Values(Value),
    /// An e-mail address.
    Email(String),
    /// What it thinks of the conversation.
    Rating {
        /// 1 (bad) to 5 (good).
        rating: i16,
        /// In its own words.
        feedback: Option<String>,
    },
}

/// Keeps an answer with a message that the contact may see.
pub async fn submit(
    store: &Store,
    account: AccountId,
    (conversation, message): (ConversationId, MessageId),
    submission: Submission,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Message> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, conversation).await?;
                keep(conn, account, (conversation, message), submission, now).await?;
                Ok(message.0)
            })
        })
        .await?;
    get(store, account, MessageId(id)).await
}

async fn keep(
    conn: &mut PgConnection,
    account: AccountId,
    (conversation, message): (ConversationId, MessageId),
    submission: Submission,
    now: DateTime<Utc>,
) -> Result<()> {
    let added = match &submission {
        Submission::Values(values) => json!({"submitted_values": values}),
        Submission::Email(email) => json!({"submitted_email": email}),
        Submission::Rating { rating, feedback } => {
            json!({"submitted_values": {"csat_survey_response": {"rating": rating, "feedback_message": feedback}}})
        }
    };
    let kept = sqlx::query!(
        "update messages set content_attributes = content_attributes || $4, updated_at = $5
         where account_id = $1 and conversation_id = $2 and id = $3 and not private and kind <> 'activity'",
        account.0,
        conversation.0,
        message.0,
        added,
        now,
    )
    .execute(&mut *conn)
    .await?;
    require::changed(kept.rows_affected(), Noun::Message)?;
    let event = events::NewEvent::of_message(EventKind::MessageUpdated, conversation, message);
    events::append(conn, account, event, now).await?;
    if let Submission::Rating { rating, feedback } = submission {
        let rating = Rating {
            rating,
            feedback,
            rated_at: now,
        };
        ratings::put(conn, account, conversation, &rating, now).await?;
    }
    Ok(())
}

/// Notes that the contact looked at a conversation: what it was told is read.
pub async fn look(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                conversations::lock(conn, account, conversation).await?;
                sqlx::query!(
                    "update conversations set contact_last_seen_at = $3, updated_at = $3
                     where account_id = $1 and id = $2",
                    account.0,
                    conversation.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                for (message, previous) in mark_read(conn, account, conversation, now).await? {
                    let (previous, read) = (previous.as_str(), DeliveryStatus::Read.as_str());
                    let changed =
                        json!([{"status": {"previous_value": previous, "current_value": read}}]);
                    let kind = EventKind::MessageUpdated;
                    let event = events::NewEvent::of_message(kind, conversation, message);
                    events::append(conn, account, event.changing(&changed), now).await?;
                }
                signals::tell(conn, account, Signal::Read { conversation }, now).await
            })
        })
        .await
}

/// What became read, and how far it was before. Only the newest messages are looked at: what is older was read before,
/// or never will be.
async fn mark_read(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    now: DateTime<Utc>,
) -> Result<Vec<(MessageId, DeliveryStatus)>> {
    let read = sqlx::query!(
        r#"with newest as (
               select id, status from messages where account_id = $1 and conversation_id = $2 order by id desc limit $4
           )
           update messages m set status = 'read', updated_at = $3
           from newest n
           where m.account_id = $1 and m.id = n.id and m.kind in ('outgoing', 'template')
             and not m.private and m.status in ('sent', 'delivered') and m.created_at <= $3
           returning m.id as "id: MessageId", n.status as "status: DeliveryStatus""#,
        account.0,
        conversation.0,
        now,
        READ_AT_ONCE,
    )
    .fetch_all(conn)
    .await?;
    let mut read: Vec<_> = read.into_iter().map(|row| (row.id, row.status)).collect();
    read.sort_unstable_by_key(|(id, _)| id.0);
    Ok(read)
}
