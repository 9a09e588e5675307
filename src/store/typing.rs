//! Who is writing just now: told to those who want to know, and kept nowhere else.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::messages::From;
use super::signals::{self, Signal};
use super::{Error, Noun, Result, Store, events};
use crate::model::{AccountId, ConversationId, EventKind};

/// Tells that somebody began to write in a conversation, or stopped. `private` when it is a note among agents.
///
/// Whoever is connected hears of it by a signal. Nothing is written where no endpoint hears of it: people type much.
pub async fn tell(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    typing: Typing,
    now: DateTime<Utc>,
) -> Result<()> {
    let heard = is_heard(store, account, conversation, typing.kind(), now).await?;
    if !heard.by_endpoint && !heard.by_connection {
        return Ok(());
    }
    store
        .write(move |conn| {
            Box::pin(async move {
                if heard.by_endpoint {
                    append(conn, account, conversation, typing, now).await?;
                }
                let signal = Signal::Typing {
                    conversation,
                    typing,
                };
                signals::tell(conn, account, signal, now).await
            })
        })
        .await
}

async fn append(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    typing: Typing,
    now: DateTime<Utc>,
) -> Result<()> {
    let by = describe(conn, account, typing.by).await?;
    let detail = json!({"by": by, "private": typing.private});
    let event = events::NewEvent::of_conversation(typing.kind(), conversation).telling(&detail);
    events::append(conn, account, event, now).await
}

/// Whether anybody hears of it.
struct Heard {
    by_endpoint: bool,
    by_connection: bool,
}

/// What there is to tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typing {
    /// Who writes; the system never does.
    pub by: From,
    /// Whether they write now, or have stopped.
    pub on: bool,
    /// Whether it becomes a note among agents.
    pub private: bool,
}

impl Typing {
    fn kind(self) -> EventKind {
        if self.on {
            EventKind::ConversationTypingOn
        } else {
            EventKind::ConversationTypingOff
        }
    }
}

async fn is_heard(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    kind: EventKind,
    now: DateTime<Utc>,
) -> Result<Heard> {
    sqlx::query_as!(
        Heard,
        r#"select exists (
               select from endpoints p
               where p.account_id = c.account_id and p.disabled_at is null and $3 = any (p.subscriptions)
                 and (p.kind = 'account' or p.kind = 'inbox' and p.inbox_id = c.inbox_id)) as "by_endpoint!",
             exists (
               select from event_feeds f where f.account_id = c.account_id and f.watched_until > $4) as "by_connection!"
           from conversations c where c.account_id = $1 and c.id = $2"#,
        account.0,
        conversation.0,
        kind.as_str(),
        now,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Conversation))
}

async fn describe(conn: &mut PgConnection, account: AccountId, by: From) -> Result<Value> {
    let described = match by {
        From::Contact => Some(json!({"kind": "contact"})),
        From::Agent(id) => sqlx::query!(
            "select u.name, u.email from agents a join users u on u.id = a.id
             where a.account_id = $1 and a.id = $2",
            account.0,
            id.0,
        )
        .fetch_optional(conn)
        .await?
        .map(|row| json!({"kind": "agent", "id": id.0, "name": row.name, "email": row.email})),
        From::Bot(id) => sqlx::query!(
            "select name from bots where account_id = $1 and id = $2",
            account.0,
            id.0,
        )
        .fetch_optional(conn)
        .await?
        .map(|row| json!({"kind": "bot", "id": id.0, "name": row.name})),
        From::System => None,
    };
    described.ok_or(Error::NotFound(Noun::Agent))
}
