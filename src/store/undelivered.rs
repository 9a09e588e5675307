//! Messages that did not reach the system behind their inbox: their agents are shown so.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::delivery_outcomes::Attempted;
use super::{Result, conversations, events};
use crate::model::{AccountId, ConversationId, EventKind, MessageId};

/// A delivery that was given up, and why.
struct Lost {
    accounts: Vec<i64>,
    deliveries: Vec<i64>,
    errors: Vec<String>,
}

impl Lost {
    fn of(given_up: &[&Attempted]) -> Self {
        Self {
            accounts: given_up.iter().map(|attempt| attempt.account.0).collect(),
            deliveries: given_up.iter().map(|attempt| attempt.id.0).collect(),
            errors: given_up
                .iter()
                .map(|attempt| attempt.error.clone().unwrap_or_default())
                .collect(),
        }
    }
}

/// Holds the conversations whose messages may become failed.
pub(super) async fn lock_conversations(
    conn: &mut PgConnection,
    given_up: &[&Attempted],
) -> Result<()> {
    let lost = Lost::of(given_up);
    lock_conversations_of(conn, &lost.accounts, &lost.deliveries).await
}

/// The same, for deliveries.
pub(super) async fn lock_conversations_of(
    conn: &mut PgConnection,
    accounts: &[i64],
    deliveries: &[i64],
) -> Result<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let found = sqlx::query!(
        r#"select distinct d.account_id as "account!: AccountId", d.conversation_id as "conversation!: ConversationId"
           from unnest($1::bigint[], $2::bigint[]) as t (account_id, id)
           join deliveries d on d.account_id = t.account_id and d.id = t.id and d.conversation_id is not null
           join endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id and p.kind = 'inbox'
           order by 1, 2"#,
        accounts,
        deliveries,
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in found {
        conversations::lock(conn, row.account, row.conversation).await?;
    }
    Ok(())
}

/// Marks the messages that these deliveries told their inboxes of.
pub(super) async fn fail_messages(
    conn: &mut PgConnection,
    given_up: &[&Attempted],
    now: DateTime<Utc>,
) -> Result<()> {
    let lost = Lost::of(given_up);
    fail_messages_of(conn, &lost.accounts, &lost.deliveries, &lost.errors, now).await
}

/// The same, for deliveries and what went wrong with each.
///
/// An incoming message is where it was to go already; one that was delivered or read has arrived, whatever became of
/// later word of it; and what agents note among themselves was not to go anywhere.
pub(super) async fn fail_messages_of(
    conn: &mut PgConnection,
    accounts: &[i64],
    deliveries: &[i64],
    errors: &[String],
    now: DateTime<Utc>,
) -> Result<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let failed = sqlx::query!(
        r#"update messages m set status = 'failed', updated_at = $4,
                  content_attributes = m.content_attributes || jsonb_build_object('external_error', t.error)
           from unnest($1::bigint[], $2::bigint[], $3::text[]) as t (account_id, id, error)
           join deliveries d on d.account_id = t.account_id and d.id = t.id
           join endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id and p.kind = 'inbox'
           join events e on e.account_id = d.account_id and e.id = d.event_id
                        and e.kind in ('message.created', 'message.updated')
           where m.account_id = e.account_id and m.id = e.message_id and m.kind in ('outgoing', 'template')
             and not m.private and m.status = 'sent'
           returning m.account_id as "account: AccountId", m.conversation_id as "conversation: ConversationId",
                     m.id as "id: MessageId""#,
        accounts,
        deliveries,
        errors,
        now,
    )
    .fetch_all(&mut *conn)
    .await?;
    for row in failed {
        let event =
            events::NewEvent::of_message(EventKind::MessageUpdated, row.conversation, row.id);
        events::append(conn, row.account, event, now).await?;
    }
    Ok(())
}
