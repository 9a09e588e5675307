//! Messages that answer another one of their conversation.

use crate::model::{AccountId, ConversationId, MessageId};
use crate::store::{Result, Store};

/// By which of its two ids a message names the one that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyTo {
    /// Its own.
    Id(MessageId),
    /// The one that another system gave it.
    SourceId(String),
}

/// Both ids of the message that is answered, if it is of this conversation.
pub async fn find_replied(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    to: &ReplyTo,
) -> Result<Option<(MessageId, Option<String>)>> {
    let (id, source_id) = match to {
        ReplyTo::Id(id) => (Some(id.0), None),
        ReplyTo::SourceId(source_id) => (None, Some(source_id)),
    };
    let found = sqlx::query!(
        r#"select id as "id: MessageId", source_id from messages
           where account_id = $1 and conversation_id = $2 and (id = $3 or source_id = $4) order by id limit 1"#,
        account.0,
        conversation.0,
        id,
        source_id,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(found.map(|row| (row.id, row.source_id)))
}
