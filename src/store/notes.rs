//! What agents write down about contacts.

use chrono::{DateTime, Utc};

use super::{Error, Noun, Once, Result, Store, require};
use crate::model::{AccountId, AgentId, ContactId, Note, NoteId};

macro_rules! notes {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Note,
            r#"select id as "id: NoteId", contact_id as "contact: ContactId", agent_id as "author: AgentId", content,
                      created_at, updated_at
               from notes "# + $tail
            $(, $arg)*
        )
    };
}

/// How many notes of a contact are listed.
const LISTED: i64 = 1000;

/// Writes a note down.
pub async fn create(
    store: &Store,
    account: AccountId,
    (contact, author): (ContactId, AgentId),
    content: String,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Note> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    "insert into notes (account_id, contact_id, agent_id, content, created_at, updated_at)
                     values ($1, $2, $3, $4, $5, $5) returning id",
                    account.0,
                    contact.0,
                    author.0,
                    content,
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(id)
            })
        })
        .await?;
    get(store, account, contact, NoteId(id)).await
}

/// A contact's note.
pub async fn get(
    store: &Store,
    account: AccountId,
    contact: ContactId,
    id: NoteId,
) -> Result<Note> {
    notes!(
        "where account_id = $1 and contact_id = $2 and id = $3",
        account.0,
        contact.0,
        id.0
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Note))
}

/// A contact's notes, newest first.
pub async fn list(store: &Store, account: AccountId, contact: ContactId) -> Result<Vec<Note>> {
    let notes = notes!(
        "where account_id = $1 and contact_id = $2 order by id desc limit $3",
        account.0,
        contact.0,
        LISTED
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(notes)
}

/// Changes what a note says.
pub async fn update(
    store: &Store,
    account: AccountId,
    (contact, id): (ContactId, NoteId),
    content: String,
    now: DateTime<Utc>,
) -> Result<Note> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "update notes set content = $4, updated_at = $5
                     where account_id = $1 and contact_id = $2 and id = $3",
                    account.0,
                    contact.0,
                    id.0,
                    content,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await?;
    get(store, account, contact, id).await
}

/// Deletes a note.
pub async fn delete(
    store: &Store,
    account: AccountId,
    contact: ContactId,
    id: NoteId,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let deleted = sqlx::query!(
                    "delete from notes where account_id = $1 and contact_id = $2 and id = $3",
                    account.0,
                    contact.0,
                    id.0,
                )
                .execute(conn)
                .await?;
                require::changed(deleted.rows_affected(), Noun::Note)
            })
        })
        .await
}
