//! The people outside, and their ways into inboxes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::contact_search::{self, Searched};
use super::groups::Groups;
use super::lookups::{self, Asked, Lookup};
use super::{Error, Noun, Once, Result, Store, events, inboxes};
use crate::model::{
    AccountId, Attributes, Contact, ContactId, ContactInbox, ContactInboxId, EventKind, InboxId,
};

/// A contact to make.
#[derive(Debug, Clone, Default)]
pub struct NewContact {
    /// Name, or empty.
    pub name: String,
    /// Lower-case e-mail address.
    pub email: Option<String>,
    /// E.164 phone number.
    pub phone_number: Option<String>,
    /// The id another system knows the contact by.
    pub identifier: Option<String>,
    /// Picture, or empty.
    pub avatar_url: String,
    /// Whether what the contact says is put aside.
    pub blocked: bool,
    /// Where the contact came from, or empty.
    pub ip_address: String,
    /// What the server found out.
    pub additional_attributes: Attributes,
    /// What the account keeps.
    pub custom_attributes: Attributes,
}

/// A way into an inbox to make with a contact.
#[derive(Debug, Clone)]
pub struct NewContactInbox {
    /// Into where.
    pub inbox: InboxId,
    /// The contact's id in the channel; a random one if nobody has one.
    pub source_id: Option<String>,
}

macro_rules! contacts {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Contact,
            r#"select account_id as "account: AccountId", id as "id: ContactId", name, email, phone_number, identifier,
                      avatar_url, blocked,
                      exists (select from contact_presences p
                              where p.account_id = contacts.account_id and p.contact_id = contacts.id) as "is_present!",
                      is_test, ip_address,
                      additional_attributes, custom_attributes, campaign, last_activity_at, last_login_at, row_version,
                      created_at, updated_at
               from contacts "# + $tail
            $(, $arg)*
        )
    };
}
pub(super) use contacts;

macro_rules! contact_inboxes {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            ContactInbox,
            r#"select id as "id: ContactInboxId", contact_id as "contact: ContactId", inbox_id as "inbox: InboxId",
                      source_id, pubsub_token, hmac_verified, created_at, updated_at
               from contact_inboxes "# + $tail
            $(, $arg)*
        )
    };
}
pub(super) use contact_inboxes;

/// Makes a contact, and its way into an inbox if one is asked for: both or neither.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewContact,
    way: Option<NewContactInbox>,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<(Contact, Option<ContactInbox>)> {
    let (contact, way): (i64, Option<i64>) = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let contact = insert(conn, account, new, now).await?;
                let way = match way {
                    Some(way) => {
                        let source_id = way.source_id.unwrap_or_else(|| Uuid::new_v4().to_string());
                        require_inbox(conn, account, way.inbox).await?;
                        Some(insert_way(conn, account, contact, way.inbox, &source_id, now).await?)
                    }
                    None => None,
                };
                let event = events::NewEvent::of_contact(EventKind::ContactCreated, contact);
                events::append(conn, account, event, now).await?;
                Ok((contact.0, way.map(|id| id.0)))
            })
        })
        .await?;
    let way = match way {
        Some(id) => Some(get_way(store, account, ContactInboxId(id)).await?),
        None => None,
    };
    Ok((get(store, account, ContactId(contact)).await?, way))
}

/// The contact.
pub async fn get(store: &Store, account: AccountId, id: ContactId) -> Result<Contact> {
    let found = lookups::find(store, account, id.0).await?;
    found.ok_or(Error::NotFound(Noun::Contact))
}

impl Lookup for Contact {
    type Id = i64;

    fn asked(store: &Store) -> &Groups<Asked<Self>> {
        &store.contacts
    }

    fn place(&self) -> (AccountId, i64) {
        (self.account, self.id.0)
    }

    async fn find_all(store: &Store, accounts: &[i64], ids: &[i64]) -> Result<Vec<Self>> {
        let found = contacts!(
            "where (account_id, id) in (select * from unnest($1::bigint[], $2::bigint[]))",
            accounts,
            ids,
        )
        .fetch_all(&mut *store.read().await?)
        .await?;
        Ok(found)
    }
}

