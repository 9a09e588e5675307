//! Files that are kept here: from before their first byte comes in until their last is removed.
//!
//! A row comes first, then the bytes, then what was found in them; a message or somebody's picture begins to use the
//! file in its own transaction. Whatever ends early leaves a row that nothing uses, and those are removed with their bytes.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Error, Noun, Result, Store, require};
use crate::files::Found;
use crate::model::{AccountId, Blob, BlobId, FileType};

/// A file that is still coming in.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Whose.
    pub account: AccountId,
    /// Its id.
    pub id: BlobId,
    /// The last part of its place in the storage.
    pub key: String,
}

/// A file that nobody will ever ask for again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Whose.
    pub account: AccountId,
    /// Its id.
    pub id: BlobId,
    /// The last part of its place in the storage.
    pub key: String,
}

impl Begun {
    /// Its place in the storage.
    pub fn place(&self) -> String {
        Blob::place_of(self.account, &self.key)
    }
}

impl Unused {
    /// Its place in the storage.
    pub fn place(&self) -> String {
        Blob::place_of(self.account, &self.key)
    }
}

macro_rules! blobs {
    ($query:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Blob,
            r#"select account_id as "account: AccountId", id as "id: BlobId", key, name, media_type as "media_type!",
                      file_type as "file_type!: FileType", size_bytes as "size_bytes!", sha256 as "sha256!", width, height,
                      has_thumb, public
               from blobs where account_id = $1 and media_type is not null and not deleted and "# + $query
            $(, $arg)*
        )
    };
}

/// Says that a file is coming in. It is removed if nothing uses it at `unused_until`.
pub async fn begin(
    store: &Store,
    account: AccountId,
    name: String,
    unused_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Begun> {
    let key = hex::encode(rand::random::<[u8; 16]>());
    let begun = Begun {
        account,
        id: BlobId(0),
        key,
    };
    store
        .write(move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    r#"insert into blobs (account_id, key, name, unused_until, created_at)
                       values ($1, $2, $3, $4, $5) returning id as "id: BlobId""#,
                    account.0,
                    begun.key,
                    name,
                    unused_until,
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(Begun { id, ..begun })
            })
        })
        .await
}

/// Says what a file turned out to be, once all of it is in the storage.
pub async fn finish(store: &Store, account: AccountId, id: BlobId, found: Found) -> Result<Blob> {
    let size_bytes = i64::try_from(found.size_bytes).unwrap_or(i64::MAX);
    store
        .write(move |conn| {
            Box::pin(async move {
                let finished = sqlx::query!(
                    "update blobs set media_type = $3, file_type = $4, size_bytes = $5, sha256 = $6, width = $7,
                            height = $8, has_thumb = $9
                     where account_id = $1 and id = $2 and media_type is null and not deleted",
                    account.0,
                    id.0,
                    found.media_type,
                    found.file_type.as_str(),
                    size_bytes,
                    &found.sha256[..],
                    found.dimensions.map(|(width, _)| i64::from(width)),
                    found.dimensions.map(|(_, height)| i64::from(height)),
                    found.has_thumb,
                )
                .execute(conn)
                .await?;
                require::changed(finished.rows_affected(), Noun::File)
            })
        })
        .await?;
    get(store, account, id).await
}

/// The file, if all of it is there and it is not removed.
pub async fn get(store: &Store, account: AccountId, id: BlobId) -> Result<Blob> {
    blobs!("id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::File))
}

/// Begins to use files: they are kept from now on. One that is gone or not complete cannot be used.
pub(super) async fn keep(conn: &mut PgConnection, account: AccountId, ids: &[i64]) -> Result<()> {
    let kept = sqlx::query!(
        "update blobs set unused_until = null
         where account_id = $1 and id = any ($2) and media_type is not null and not deleted",
        account.0,
        ids,
    )
    .execute(conn)
    .await?;
    let wanted = ids.iter().collect::<std::collections::HashSet<_>>().len();
    if kept.rows_affected() != wanted as u64 {
        return Err(Error::NotFound(Noun::File));
    }
    Ok(())
}

/// Ends the use of files: those that nothing else uses are shown to nobody any more, and removed soon.
pub(super) async fn release(
    conn: &mut PgConnection,
    account: AccountId,
    ids: &[i64],
    now: DateTime<Utc>,
) -> Result<()> {
    // Whoever attaches one of them at this moment holds its row, or finds it deleted.
    sqlx::query!(
        "select id from blobs where account_id = $1 and id = any ($2) order by id for update",
        account.0,
        ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "update blobs b set deleted = true, unused_until = $3
         where account_id = $1 and id = any ($2)
           and not exists (select 1 from attachments a where a.account_id = $1 and a.blob_id = b.id)",
        account.0,
        ids,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes files of all accounts that nothing uses, at most so many, to remove their bytes: nothing can use them any more.
/// Whoever takes them and dies is succeeded at `again_at`.
pub async fn take_unused(
    store: &Store,
    limit: i64,
    again_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Unused>> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let taken = sqlx::query_as!(
                    Unused,
                    r#"update blobs set deleted = true, unused_until = $3
                       where (account_id, id) in (
                           select account_id, id from blobs where unused_until <= $1
                           order by unused_until limit $2 for update skip locked)
                       returning account_id as "account: AccountId", id as "id: BlobId", key"#,
                    now,
                    limit,
                    again_at,
                )
                .fetch_all(conn)
                .await?;
                Ok(taken)
            })
        })
        .await
}

/// Forgets a file whose bytes are removed.
pub async fn forget(store: &Store, account: AccountId, id: BlobId) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "delete from blobs where account_id = $1 and id = $2 and deleted",
                    account.0,
                    id.0,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}
