//! Rows whose ids are agreed beforehand, for sample data that documents and tests can name.

use chrono::{DateTime, Utc};

use super::{Result, Store};
use crate::model::{AccountId, BotId};

/// Makes the account with this id and tells whether it did: false, and nothing changed, if there is one already.
///
/// Ids count up by themselves, and a count knows nothing of ids that it did not give. So the count of accounts is moved
/// past this one, or the next account that anybody makes would fail for having the same id. A count never goes back:
/// two who make accounts meanwhile may leave a gap, which is no harm.
pub async fn create_account(
    store: &Store,
    id: AccountId,
    name: String,
    now: DateTime<Utc>,
) -> Result<bool> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let made = sqlx::query!(
                    "insert into accounts (id, name, created_at, updated_at) values ($1, $2, $3, $3) on conflict do nothing",
                    id.0,
                    name,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                if made.rows_affected() == 0 {
                    return Ok(false);
                }
                sqlx::query!("insert into conversation_counters (account_id) values ($1)", id.0)
                    .execute(&mut *conn)
                    .await?;
                sqlx::query!(
                    "select setval(pg_get_serial_sequence('accounts', 'id'),
                                   greatest($1, nextval(pg_get_serial_sequence('accounts', 'id')) - 1, 1))",
                    id.0,
                )
                .fetch_one(conn)
                .await?;
                Ok(true)
            })
        })
        .await
}

/// Makes the bot with this id and tells whether it did. The count of bots is moved past it, as that of accounts is.
pub async fn create_bot(
    store: &Store,
    account: AccountId,
    id: BotId,
    name: String,
    now: DateTime<Utc>,
) -> Result<bool> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let made = sqlx::query!(
                    "insert into bots (account_id, id, name, created_at, updated_at) values ($1, $2, $3, $4, $4)
                     on conflict do nothing",
                    account.0,
                    id.0,
                    name,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                if made.rows_affected() == 0 {
                    return Ok(false);
                }
                sqlx::query!(
                    "select setval(pg_get_serial_sequence('bots', 'id'),
                                   greatest($1, nextval(pg_get_serial_sequence('bots', 'id')) - 1, 1))",
                    id.0,
                )
                .fetch_one(conn)
                .await?;
                Ok(true)
            })
        })
        .await
}
