//! Contacts' ways into inboxes, made and looked up by themselves.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::contacts::contact_inboxes;
use super::{Once, Result, Store, contacts, require};
use crate::model::{AccountId, ContactId, ContactInbox, ContactInboxId, InboxId};

/// A contact's way into an inbox, to make unless it is there.
#[derive(Debug, Clone)]
pub struct NewWay {
    /// Whose.
    pub contact: ContactId,
    /// Into where.
    pub inbox: InboxId,
    /// The contact's id in the channel.
    pub source_id: String,
    /// Whether the contact proved its identifier.
    pub hmac_verified: bool,
}

/// The contact's way into an inbox with this source id, made if it is not there. Somebody else's is refused.
pub async fn ensure(
    store: &Store,
    account: AccountId,
    new: NewWay,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<ContactInbox> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                require::inbox(conn, account, new.inbox).await?;
                Ok(ensure_within(conn, account, new, now).await?.0)
            })
        })
        .await?;
    contacts::get_way(store, account, ContactInboxId(id)).await
}

async fn ensure_within(
    conn: &mut PgConnection,
    account: AccountId,
    new: NewWay,
    now: DateTime<Utc>,
) -> Result<ContactInboxId> {
    let found = sqlx::query_scalar!(
        r#"select id as "id: ContactInboxId" from contact_inboxes
           where account_id = $1 and inbox_id = $2 and source_id = $3 and contact_id = $4"#,
        account.0,
        new.inbox.0,
        new.source_id,
        new.contact.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(id) = found {
        return Ok(id);
    }
    let (contact, inbox) = (new.contact, new.inbox);
    let id = contacts::insert_way(conn, account, contact, inbox, &new.source_id, now).await?;
    if new.hmac_verified {
        sqlx::query!(
            "update contact_inboxes set hmac_verified = true where account_id = $1 and id = $2",
            account.0,
            id.0,
        )
        .execute(conn)
        .await?;
    }
    Ok(id)
}

/// The way into an inbox that has this source id.
pub async fn find(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
    source_id: &str,
) -> Result<Option<ContactInbox>> {
    let way = contact_inboxes!(
        "where account_id = $1 and inbox_id = $2 and source_id = $3",
        account.0,
        inbox.0,
        source_id
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(way)
}

/// The ways of several contacts into inboxes, oldest first.
pub async fn list_of(
    store: &Store,
    account: AccountId,
    contacts: &[i64],
) -> Result<Vec<ContactInbox>> {
    let ways = contact_inboxes!(
        "where account_id = $1 and contact_id = any ($2) order by id limit 5000",
        account.0,
        contacts
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ways)
}
