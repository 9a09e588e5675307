//! The visitor.

use axum::Json;
use axum::extract::State;

use super::auth::{AtInbox, Proof, Visitor};
use super::error::Result;
use super::names;
use crate::api::chatlake::fields::Query;
use crate::api::chatlake::params::Params;
use crate::api::chatlake::route::{Asked, get, post};
use crate::api::chatlake::wire::public::{PublicContact, RawContact, VisitorBody};
use crate::api::chatlake::{Route, Server, parse};
use crate::store;
use crate::store::contact_changes::ContactPatch;
use crate::store::contacts::NewContact;

/// What proves the visitor.
const PROOF: &[Asked] = &[
    Asked::text("identifier", ""),
    Asked::text(
        "identifier_hash",
        "What only the inbox's owner can make of it",
    ),
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts",
            post(create, "Comes in as a visitor"),
        ),
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}",
            get(show, "The visitor")
                .asks(PROOF)
                .edit(update, "Changes what is known of the visitor"),
        ),
    ]
}

pub(super) async fn create(
    State(server): State<Server>,
    at: AtInbox,
    Params { value: body, once }: Params<VisitorBody>,
) -> Result<Json<PublicContact>> {
    at.check(&server, body.proof()).await?;
    let source_id = parse::source_id(body.contact.source_id.clone())?;
    let mut new = read(body)?;
    if new.name.trim().is_empty() {
        new.name = names::any();
    }
    let (account, through) = (at.account, (at.inbox.id, source_id));
    let way =
        store::visitors::enter(&server.store, account, through, new, once, server.now()).await?;
    let contact = store::contacts::get(&server.store, account, way.contact).await?;
    Ok(Json(PublicContact::new(&way, &contact)))
}

pub(super) async fn show(
    State(server): State<Server>,
    mut visitor: Visitor,
    query: Query,
) -> Result<Json<PublicContact>> {
    let proof = Proof {
        identifier: query.last("identifier"),
        hash: query.last("identifier_hash"),
    };
    visitor.prove(&server, proof).await?;
    let contact =
        store::contacts::get(&server.store, visitor.at.account, visitor.way.contact).await?;
    Ok(Json(PublicContact::new(&visitor.way, &contact)))
}

pub(super) async fn update(
    State(server): State<Server>,
    mut visitor: Visitor,
    Params { value: body, once }: Params<VisitorBody>,
) -> Result<Json<RawContact>> {
    visitor.prove(&server, body.proof()).await?;
    let named = body.contact.name.is_some();
    let new = read(body)?;
    let (store, account, now) = (&server.store, visitor.at.account, server.now());
    let contact = store::visitors::join(store, account, visitor.way.contact, &new, now).await?;
    let patch = ContactPatch {
        name: Some(new.name).filter(|_| named),
        email: new.email.map(Some),
        phone_number: new.phone_number.map(Some),
        avatar_url: Some(new.avatar_url).filter(|url| !url.is_empty()),
        custom_attributes: Some(new.custom_attributes),
        ..ContactPatch::default()
    };
    let contact = store::contact_changes::update(store, account, contact, patch, once, now).await?;
    Ok(Json(RawContact::new(account, &contact)))
}

/// Of what a visitor may say of itself, all but what it may not.
fn read(body: VisitorBody) -> Result<NewContact> {
    let mut contact = body.contact;
    (contact.blocked, contact.additional_attributes) = (None, None);
    Ok(parse::contact(contact)?)
}

impl VisitorBody {
    fn proof(&self) -> Proof<'_> {
        Proof {
            identifier: self.contact.identifier.as_deref(),
            hash: self.identifier_hash.as_deref(),
        }
    }
}
