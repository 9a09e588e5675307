//! Contacts' ways into inboxes.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use uuid::Uuid;

use super::super::auth::{Member, Of, Who};
use super::super::error::{Error, Result};
use super::super::params::Params;
use super::super::parse;
use super::super::route::{get, post};
use super::super::wire::Payload;
use super::super::wire::contact::{ContactBody, ContactInboxBody, NewWayBody, WayLookup};
use super::super::wire::inbox::SlimInbox;
use super::super::{Route, Server};
use super::ways_of;
use crate::model::{Channel, Contact, ContactInbox, Inbox, InboxId};
use crate::store;
use crate::store::contact_ways::NewWay;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/contact_inboxes",
            post(create, "Gives a contact a way into an inbox"),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/contactable_inboxes",
            get(
                contactable,
                "Inboxes through which a contact can be written to",
            ),
        ),
        (
            "/api/v1/accounts/{account_id}/contact_inboxes/filter",
            post(find, "The contact that comes into an inbox with an id"),
        ),
    ]
}

async fn create(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
    Params { value: body, once }: Params<NewWayBody>,
) -> Result<Json<ContactInboxBody<SlimInbox>>> {
    let inbox = InboxId(body.inbox_id.ok_or(Error::NotFound)?);
    let inbox = who.scope().inbox(&server, inbox).await?;
    let given = parse::source_id(body.source_id)?;
    let source_id = match given.or_else(|| own_source_id(&contact, inbox.channel)) {
        Some(source_id) => source_id,
        None => Uuid::new_v4().to_string(),
    };
    let new = NewWay {
        contact: contact.id,
        inbox: inbox.id,
        source_id,
        hmac_verified: body.hmac_verified.unwrap_or_default(),
    };
    let (store, now) = (&server.store, server.now());
    let way = store::contact_ways::ensure(store, who.account, new, once, now).await?;
    Ok(Json(ContactInboxBody {
        source_id: way.source_id,
        inbox: SlimInbox::new(&inbox),
    }))
}

/// The inboxes that the caller sees and through which the contact can be written to, each with the id to do it with.
async fn contactable(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
) -> Result<Json<Payload<Vec<ContactInboxBody<SlimInbox>>>>> {
    let (store, account) = (&server.store, who.account);
    let ways = store::contacts::list_ways(store, account, contact.id).await?;
    // The newest way in comes last, and is the one that is taken.
    let ways: HashMap<InboxId, ContactInbox> =
        ways.into_iter().map(|way| (way.inbox, way)).collect();
    let inboxes = store::inboxes::list_visible(store, account, who.viewer()).await?;
    let reach = |inbox: &Inbox| {
        let known = ways.get(&inbox.id).map(|way| way.source_id.clone());
        let minted = || match inbox.channel {
            Channel::General => Some(Uuid::new_v4().to_string()),
            channel => own_source_id(&contact, channel),
        };
        Some(ContactInboxBody {
            source_id: known.or_else(minted)?,
            inbox: SlimInbox::new(inbox),
        })
    };
    let payload = inboxes.iter().filter_map(reach).collect();
    Ok(Json(Payload { payload }))
}

/// What the contact is called in a channel that knows people by what this contact has.
fn own_source_id(contact: &Contact, channel: Channel) -> Option<String> {
    let phone_number = contact.phone_number.as_deref();
    match channel {
        Channel::Sms | Channel::Rcs => phone_number.map(str::to_owned),
        Channel::WhatsApp => phone_number.map(|number| number.trim_start_matches('+').to_owned()),
        Channel::Webchat
        | Channel::Workflow
        | Channel::GoogleBusinessMessages
        | Channel::General
        | Channel::Telegram
        | Channel::Facebook
        | Channel::HangoutsChat
        | Channel::Google
        | Channel::Instagram => None,
    }
}

/// The contact that comes into an inbox with this id; none is 404 without a word.
async fn find(
    State(server): State<Server>,
    member: Member,
    Params { value: body, .. }: Params<WayLookup>,
) -> Result<Json<ContactBody>> {
    let (store, account) = (&server.store, member.account);
    let inbox = InboxId(body.inbox_id.ok_or(Error::NotFound)?);
    let inbox = member.scope().inbox(&server, inbox).await?;
    let source_id = body.source_id.unwrap_or_default();
    let way = store::contact_ways::find(store, account, inbox.id, &source_id).await?;
    let way = way.ok_or(Error::UnknownWay)?;
    let contact = store::contacts::get(store, account, way.contact).await?;
    let ways = ways_of(store, account, &[contact.id.0]).await?;
    let ways = ways.get(&contact.id).map_or(&[][..], Vec::as_slice);
    Ok(Json(ContactBody::with_ways(&contact, ways)))
}
