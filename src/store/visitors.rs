//! Visitors who come in by themselves: who they are, and which conversations are theirs.
//!
//! A visitor knows its inbox by a random name and itself by its id in the channel. What is loaded here is of that inbox and
//! that way in, so that nothing else can be named.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::contacts::{self, NewContact};
use super::{
    Error, Field, Noun, Once, Result, Store, contact_merges, conversations, events, inboxes,
};
use crate::model::{
    AccountId, AccountStatus, ContactId, ContactInbox, ContactInboxId, Conversation,
    ConversationId, EventKind, Inbox, InboxId, MessageId,
};

/// How often somebody who comes in is looked for anew when another came in at once.
const ATTEMPTS: usize = 8;

/// An inbox that a visitor's client named.
#[derive(Debug, Clone)]
pub struct Door {
    /// Whose it is.
    pub account: AccountId,
    /// Whether that account may be used.
    pub account_status: AccountStatus,
    /// The inbox.
    pub inbox: Inbox,
}

/// The inbox of this name.
pub async fn find_door(store: &Store, identifier: &str) -> Result<Option<Door>> {
    let found = sqlx::query!(
        r#"select i.account_id as "account: AccountId", i.id as "id: InboxId", a.status as "status: AccountStatus"
           from inboxes i join accounts a on a.id = i.account_id
           where i.identifier = $1 and i.removed_at is null limit 1"#,
        identifier,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let Some(found) = found else {
        return Ok(None);
    };
    Ok(Some(Door {
        account: found.account,
        account_status: found.status,
        inbox: inboxes::get(store, found.account, found.id).await?,
    }))
}

/// The way into an inbox of whoever has this id in its channel.
pub async fn get_way(
    store: &Store,
    account: AccountId,
    inbox: InboxId,
    source_id: &str,
) -> Result<ContactInbox> {
    let id = find_way(&mut *store.read().await?, account, inbox, source_id).await?;
    let id = id.ok_or(Error::NotFound(Noun::ContactInbox))?;
    contacts::get_way(store, account, id).await
}

/// Lets a visitor in: through the way with its id in the channel, or else a new one for the contact with the identifier,
/// the e-mail address or the phone number, in this order, or else for a new contact.
pub async fn enter(
    store: &Store,
    account: AccountId,
    (inbox, source_id): (InboxId, Option<String>),
    new: NewContact,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<ContactInbox> {
    let source_id = source_id.unwrap_or_else(|| Uuid::new_v4().to_string());
    for _ in 0..ATTEMPTS {
        let (new, source_id) = (new.clone(), source_id.clone());
        let entered = store.write_once(account, once.clone(), now, move |conn| {
            Box::pin(async move {
                let way = ensure_way(conn, account, (inbox, source_id), new, now).await?;
                Ok(way.0)
            })
        });
        match entered.await {
            Ok(id) => return contacts::get_way(store, account, ContactInboxId(id)).await,
            // Somebody came in with it at the same moment, and is found now.
            Err(Error::Taken(
                Field::SourceId
                | Field::ContactEmail
                | Field::ContactPhoneNumber
                | Field::ContactIdentifier,
            )) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Taken(Field::SourceId))
}

async fn ensure_way(
    conn: &mut PgConnection,
    account: AccountId,
    (inbox, source_id): (InboxId, String),
    new: NewContact,
    now: DateTime<Utc>,
) -> Result<ContactInboxId> {
    if let Some(way) = find_way(conn, account, inbox, &source_id).await? {
        return Ok(way);
    }
    let contact = match find_contact(conn, account, &new).await? {
        Some(contact) => contact,
        None => {
            let contact = contacts::insert(conn, account, new, now).await?;
            let event = events::NewEvent::of_contact(EventKind::ContactCreated, contact);
            events::append(conn, account, event, now).await?;
            contact
        }
    };
    contacts::insert_way(conn, account, contact, inbox, &source_id, now).await
}

async fn find_way(
    conn: &mut PgConnection,
    account: AccountId,
    inbox: InboxId,
    source_id: &str,
) -> Result<Option<ContactInboxId>> {
    let id = sqlx::query_scalar!(
        r#"select id as "id: ContactInboxId" from contact_inboxes
           where account_id = $1 and inbox_id = $2 and source_id = $3"#,
        account.0,
        inbox.0,
        source_id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

async fn find_contact(
    conn: &mut PgConnection,
    account: AccountId,
    new: &NewContact,
) -> Result<Option<ContactId>> {
    let id = sqlx::query_scalar!(
        r#"select coalesce(
               (select id from contacts where account_id = $1 and identifier = $2),
               (select id from contacts where account_id = $1 and email = $3),
               (select id from contacts where account_id = $1 and phone_number = $4)) as "id: ContactId""#,
        account.0,
        new.identifier,
        new.email,
        new.phone_number,
    )
    .fetch_one(conn)
    .await?;
    Ok(id)
}

/// Whom a visitor turns out to be by an address that it says anew: the contact who has it already, of which it becomes a
/// part, or else itself. Two who are known by different identifiers stay two.
pub async fn join(
    store: &Store,
    account: AccountId,
    visitor: ContactId,
    said: &NewContact,
    now: DateTime<Utc>,
) -> Result<ContactId> {
    let known = sqlx::query_scalar!(
        r#"select k.id as "id: ContactId" from contacts v
           join contacts k on k.account_id = v.account_id and k.id <> v.id
                and (v.identifier is null or k.identifier is null)
           where v.account_id = $1 and v.id = $2
             and k.id in (select id from contacts where account_id = $1 and email = $3
                          union all
                          select id from contacts where account_id = $1 and phone_number = $4)
           order by k.email = $3 desc nulls last limit 1"#,
        account.0,
        visitor.0,
        said.email,
        said.phone_number,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    let Some(known) = known else {
        return Ok(visitor);
    };
    contact_merges::merge(store, account, (known, visitor), None, now).await?;
    Ok(known)
}

/// Notes that the contact behind a way proved its identifier.
pub async fn verify(
    store: &Store,
    account: AccountId,
    way: ContactInboxId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "update contact_inboxes set hmac_verified = true, updated_at = $3
                     where account_id = $1 and id = $2 and not hmac_verified",
                    account.0,
                    way.0,
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// What a visitor sees: the newest conversations of its way, or of its contact if it proved who it is, newest first.
pub async fn list_conversations(
    store: &Store,
    account: AccountId,
    way: &ContactInbox,
    limit: i64,
) -> Result<Vec<ConversationId>> {
    let mut conn = store.read().await?;
    let ids = if way.hmac_verified {
        sqlx::query_scalar!(
            r#"select id as "id: ConversationId" from conversations
               where account_id = $1 and contact_id = $2 order by id desc limit $3"#,
            account.0,
            way.contact.0,
            limit,
        )
        .fetch_all(&mut *conn)
        .await?
    } else {
        sqlx::query_scalar!(
            r#"select id as "id: ConversationId" from conversations
               where account_id = $1 and contact_inbox_id = $2 order by id desc limit $3"#,
            account.0,
            way.id.0,
            limit,
        )
        .fetch_all(&mut *conn)
        .await?
    };
    Ok(ids)
}

/// A conversation that a visitor sees.
pub async fn get_conversation(
    store: &Store,
    account: AccountId,
    way: &ContactInbox,
    id: ConversationId,
) -> Result<Conversation> {
    let conversation = conversations::get(store, account, id).await?;
    let is_its = conversation.contact_inbox == way.id
        || way.hmac_verified && conversation.contact == way.contact;
    if is_its {
        Ok(conversation)
    } else {
        Err(Error::NotFound(Noun::Conversation))
    }
}

/// Where the rating of a conversation is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Survey {
    /// Whose conversation it is.
    pub account: AccountId,
    /// Which.
    pub conversation: ConversationId,
    /// The newest message that asks.
    pub message: MessageId,
}

/// The survey of the conversation that has this name across all servers.
pub async fn find_survey(store: &Store, uuid: Uuid) -> Result<Option<Survey>> {
    let survey = sqlx::query_as!(
        Survey,
        r#"select c.account_id as "account: AccountId", c.id as "conversation: ConversationId", m.id as "message: MessageId"
           from conversations c
           join accounts a on a.id = c.account_id and a.status = 'active'
           join messages m on m.account_id = c.account_id and m.conversation_id = c.id and m.content_type = 'input_csat'
           where c.uuid = $1 order by m.id desc limit 1"#,
        uuid,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(survey)
}