/// Contacts by their ids, in no order.
pub async fn list_by_ids(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<Contact>> {
    let contacts = contacts!("where account_id = $1 and id = any ($2)", account.0, ids)
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(contacts)
}

/// Contacts by their ids, in the order of the ids; those that are not there are left out.
pub async fn list_in_order(
    store: &Store,
    account: AccountId,
    ids: &[ContactId],
) -> Result<Vec<Contact>> {
    let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let found = list_by_ids(store, account, &numbers).await?;
    let mut found: HashMap<ContactId, Contact> = found
        .into_iter()
        .map(|contact| (contact.id, contact))
        .collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The contact with a lower-case e-mail address.
pub async fn find_by_email(
    store: &Store,
    account: AccountId,
    email: &str,
) -> Result<Option<Contact>> {
    let contact = contacts!("where account_id = $1 and email = $2", account.0, email)
        .fetch_optional(&mut *store.read().await?)
        .await?;
    Ok(contact)
}

/// A way into an inbox.
pub async fn get_way(
    store: &Store,
    account: AccountId,
    id: ContactInboxId,
) -> Result<ContactInbox> {
    contact_inboxes!("where account_id = $1 and id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::ContactInbox))
}

/// A contact's ways into inboxes, oldest first.
pub async fn list_ways(
    store: &Store,
    account: AccountId,
    contact: ContactId,
) -> Result<Vec<ContactInbox>> {
    let ways = contact_inboxes!(
        "where account_id = $1 and contact_id = $2 order by id limit 1000",
        account.0,
        contact.0
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ways)
}

/// The ways in that carry a source id, oldest first: a channel's id may be the same in several inboxes.
pub async fn list_ways_by_source_id(
    store: &Store,
    account: AccountId,
    source_id: &str,
) -> Result<Vec<ContactInbox>> {
    let ways = contact_inboxes!(
        "where account_id = $1 and source_id = $2 order by id limit 1000",
        account.0,
        source_id
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ways)
}

/// Makes a contact. Its event is the caller's to append.
pub(super) async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    new: NewContact,
    now: DateTime<Utc>,
) -> Result<ContactId> {
    let id = sqlx::query_scalar!(
        r#"insert into contacts (account_id, name, email, phone_number, identifier, avatar_url, blocked, ip_address,
                                 additional_attributes, custom_attributes, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) returning id as "id: ContactId""#,
        account.0,
        &new.name,
        new.email.as_deref(),
        new.phone_number.as_deref(),
        new.identifier.as_deref(),
        new.avatar_url,
        new.blocked,
        new.ip_address,
        serde_json::Value::from(new.additional_attributes),
        serde_json::Value::from(new.custom_attributes),
        now,
    )
    .fetch_one(&mut *conn)
    .await?;
    let searched = Searched {
        id: id.0,
        name: &new.name,
        email: new.email.as_deref(),
        phone_number: new.phone_number.as_deref(),
        identifier: new.identifier.as_deref(),
        created_at: now,
    };
    contact_search::put(conn, account, &[searched]).await?;
    Ok(id)
}

/// Makes a way into an inbox.
pub(super) async fn insert_way(
    conn: &mut PgConnection,
    account: AccountId,
    contact: ContactId,
    inbox: InboxId,
    source_id: &str,
    now: DateTime<Utc>,
) -> Result<ContactInboxId> {
    let id = sqlx::query_scalar!(
        r#"insert into contact_inboxes (account_id, contact_id, inbox_id, source_id, pubsub_token, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $6) returning id as "id: ContactInboxId""#,
        account.0,
        contact.0,
        inbox.0,
        source_id,
        inboxes::token(),
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(id)
}

/// The contact's oldest way into an inbox, made with a random source id if there is none.
pub(super) async fn ensure_way(
    conn: &mut PgConnection,
    account: AccountId,
    contact: ContactId,
    inbox: InboxId,
    now: DateTime<Utc>,
) -> Result<ContactInboxId> {
    let found = sqlx::query_scalar!(
        r#"select id as "id: ContactInboxId" from contact_inboxes
           where account_id = $1 and contact_id = $2 and inbox_id = $3 order by id limit 1"#,
        account.0,
        contact.0,
        inbox.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match found {
        Some(id) => Ok(id),
        None => {
            let source_id = Uuid::new_v4().to_string();
            insert_way(conn, account, contact, inbox, &source_id, now).await
        }
    }
}

/// Notes that the contact did something. `login` when it started a chat.
pub(super) async fn touch(
    conn: &mut PgConnection,
    account: AccountId,
    contact: ContactId,
    login: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update contacts set last_activity_at = greatest(last_activity_at, $4),
                last_login_at = case when $3 then $4 else last_login_at end,
                row_version = row_version + 1, updated_at = $4
         where account_id = $1 and id = $2",
        account.0,
        contact.0,
        login,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn require_inbox(conn: &mut PgConnection, account: AccountId, inbox: InboxId) -> Result<()> {
    sqlx::query_scalar!(
        "select id from inboxes where account_id = $1 and id = $2 and removed_at is null",
        account.0,
        inbox.0,
    )
    .fetch_optional(conn)
    .await?
    .map(drop)
    .ok_or(Error::NotFound(Noun::Inbox))
}
