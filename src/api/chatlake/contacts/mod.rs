//! The people outside.

mod exports;
pub(super) mod imports;
mod labels;
mod lists;
mod merges;
mod notes;
mod ways;

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::auth::{Administrator, Member, Of, Row, Who};
use super::body::Body;
use super::error::{Error, Result};
use super::fields::Query;
use super::params::Params;
use super::parse;
use super::route::{Asked, delete, get, post};
use super::uploads;
use super::wire::Payload;
use super::wire::contact::{
    ContactBody, ContactPatchBody, CreatedContact, ForgottenBody, NewContactBody,
};
use super::{Route, Server};
use crate::model::{AccountId, Contact, ContactId, ContactInbox, Inbox, InboxId};
use crate::store::avatars::{self, Whose};
use crate::store::contact_changes::ContactPatch;
use crate::store::contacts::NewContactInbox;
use crate::store::{self, Store};

/// Everything about contacts.
pub(super) fn all_routes() -> Vec<Route> {
    [
        routes(),
        lists::routes(),
        labels::routes(),
        ways::routes(),
        notes::routes(),
        merges::routes(),
        imports::routes(),
        exports::routes(),
    ]
    .concat()
}

/// How a query says what it wants of contacts.
const WITH_WAYS: Asked = Asked::text(
    "include_contact_inboxes",
    "Whether to show their ways into inboxes: `true` if it is not said",
);

fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/contacts",
            post(create, "Makes a contact").carries("avatar"),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}",
            get(show, "A contact")
                .asks(&[WITH_WAYS])
                .edit(update, "Changes a contact")
                .carries("avatar")
                .delete(remove, "Removes a contact and its conversations")
                .or(StatusCode::UNPROCESSABLE_ENTITY),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/destroy_custom_attributes",
            post(forget, "Forgets custom attributes of a contact"),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/avatar",
            delete(remove_avatar, "Takes a contact's picture away"),
        ),
    ]
}

impl<W: Who + Sync> Row<W> for Contact {
    const PLACE: &'static str = "contact_id";

    async fn load(store: &Store, who: &W, id: i64) -> store::Result<Self> {
        store::contacts::get(store, who.account(), ContactId(id)).await
    }
}

async fn create(
    State(server): State<Server>,
    member: Member,
    body: Body<NewContactBody>,
) -> Result<Json<CreatedContact>> {
    let account = member.account;
    let received = body.read(&server, uploads::of_avatar(account)).await?;
    let (body, once) = (received.value, received.once);
    let picture = uploads::avatar(&received.files)?;
    let source_id = parse::source_id(body.source_id.clone())?;
    let inbox = match body.inbox_id {
        Some(id) => Some(member.scope().inbox(&server, InboxId(id)).await?),
        None => None,
    };
    let way = inbox.as_ref().map(|inbox| NewContactInbox {
        inbox: inbox.id,
        source_id,
    });
    let new = parse::contact(body)?;
    let (mut contact, way) =
        store::contacts::create(&server.store, account, new, way, once, server.now()).await?;
    if uploads::show_avatar(&server, account, Whose::Contact(contact.id), picture).await? {
        contact = store::contacts::get(&server.store, account, contact.id).await?;
    }
    Ok(Json(CreatedContact::new(account, &contact, way.zip(inbox))))
}

async fn show(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
    query: Query,
) -> Result<Json<Payload<ContactBody>>> {
    let mut bodies = bodies(&server.store, who.account, vec![contact], &query).await?;
    let payload = bodies.pop().expect("a body for a contact");
    Ok(Json(Payload { payload }))
}

async fn update(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
    body: Body<ContactPatchBody>,
) -> Result<Json<Payload<ContactBody>>> {
    let (account, id) = (who.account, contact.id);
    let received = body.read(&server, uploads::of_avatar(account)).await?;
    let (body, once) = (received.value, received.once);
    let picture = uploads::avatar(&received.files)?;
    let patch = parse::contact_patch(body)?;
    let mut contact =
        store::contact_changes::update(&server.store, account, id, patch, once, server.now())
            .await?;
    if uploads::show_avatar(&server, account, Whose::Contact(id), picture).await? {
        contact = store::contacts::get(&server.store, account, id).await?;
    }
    answer(&server, account, contact).await
}

async fn remove(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Administrator, Contact>,
) -> Result<()> {
    if contact.is_present {
        return Err(Error::InvalidRecord {
            message: "The contact is online and cannot be deleted".to_owned(),
            attributes: Vec::new(),
        });
    }
    store::contact_removals::delete(&server.store, who.account(), contact.id, server.now()).await?;
    Ok(())
}

async fn forget(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
    Params { value: body, once }: Params<ForgottenBody>,
) -> Result<Json<Payload<ContactBody>>> {
    let patch = ContactPatch {
        forgotten: body.custom_attributes,
        ..ContactPatch::default()
    };
    let (account, id) = (who.account, contact.id);
    let contact =
        store::contact_changes::update(&server.store, account, id, patch, once, server.now())
            .await?;
    answer(&server, account, contact).await
}

async fn remove_avatar(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
) -> Result<Json<Payload<ContactBody>>> {
    let (account, id) = (who.account, contact.id);
    avatars::set(
        &server.store,
        account,
        Whose::Contact(id),
        None,
        server.now(),
    )
    .await?;
    let contact = store::contacts::get(&server.store, account, id).await?;
    answer(&server, account, contact).await
}

/// A contact with its ways into inboxes.
async fn answer(
    server: &Server,
    account: AccountId,
    contact: Contact,
) -> Result<Json<Payload<ContactBody>>> {
    let ways = ways_of(&server.store, account, &[contact.id.0]).await?;
    let ways = ways.get(&contact.id).map_or(&[][..], Vec::as_slice);
    Ok(Json(Payload {
        payload: ContactBody::with_ways(&contact, ways),
    }))
}

/// Contacts as the query asks for them: with their ways into inboxes unless it says otherwise.
async fn bodies(
    store: &Store,
    account: AccountId,
    contacts: Vec<Contact>,
    query: &Query,
) -> Result<Vec<ContactBody>> {
    let with_ways = query
        .last("include_contact_inboxes")
        .is_none_or(|text| text == "true");
    if !with_ways {
        return Ok(contacts.iter().map(ContactBody::new).collect());
    }
    let ids: Vec<i64> = contacts.iter().map(|contact| contact.id.0).collect();
    let ways = ways_of(store, account, &ids).await?;
    let body = |contact: &Contact| {
        let ways = ways.get(&contact.id).map_or(&[][..], Vec::as_slice);
        ContactBody::with_ways(contact, ways)
    };
    Ok(contacts.iter().map(body).collect())
}

/// Contacts' ways into inboxes, each with its inbox.
async fn ways_of(
    store: &Store,
    account: AccountId,
    contacts: &[i64],
) -> Result<HashMap<ContactId, Vec<(ContactInbox, Inbox)>>> {
    let ways = store::contact_ways::list_of(store, account, contacts).await?;
    let ids: Vec<i64> = ways.iter().map(|way| way.inbox.0).collect();
    let inboxes = store::inboxes::list_by_ids(store, account, &ids).await?;
    let inboxes: HashMap<InboxId, Inbox> =
        inboxes.into_iter().map(|inbox| (inbox.id, inbox)).collect();
    let mut found: HashMap<ContactId, Vec<(ContactInbox, Inbox)>> = HashMap::new();
    for way in ways {
        if let Some(inbox) = inboxes.get(&way.inbox) {
            found
                .entry(way.contact)
                .or_default()
                .push((way, inbox.clone()));
        }
    }
    Ok(found)
}
