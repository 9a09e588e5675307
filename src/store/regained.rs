//! Messages that reached the system behind their inbox after all.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Result, events};
use crate::model::{AccountId, ConversationId, DeliveryId, EventKind, MessageId};

/// Deliveries that had been given up and arrived when they were replayed.
#[derive(Default)]
pub(super) struct Regained {
    accounts: Vec<i64>,
    deliveries: Vec<i64>,
}

impl Regained {
    pub(super) fn new(deliveries: impl Iterator<Item = (AccountId, DeliveryId)>) -> Self {
        let (accounts, deliveries) = deliveries.map(|(account, id)| (account.0, id.0)).unzip();
        Self {
            accounts,
            deliveries,
        }
    }

    /// Which they are.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = (AccountId, DeliveryId)> {
        let pairs = self.accounts.iter().zip(&self.deliveries);
        pairs.map(|(account, id)| (AccountId(*account), DeliveryId(*id)))
    }

    /// Takes back what was said of their messages when they were given up. The conversations are held already.
    pub(super) async fn settle(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
        if self.deliveries.is_empty() {
            return Ok(());
        }
        let sent = sqlx::query!(
            r#"update messages m set status = 'sent', updated_at = $3,
                      content_attributes = m.content_attributes - 'external_error'
               from unnest($1::bigint[], $2::bigint[]) as t (account_id, id)
               join deliveries d on d.account_id = t.account_id and d.id = t.id
               join endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id and p.kind = 'inbox'
               join events e on e.account_id = d.account_id and e.id = d.event_id and e.kind = 'message.created'
               where m.account_id = e.account_id and m.id = e.message_id and m.status = 'failed'
                 and m.content_attributes ? 'external_error'
               returning m.account_id as "account: AccountId", m.conversation_id as "conversation: ConversationId",
                         m.id as "id: MessageId""#,
            &self.accounts,
            &self.deliveries,
            now,
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in sent {
            let kind = EventKind::MessageUpdated;
            let event = events::NewEvent::of_message(kind, row.conversation, row.id);
            events::append(conn, row.account, event, now).await?;
        }
        Ok(())
    }
}
