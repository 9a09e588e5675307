//! Contacts out of a file, a batch at a time.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::contact_changes::ContactPatch;
use super::contact_search::{self, Searched};
use super::contacts::NewContact;
use super::{Result, Store, contact_changes, events};
use crate::model::{AccountId, ContactId, EventKind};

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Contacts that were not there.
    pub new: usize,
    /// Contacts that were, and are now as the file says.
    pub known: usize,
}

/// Takes contacts in, all in one transaction. One that is there, by its identifier, address or number, becomes as the
/// file says. One that says of several contacts what is only one's is left out.
pub async fn import(
    store: &Store,
    account: AccountId,
    batch: Vec<NewContact>,
    now: DateTime<Utc>,
) -> Result<Imported> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let mut imported = Imported::default();
                let mut strangers = Vec::new();
                for contact in batch {
                    let known = find_known(conn, account, &contact).await?;
                    match known[..] {
                        [] => strangers.push(contact),
                        [id] => {
                            let patch = patch(contact);
                            contact_changes::change(conn, account, id, patch, now).await?;
                            imported.known += 1;
                        }
                        [_, _, ..] => {}
                    }
                }
                imported.new = insert(conn, account, &strangers, now).await?;
                Ok(imported)
            })
        })
        .await
}

/// The contacts that have this one's identifier, address or number: three at most.
async fn find_known(
    conn: &mut PgConnection,
    account: AccountId,
    contact: &NewContact,
) -> Result<Vec<ContactId>> {
    let known = sqlx::query_scalar!(
        r#"select id as "id!: ContactId" from contacts where account_id = $1 and identifier = $2
           union select id from contacts where account_id = $1 and email = $3
           union select id from contacts where account_id = $1 and phone_number = $4"#,
        account.0,
        contact.identifier.as_deref(),
        contact.email.as_deref(),
        contact.phone_number.as_deref(),
    )
    .fetch_all(conn)
    .await?;
    Ok(known)
}

/// What the file leaves empty stays.
fn patch(contact: NewContact) -> ContactPatch {
    ContactPatch {
        name: Some(contact.name).filter(|name| !name.is_empty()),
        email: contact.email.map(Some),
        phone_number: contact.phone_number.map(Some),
        identifier: contact.identifier.map(Some),
        additional_attributes: Some(contact.additional_attributes),
        custom_attributes: Some(contact.custom_attributes),
        ..ContactPatch::default()
    }
}

/// Makes contacts in one statement; what is taken meanwhile, or stands in the file twice, is left out.
async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    contacts: &[NewContact],
    now: DateTime<Utc>,
) -> Result<usize> {
    let texts = |text: fn(&NewContact) -> Option<&String>| -> Vec<Option<String>> {
        contacts
            .iter()
            .map(|contact| text(contact).cloned())
            .collect()
    };
    let names: Vec<String> = contacts
        .iter()
        .map(|contact| contact.name.clone())
        .collect();
    let additional: Vec<Value> = contacts
        .iter()
        .map(|contact| contact.additional_attributes.clone().into())
        .collect();
    let custom: Vec<Value> = contacts
        .iter()
        .map(|contact| contact.custom_attributes.clone().into())
        .collect();
    let made = sqlx::query!(
        "insert into contacts (account_id, name, email, phone_number, identifier, additional_attributes,
                               custom_attributes, created_at, updated_at)
         select $1, name, email, phone_number, identifier, additional, custom, $8, $8
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::jsonb[]) with ordinality
              as r (name, email, phone_number, identifier, additional, custom, place)
         order by place on conflict do nothing
         returning id, name, email, phone_number, identifier",
        account.0,
        &names,
        &texts(|contact| contact.email.as_ref()) as &[Option<String>],
        &texts(|contact| contact.phone_number.as_ref()) as &[Option<String>],
        &texts(|contact| contact.identifier.as_ref()) as &[Option<String>],
        &additional,
        &custom,
        now,
    )
    .fetch_all(&mut *conn)
    .await?;
    let searched: Vec<Searched<'_>> = made
        .iter()
        .map(|row| Searched {
            id: row.id,
            name: &row.name,
            email: row.email.as_deref(),
            phone_number: row.phone_number.as_deref(),
            identifier: row.identifier.as_deref(),
            created_at: now,
        })
        .collect();
    contact_search::put(conn, account, &searched).await?;
    for row in &made {
        let event = events::NewEvent::of_contact(EventKind::ContactCreated, ContactId(row.id));
        events::append(conn, account, event, now).await?;
    }
    Ok(made.len())
}
