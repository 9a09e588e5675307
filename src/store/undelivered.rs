//! Messages that did not reach the system behind their inbox or bot: agents are shown so, or take over.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Result, auto_assignment, conversations, events, messages};
use crate::model::{
    AccountId, ConversationId, ConversationStatus, DeliveryId, EventKind, MessageId,
};

/// What is noted where a bot cannot be reached.
const OPENED: &str = "System opened the conversation due to an error of its bot.";

/// Deliveries that were given up, and why.
#[derive(Default)]
pub(super) struct Lost {
    accounts: Vec<i64>,
    deliveries: Vec<i64>,
    errors: Vec<String>,
}

impl Lost {
    /// Adds one.
    pub(super) fn push(&mut self, account: AccountId, delivery: DeliveryId, error: String) {
        self.accounts.push(account.0);
        self.deliveries.push(delivery.0);
        self.errors.push(error);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.deliveries.len()
    }

    /// The accounts, the deliveries and what went wrong, as `unnest` takes them.
    pub(super) fn columns(&self) -> (&[i64], &[i64], &[String]) {
        (&self.accounts, &self.deliveries, &self.errors)
    }

    /// Holds the conversations that they are about, in the order of their ids.
    pub(super) async fn lock_conversations(&self, conn: &mut PgConnection) -> Result<()> {
        if self.deliveries.is_empty() {
            return Ok(());
        }
        let found = sqlx::query!(
            r#"select distinct d.account_id as "account!: AccountId", d.conversation_id as "conversation!: ConversationId"
               from unnest($1::bigint[], $2::bigint[]) as t (account_id, id)
               join deliveries d on d.account_id = t.account_id and d.id = t.id and d.conversation_id is not null
               join endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id and p.kind in ('inbox', 'bot')
               order by 1, 2"#,
            &self.accounts,
            &self.deliveries,
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in found {
            conversations::lock(conn, row.account, row.conversation).await?;
        }
        Ok(())
    }

    /// Does what follows from them.
    pub(super) async fn settle(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
        if self.deliveries.is_empty() {
            return Ok(());
        }
        self.fail_messages(conn, now).await?;
        self.open_conversations(conn, now).await
    }

    /// Marks the messages that an inbox was not told of.
    ///
    /// An incoming message is where it was to go already; one that was delivered or read has arrived, whatever became of
    /// later word of it; and what agents note among themselves was not to go anywhere.
    async fn fail_messages(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
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
            &self.accounts,
            &self.deliveries,
            &self.errors,
            now,
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in failed {
            let kind = EventKind::MessageUpdated;
            let event = events::NewEvent::of_message(kind, row.conversation, row.id);
            events::append(conn, row.account, event, now).await?;
        }
        Ok(())
    }

    /// Opens pending conversations to agents where the bot has no flow of its own, so that nobody else would answer, unless
    /// the account wants to wait for it.
    async fn open_conversations(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
        let pending = sqlx::query!(
            r#"select distinct c.account_id as "account: AccountId", c.id as "id: ConversationId"
               from unnest($1::bigint[], $2::bigint[]) as t (account_id, id)
               join deliveries d on d.account_id = t.account_id and d.id = t.id
               join endpoints p on p.account_id = d.account_id and p.id = d.endpoint_id and p.kind = 'bot'
               join bots b on b.account_id = p.account_id and b.id = p.bot_id and b.flow_version is null
               join events e on e.account_id = d.account_id and e.id = d.event_id
                            and e.kind in ('message.created', 'message.updated')
               join conversations c on c.account_id = d.account_id and c.id = d.conversation_id and c.status = 'pending'
               join accounts a on a.id = c.account_id and not a.settings @> '{"keep_pending_on_bot_failure": true}'
               order by 1, 2"#,
            &self.accounts,
            &self.deliveries,
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in pending {
            let (account, open) = (row.account, ConversationStatus::Open);
            let mut conversation = conversations::lock(conn, account, row.id).await?;
            conversations::move_to(conn, account, &mut conversation, open, None, now).await?;
            messages::insert_note(conn, account, &mut conversation, OPENED, now).await?;
            auto_assignment::give(conn, account, &mut conversation, now).await?;
        }
        Ok(())
    }
}
