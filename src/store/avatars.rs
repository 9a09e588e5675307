//! Pictures of people, bots and inboxes. Their URL is for ever: it is kept where it is shown, and opens the small form of
//! the picture by random bits. An older picture is removed when another takes its place.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{Error, Noun, Result, Store, events, inbox_events, inbox_settings, require};
use crate::model::{AccountId, AgentId, BlobId, BotId, ContactId, EventKind, InboxId};

/// Who or what is in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A contact.
    Contact(ContactId),
    /// An agent, in all of the agent's accounts.
    Agent(AgentId),
    /// A bot.
    Bot(BotId),
    /// An inbox.
    Inbox(InboxId),
}

impl Whose {
    fn key(self) -> (&'static str, i64) {
        match self {
            Self::Contact(id) => ("contact", id.0),
            Self::Agent(id) => ("agent", id.0),
            Self::Bot(id) => ("bot", id.0),
            Self::Inbox(id) => ("inbox", id.0),
        }
    }
}

/// Puts an uploaded image in the place of a picture, or nothing, also where the picture was somewhere else.
pub async fn set(
    store: &Store,
    account: AccountId,
    whose: Whose,
    picture: Option<BlobId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let links = store.links().cloned();
    store
        .write(move |conn| {
            Box::pin(async move {
                retire(conn, account, whose, now).await?;
                let url = match (picture, links) {
                    (Some(id), Some(links)) => {
                        let (key, name) = keep(conn, account, whose, id).await?;
                        links.for_ever(account, id, &key, &name)
                    }
                    _ => String::new(),
                };
                show(conn, account, whose, &url, now).await
            })
        })
        .await
}

/// Whatever is there now is shown to nobody any more.
async fn retire(
    conn: &mut PgConnection,
    account: AccountId,
    whose: Whose,
    now: DateTime<Utc>,
) -> Result<()> {
    let (kind, id) = whose.key();
    sqlx::query!(
        "update blobs set deleted = true, unused_until = $4, owner_kind = null, owner_id = null
         where account_id = $1 and owner_kind = $2 and owner_id = $3",
        account.0,
        kind,
        id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn keep(
    conn: &mut PgConnection,
    account: AccountId,
    whose: Whose,
    picture: BlobId,
) -> Result<(String, String)> {
    let (kind, id) = whose.key();
    // Only one that nothing else uses, as it will be seen by everybody who has its URL.
    let kept = sqlx::query!(
        "update blobs set public = true, owner_kind = $3, owner_id = $4, unused_until = null
         where account_id = $1 and id = $2 and file_type = 'image' and not deleted and unused_until is not null
         returning key, name",
        account.0,
        picture.0,
        kind,
        id,
    )
    .fetch_optional(conn)
    .await?;
    let kept = kept.ok_or(Error::NotFound(Noun::File))?;
    Ok((kept.key, kept.name))
}

async fn show(
    conn: &mut PgConnection,
    account: AccountId,
    whose: Whose,
    url: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    match whose {
        Whose::Contact(id) => return show_contact(conn, account, id, url, now).await,
        Whose::Agent(id) => require::changed(
            sqlx::query!(
                "update users set avatar_url = $3, updated_at = $4
                 where id = $2 and exists (select 1 from agents where account_id = $1 and agents.id = $2)",
                account.0,
                id.0,
                url,
                now,
            )
            .execute(conn)
            .await?
            .rows_affected(),
            Noun::Agent,
        ),
        Whose::Bot(id) => require::changed(
            sqlx::query!(
                "update bots set avatar_url = $3, updated_at = $4 where account_id = $1 and id = $2 and shared_bot_id is null",
                account.0,
                id.0,
                url,
                now,
            )
            .execute(conn)
            .await?
            .rows_affected(),
            Noun::Bot,
        ),
        Whose::Inbox(id) => show_inbox(conn, account, id, url, now).await,
    }
}

async fn show_inbox(
    conn: &mut PgConnection,
    account: AccountId,
    id: InboxId,
    url: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    inbox_settings::lock(conn, account, id).await?;
    let before = inbox_events::snapshot(conn, account, id).await?;
    sqlx::query!(
        "update inboxes set avatar_url = $3, updated_at = $4 where account_id = $1 and id = $2",
        account.0,
        id.0,
        url,
        now,
    )
    .execute(&mut *conn)
    .await?;
    inbox_events::append_updated(conn, account, id, &before, now).await
}

async fn show_contact(
    conn: &mut PgConnection,
    account: AccountId,
    id: ContactId,
    url: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let before = sqlx::query_scalar!(
        "select avatar_url from contacts where account_id = $1 and id = $2 for update",
        account.0,
        id.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound(Noun::Contact))?;
    if before == url {
        return Ok(());
    }
    sqlx::query!(
        "update contacts set avatar_url = $3, row_version = row_version + 1, updated_at = $4
         where account_id = $1 and id = $2",
        account.0,
        id.0,
        url,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let changed = json!([{ "avatar_url": { "previous_value": before, "current_value": url } }]);
    let event = events::NewEvent::of_contact(EventKind::ContactUpdated, id).changing(&changed);
    events::append(conn, account, event, now).await
}
