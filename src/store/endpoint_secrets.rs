//! The secrets with which what goes to endpoints is signed, and changing them while both sides go on.

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::{Error, Noun, Result, Store, endpoints};
use crate::model::{AccountId, EndpointId};

/// What signs deliveries to an endpoint.
#[derive(Debug)]
pub struct Secrets {
    /// The one to check signatures with from now on.
    pub current: SecretString,
    /// The one before, as long as it signs too.
    pub previous: Option<Previous>,
}

/// A secret on its way out.
#[derive(Debug)]
pub struct Previous {
    /// The secret.
    pub secret: SecretString,
    /// It signs until then.
    pub until: DateTime<Utc>,
}

/// An endpoint's secrets.
pub async fn get(
    store: &Store,
    account: AccountId,
    id: EndpointId,
    now: DateTime<Utc>,
) -> Result<Secrets> {
    let row = sqlx::query!(
        "select secret_sealed, previous_secret_sealed, previous_secret_until
         from endpoints where account_id = $1 and id = $2 and not is_shared and disabled_reason is distinct from 'removed'",
        account.0,
        id.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?
    .ok_or(Error::NotFound(Noun::Endpoint))?;
    let open = |sealed: &[u8]| endpoints::open_secret(store.vault(), sealed);
    let previous = match (row.previous_secret_sealed, row.previous_secret_until) {
        (Some(sealed), Some(until)) if until > now => Some(Previous {
            secret: open(&sealed)?,
            until,
        }),
        _ => None,
    };
    Ok(Secrets {
        current: open(&row.secret_sealed)?,
        previous,
    })
}

/// Gives an endpoint a new secret. The one it had signs beside it until then; one from an earlier change no longer.
pub async fn rotate(
    store: &Store,
    account: AccountId,
    id: EndpointId,
    previous_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Secrets> {
    let sealed = endpoints::new_secret(store.vault());
    let keep = previous_until > now;
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                let done = sqlx::query!(
                    "update endpoints
                     set previous_secret_sealed = case when $4 then secret_sealed end,
                         previous_secret_until = case when $4 then $5::timestamptz end,
                         secret_sealed = $3, updated_at = $6
                     where account_id = $1 and id = $2 and not is_shared and disabled_reason is distinct from 'removed'",
                    account.0,
                    id.0,
                    sealed,
                    keep,
                    previous_until,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(done.rows_affected())
            })
        })
        .await?;
    if changed == 0 {
        return Err(Error::NotFound(Noun::Endpoint));
    }
    get(store, account, id, now).await
}
