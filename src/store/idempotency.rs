//! Writes that their client named, so that a repeat is answered and not done again.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::{Error, Result, Store};
use crate::model::AccountId;

/// The name that a client gave a write, and what it asked for.
#[derive(Debug, Clone)]
pub struct Once {
    api: &'static str,
    key: String,
    request_sha256: [u8; 32],
}

impl Once {
    /// A write of one API: its key, and the request (method, path and body) that a repeat must equal.
    pub fn new(api: &'static str, key: String, request: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in request {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self {
            api,
            key,
            request_sha256: digest.finalize().into(),
        }
    }

    /// The same name for another write that the same request asks for.
    pub fn beside(&self, api: &'static str) -> Self {
        Self {
            api,
            ..self.clone()
        }
    }

    /// The API and the name that the client gave.
    pub fn name(&self) -> (&'static str, &str) {
        (self.api, &self.key)
    }
}

impl Store {
    /// Like `write`; a repeat of a named write gets the first one's outcome, ids that the caller reads again.
    ///
    /// Two at once: the second waits on the first one's row, then finds its outcome.
    pub(super) async fn write_once<T, F>(
        &self,
        account: AccountId,
        once: Option<Once>,
        now: DateTime<Utc>,
        operation: F,
    ) -> Result<T>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let Some(once) = once else {
            return self.write(operation).await;
        };
        self.write(move |conn| {
            Box::pin(async move {
                if let Some(outcome) = begin(conn, account, &once, now).await? {
                    return Ok(serde_json::from_value(outcome)?);
                }
                let outcome = operation(conn).await?;
                finish(conn, account, &once, serde_json::to_value(&outcome)?).await?;
                Ok(outcome)
            })
        })
        .await
    }
}

/// The outcome of the write that this one repeats, if it does: to answer a repeat that would be refused by now.
pub async fn find_outcome<T: DeserializeOwned>(
    store: &Store,
    account: AccountId,
    once: &Once,
) -> Result<Option<T>> {
    let mut conn = store.read().await?;
    match find(&mut conn, account, once).await? {
        Some(outcome) => Ok(Some(serde_json::from_value(outcome)?)),
        None => Ok(None),
    }
}

/// Forgets at most so many of the writes that were named before a moment, of all accounts; how many it forgot.
pub async fn forget_outcomes(store: &Store, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let forgotten = sqlx::query!(
                    "delete from idempotency_keys where (account_id, api, key) in (
                         select account_id, api, key from idempotency_keys
                         where created_at < $1 order by created_at limit $2 for update skip locked)",
                    before,
                    limit,
                )
                .execute(conn)
                .await?;
                Ok(forgotten.rows_affected())
            })
        })
        .await
}

/// Takes the key; if it was taken before, gives the outcome of that time.
async fn begin(
    conn: &mut PgConnection,
    account: AccountId,
    once: &Once,
    now: DateTime<Utc>,
) -> Result<Option<serde_json::Value>> {
    let taken = sqlx::query!(
        "insert into idempotency_keys (account_id, api, key, request_sha256, created_at)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        account.0,
        once.api,
        once.key,
        &once.request_sha256,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    find(conn, account, once).await
}

async fn find(
    conn: &mut PgConnection,
    account: AccountId,
    once: &Once,
) -> Result<Option<serde_json::Value>> {
    let first = sqlx::query!(
        "select request_sha256, outcome from idempotency_keys where account_id = $1 and api = $2 and key = $3",
        account.0,
        once.api,
        once.key,
    )
    .fetch_optional(conn)
    .await?;
    match first {
        Some(first) if first.request_sha256 != once.request_sha256 => Err(Error::KeyReused),
        first => Ok(first.map(|first| first.outcome)),
    }
}

async fn finish(
    conn: &mut PgConnection,
    account: AccountId,
    once: &Once,
    outcome: serde_json::Value,
) -> Result<()> {
    sqlx::query!(
        "update idempotency_keys set outcome = $4 where account_id = $1 and api = $2 and key = $3",
        account.0,
        once.api,
        once.key,
        outcome,
    )
    .execute(conn)
    .await?;
    Ok(())
}
