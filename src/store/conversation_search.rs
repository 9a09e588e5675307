//! Conversations found by what was said in them, as far back as is looked, and what is shown of them.
//!
//! No index knows what was said: one over all parts of all texts would make every message as dear to write as dozens.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Result, Store, messages};
use crate::model::{AccountId, Channel, ContactId, ConversationId, InboxId, Message};

/// How many of an account's newest messages are searched: reading them takes a fraction of a second.
const SEARCHED: i64 = 100_000;

/// A conversation that was found, and what was said in it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The conversation.
    pub id: ConversationId,
    /// Its name across all servers.
    pub uuid: Uuid,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// With whom.
    pub contact: ContactId,
    /// Their name, or empty.
    pub contact_name: String,
    /// Where it takes place.
    pub inbox: InboxId,
    /// The inbox's name.
    pub inbox_name: String,
    /// What the inbox is connected to.
    pub channel: Channel,
    /// The messages that say it, oldest first.
    pub messages: Vec<Message>,
}

struct Row {
    id: ConversationId,
    uuid: Uuid,
    created_at: DateTime<Utc>,
    contact: ContactId,
    contact_name: String,
    inbox: InboxId,
    inbox_name: String,
    channel: Channel,
}

/// The conversations in which somebody said this.
pub async fn find(store: &Store, account: AccountId, said: &str) -> Result<Vec<i64>> {
    let ids = sqlx::query_scalar!(
        "select distinct conversation_id from messages
         where account_id = $1 and kind in ('incoming', 'outgoing') and content ilike $2
           and id >= coalesce((select id from messages where account_id = $1 order by id desc offset $3 limit 1), 0)",
        account.0,
        containing(said),
        SEARCHED,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ids)
}

/// A pattern of texts that contain this one, in which nothing stands for anything else.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// These conversations, in their order, with at most so many messages each that say a text.
pub async fn list(
    store: &Store,
    account: AccountId,
    ids: &[ConversationId],
    (said, limit): (&str, i64),
) -> Result<Vec<Found>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"select c.id as "id: ConversationId", c.uuid, c.created_at, ct.id as "contact: ContactId", ct.name as contact_name,
                  i.id as "inbox: InboxId", i.name as inbox_name, i.channel as "channel: Channel"
           from unnest($2::bigint[]) with ordinality as f(id, place)
           join conversations c on c.account_id = $1 and c.id = f.id
           join contacts ct on ct.account_id = c.account_id and ct.id = c.contact_id
           join inboxes i on i.account_id = c.account_id and i.id = c.inbox_id
           order by f.place"#,
        account.0,
        &ids,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let said = containing(said);
    let messages = messages::list_like(store, account, &ids, (&said, limit)).await?;
    let mut by_conversation: HashMap<ConversationId, Vec<Message>> = HashMap::new();
    for message in messages {
        let of_its = by_conversation.entry(message.conversation).or_default();
        of_its.push(message);
    }
    let found = rows.into_iter().map(|row| Found {
        messages: by_conversation.remove(&row.id).unwrap_or_default(),
        id: row.id,
        uuid: row.uuid,
        created_at: row.created_at,
        contact: row.contact,
        contact_name: row.contact_name,
        inbox: row.inbox,
        inbox_name: row.inbox_name,
        channel: row.channel,
    });
    Ok(found.collect())
}
