//! When the lists were last changed that clients keep a copy of: they ask for one again when its key is another.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::signals::{self, Signal};
use super::{Result, Store};
use crate::model::AccountId;

/// A list that clients keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Labels,
    Inboxes,
    Teams,
}

impl List {
    fn as_str(self) -> &'static str {
        match self {
            Self::Labels => "label",
            Self::Inboxes => "inbox",
            Self::Teams => "team",
        }
    }
}

/// When each list was last changed; `None` if it never was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheKeys {
    /// The labels.
    pub labels: Option<DateTime<Utc>>,
    /// The inboxes.
    pub inboxes: Option<DateTime<Utc>>,
    /// The teams.
    pub teams: Option<DateTime<Utc>>,
}

/// The account's keys.
pub async fn get(store: &Store, account: AccountId) -> Result<CacheKeys> {
    let keys = sqlx::query_as!(
        CacheKeys,
        "select max(changed_at) filter (where list = 'label') as labels,
                max(changed_at) filter (where list = 'inbox') as inboxes,
                max(changed_at) filter (where list = 'team') as teams
         from cache_keys where account_id = $1",
        account.0,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(keys)
}

/// Notes that a list was changed, and tells those who are connected. Two changes at one moment have two keys.
pub(super) async fn touch(
    conn: &mut PgConnection,
    account: AccountId,
    list: List,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into cache_keys (account_id, list, changed_at) values ($1, $2, $3)
         on conflict (account_id, list) do update
         set changed_at = greatest(excluded.changed_at, cache_keys.changed_at + interval '1 microsecond')",
        account.0,
        list.as_str(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    signals::tell(conn, account, Signal::ListsChanged, now).await
}
