//! Chat windows that visitors open: told to those who want to know.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Error, Noun, Result, Store, events};
use crate::model::{AccountId, ContactInboxId, ConversationId, EventKind};

/// Tells that a visitor opened a chat window, with what its page has to say of that. The conversation is the one that
/// the window shows: the newest on this way into the inbox.
pub async fn open(
    store: &Store,
    account: AccountId,
    way: ContactInboxId,
    info: Value,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let shown = sqlx::query_scalar!(
                    r#"select (select c.id from conversations c
                               where c.account_id = w.account_id and c.contact_inbox_id = w.id
                               order by c.id desc limit 1) as "conversation: ConversationId"
                       from contact_inboxes w where w.account_id = $1 and w.id = $2"#,
                    account.0,
                    way.0,
                )
                .fetch_optional(&mut *conn)
                .await?
                .ok_or(Error::NotFound(Noun::ContactInbox))?;
                let kind = EventKind::WebwidgetTriggered;
                let event = events::NewEvent::on_way(kind, way, shown).telling(&info);
                events::append(conn, account, event, now).await
            })
        })
        .await
}
