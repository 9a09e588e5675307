//! What happened just now in an account, for those who are connected and are told once.
//!
//! They need no place in the feed that means the same tomorrow, so none is given out here: that would write every event
//! once more, under a lock, and the first who connects would wait until all that ever happened has its place. Instead a
//! reader goes back a little in the ids, further than any transaction takes, and passes over what it has told already.

use serde_json::Value;

use super::{Result, Store};
use crate::model::{AccountId, ContactId, ConversationId, EventId, EventKind, MessageId};

/// An event, without its snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct RecentEvent {
    /// Which it is.
    pub id: EventId,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// To which conversation.
    pub conversation: Option<ConversationId>,
    /// To which message.
    pub message: Option<MessageId>,
    /// To which contact.
    pub contact: Option<ContactId>,
    /// The fields that changed: a list of `{name: {previous_value, current_value}}`.
    pub changed: Option<Value>,
    /// By what the client of whoever said the message knows it.
    pub echo_id: Option<Value>,
}

/// The ids after one, the newest so many, newest first.
pub async fn list_ids_after(
    store: &Store,
    account: AccountId,
    after: EventId,
    limit: i64,
) -> Result<Vec<EventId>> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id: EventId" from events where account_id = $1 and id > $2 order by id desc limit $3"#,
        account.0,
        after.0,
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ids)
}

/// The events of these ids, in the order in which those of one conversation happened.
pub async fn list(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<RecentEvent>> {
    let events = sqlx::query_as!(
        RecentEvent,
        r#"select id as "id: EventId", kind as "kind: EventKind", conversation_id as "conversation: ConversationId",
                  message_id as "message: MessageId", contact_id as "contact: ContactId", snapshot -> 'changed' as changed,
                  snapshot -> 'detail' -> 'echo_id' as echo_id
           from events where account_id = $1 and id = any ($2) order by id"#,
        account.0,
        ids,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(events)
}
