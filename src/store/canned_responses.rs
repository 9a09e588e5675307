//! Answers that agents keep at hand.

use chrono::{DateTime, Utc};

use super::{Error, Noun, Once, Result, Store, require};
use crate::model::{AccountId, CannedResponse, CannedResponseId};

/// What to change of a canned response; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct CannedResponsePatch {
    /// What an agent types to get it.
    pub short_code: Option<String>,
    /// The answer.
    pub content: Option<String>,
}

macro_rules! canned_responses {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            CannedResponse,
            r#"select id as "id: CannedResponseId", short_code, content, created_at, updated_at from canned_responses "# + $tail
            $(, $arg)*
        )
    };
}

/// Keeps an answer under a short code.
pub async fn create(
    store: &Store,
    account: AccountId,
    (short_code, content): (String, String),
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<CannedResponse> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                Ok(sqlx::query_scalar!(
                    "insert into canned_responses (account_id, short_code, content, created_at, updated_at)
                     values ($1, $2, $3, $4, $4) returning id",
                    account.0,
                    short_code,
                    content,
                    now,
                )
                .fetch_one(conn)
                .await?)
            })
        })
        .await?;
    get(store, account, CannedResponseId(id)).await
}

/// The canned response.
pub async fn get(
    store: &Store,
    account: AccountId,
    id: CannedResponseId,
) -> Result<CannedResponse> {
    canned_responses!("where account_id = $1 and id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::CannedResponse))
}

/// The account's canned responses, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<CannedResponse>> {
    let found = canned_responses!("where account_id = $1 order by id limit 10000", account.0)
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(found)
}

/// Those that hold a text, whatever its case: first those whose short code begins with it, then those whose short code
/// has it elsewhere, then the others.
pub async fn search(store: &Store, account: AccountId, text: &str) -> Result<Vec<CannedResponse>> {
    let found = canned_responses!(
        "where account_id = $1
           and (strpos(lower(short_code), lower($2)) > 0 or strpos(lower(content), lower($2)) > 0)
         order by case strpos(lower(short_code), lower($2)) when 1 then 0 when 0 then 2 else 1 end, id limit 10000",
        account.0,
        text,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(found)
}

/// Changes a canned response.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: CannedResponseId,
    patch: CannedResponsePatch,
    now: DateTime<Utc>,
) -> Result<CannedResponse> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query_as!(
                    CannedResponse,
                    r#"update canned_responses
                       set short_code = coalesce($3, short_code), content = coalesce($4, content), updated_at = $5
                       where account_id = $1 and id = $2
                       returning id as "id: CannedResponseId", short_code, content, created_at, updated_at"#,
                    account.0,
                    id.0,
                    patch.short_code,
                    patch.content,
                    now,
                )
                .fetch_optional(conn)
                .await?
                .ok_or(Error::NotFound(Noun::CannedResponse))
            })
        })
        .await
}

/// Deletes a canned response.
pub async fn delete(store: &Store, account: AccountId, id: CannedResponseId) -> Result<()> {
    let deleted = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "delete from canned_responses where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(deleted, Noun::CannedResponse)
}
