//! Two contacts that are one person become one.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Error, Noun, Once, Result, Store, contact_changes, contacts, events};
use crate::model::{AccountId, Attributes, Contact, ContactId, EventKind};

/// Makes `other` part of `base`: all that hangs on it moves, what `base` does not say is taken from it, and it is gone.
pub async fn merge(
    store: &Store,
    account: AccountId,
    (base, other): (ContactId, ContactId),
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<Contact> {
    if base == other {
        return contacts::get(store, account, base).await;
    }
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let both = contact_changes::lock_whole(conn, account, &[base.0, other.0]).await?;
                let (kept, gone): (Vec<Contact>, Vec<Contact>) =
                    both.into_iter().partition(|contact| contact.id == base);
                let pair = kept.into_iter().zip(gone).next();
                let (kept, gone) = pair.ok_or(Error::NotFound(Noun::Contact))?;
                move_rows(conn, account, base, other).await?;
                let event = events::NewEvent::of_contact(EventKind::ContactDeleted, other);
                events::append(conn, account, event, now).await?;
                sqlx::query!(
                    "delete from contacts where account_id = $1 and id = $2",
                    account.0,
                    other.0,
                )
                .execute(&mut *conn)
                .await?;
                let whole = completed(kept.clone(), gone);
                contact_changes::write(conn, account, (&kept, &whole), now).await?;
                let event = events::NewEvent::of_contact(EventKind::ContactMerged, base);
                events::append(conn, account, event, now).await
            })
        })
        .await?;
    contacts::get(store, account, base).await
}

/// What the first does not say is as the second says.
fn completed(kept: Contact, gone: Contact) -> Contact {
    let either = |mut kept: Attributes, gone: Attributes| {
        for (key, value) in gone.0 {
            kept.entry(key).or_insert(value);
        }
        kept
    };
    let said = |kept: String, gone: String| if kept.is_empty() { gone } else { kept };
    Contact {
        name: said(kept.name, gone.name),
        email: kept.email.or(gone.email),
        phone_number: kept.phone_number.or(gone.phone_number),
        identifier: kept.identifier.or(gone.identifier),
        avatar_url: said(kept.avatar_url, gone.avatar_url),
        additional_attributes: either(kept.additional_attributes, gone.additional_attributes),
        custom_attributes: either(kept.custom_attributes, gone.custom_attributes),
        ..kept
    }
}

/// Moves all that hangs on `other`. Both are locked, and their conversations.
async fn move_rows(
    conn: &mut PgConnection,
    account: AccountId,
    base: ContactId,
    other: ContactId,
) -> Result<()> {
    sqlx::query!(
        "update messages m set contact_id = $2 from conversations c
         where c.account_id = $1 and c.contact_id = $3 and m.account_id = $1 and m.conversation_id = c.id
           and m.contact_id = $3",
        account.0,
        base.0,
        other.0,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "with ways as (
             update contact_inboxes set contact_id = $2 where account_id = $1 and contact_id = $3
         ), notes as (
             update notes set contact_id = $2 where account_id = $1 and contact_id = $3
         ), labels as (
             insert into contact_labels (account_id, contact_id, title, created_at)
             select account_id, $2, title, created_at from contact_labels where account_id = $1 and contact_id = $3
             on conflict do nothing
         )
         update conversations set contact_id = $2 where account_id = $1 and contact_id = $3",
        account.0,
        base.0,
        other.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}
