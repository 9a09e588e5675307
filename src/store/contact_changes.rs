//! Changes of what is known of a contact.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::contacts::contacts;
use super::{Error, Noun, Once, Result, Store, contact_search, contacts, events};
use crate::model::{AccountId, Attributes, Contact, ContactId, EventKind};

/// What to change of a contact; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct ContactPatch {
    /// The name; empty for none.
    pub name: Option<String>,
    /// The lower-case e-mail address, or none.
    pub email: Option<Option<String>>,
    /// The E.164 phone number, or none.
    pub phone_number: Option<Option<String>>,
    /// The identifier, or none.
    pub identifier: Option<Option<String>>,
    /// The picture; empty for none.
    pub avatar_url: Option<String>,
    /// Whether what the contact says is put aside.
    pub blocked: Option<bool>,
    /// What the server found out, to be put beside what is there.
    pub additional_attributes: Option<Attributes>,
    /// What the account keeps, to be put beside what is there.
    pub custom_attributes: Option<Attributes>,
    /// Keys that the account no longer keeps.
    pub forgotten: Vec<String>,
}

/// Changes a contact. Where everything is so already, nothing happened.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: ContactId,
    patch: ContactPatch,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Contact> {
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move { change(conn, account, id, patch, now).await })
        })
        .await?;
    contacts::get(store, account, id).await
}

/// Changes a contact within a greater change.
pub(super) async fn change(
    conn: &mut PgConnection,
    account: AccountId,
    id: ContactId,
    patch: ContactPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    let before = lock(conn, account, id).await?;
    let after = patch.apply(before.clone());
    write(conn, account, (&before, &after), now).await
}

/// The contact, which nobody else changes until the transaction ends.
async fn lock(conn: &mut PgConnection, account: AccountId, id: ContactId) -> Result<Contact> {
    contacts!(
        "where account_id = $1 and id = $2 for no key update",
        account.0,
        id.0
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound(Noun::Contact))
}

/// These contacts, lowest id first, and their conversations: nothing new comes to hang on them until the transaction
/// ends. Conversations first, as whoever writes a message does.
pub(super) async fn lock_whole(
    conn: &mut PgConnection,
    account: AccountId,
    ids: &[i64],
) -> Result<Vec<Contact>> {
    sqlx::query_scalar!(
        "select id from conversations where account_id = $1 and contact_id = any ($2) order by id for update",
        account.0,
        ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    let contacts = contacts!(
        "where account_id = $1 and id = any ($2) order by id for update",
        account.0,
        ids
    )
    .fetch_all(conn)
    .await?;
    if contacts.len() == ids.len() {
        Ok(contacts)
    } else {
        Err(Error::NotFound(Noun::Contact))
    }
}

/// Writes what became of a contact, and tells of it if it is another than before.
pub(super) async fn write(
    conn: &mut PgConnection,
    account: AccountId,
    (before, after): (&Contact, &Contact),
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = differences(before, after);
    if changed.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update contacts set name = $3, email = $4, phone_number = $5, identifier = $6, avatar_url = $7, blocked = $8,
                additional_attributes = $9, custom_attributes = $10, row_version = row_version + 1, updated_at = $11
         where account_id = $1 and id = $2",
        account.0,
        after.id.0,
        after.name,
        after.email,
        after.phone_number,
        after.identifier,
        after.avatar_url,
        after.blocked,
        Value::from(after.additional_attributes.clone()),
        Value::from(after.custom_attributes.clone()),
        now,
    )
    .execute(&mut *conn)
    .await?;
    contact_search::refresh(conn, account, after.id).await?;
    let changed = Value::from(changed);
    let event = events::NewEvent::of_contact(EventKind::ContactUpdated, after.id);
    events::append(conn, account, event.changing(&changed), now).await
}

impl ContactPatch {
    fn apply(self, before: Contact) -> Contact {
        let joined = |mut kept: Attributes, new: Option<Attributes>| {
            kept.extend(new.unwrap_or_default().0);
            kept
        };
        let mut custom_attributes = joined(before.custom_attributes, self.custom_attributes);
        custom_attributes.retain(|key, _| !self.forgotten.contains(key));
        Contact {
            name: self.name.unwrap_or(before.name),
            email: self.email.unwrap_or(before.email),
            phone_number: self.phone_number.unwrap_or(before.phone_number),
            identifier: self.identifier.unwrap_or(before.identifier),
            avatar_url: self.avatar_url.unwrap_or(before.avatar_url),
            blocked: self.blocked.unwrap_or(before.blocked),
            additional_attributes: joined(before.additional_attributes, self.additional_attributes),
            custom_attributes,
            ..before
        }
    }
}

/// The fields that differ, each with what it was and what it is.
fn differences(before: &Contact, after: &Contact) -> Vec<Value> {
    let fields = |contact: &Contact| {
        [
            ("name", json!(contact.name)),
            ("email", json!(contact.email)),
            ("phone_number", json!(contact.phone_number)),
            ("identifier", json!(contact.identifier)),
            ("avatar_url", json!(contact.avatar_url)),
            ("blocked", json!(contact.blocked)),
            (
                "additional_attributes",
                Value::from(contact.additional_attributes.clone()),
            ),
            (
                "custom_attributes",
                Value::from(contact.custom_attributes.clone()),
            ),
        ]
    };
    let pairs = fields(before).into_iter().zip(fields(after));
    let differing = pairs.filter(|((_, was), (_, is))| was != is);
    differing
        .map(|((name, was), (_, is))| json!({ name: { "previous_value": was, "current_value": is } }))
        .collect()
}
