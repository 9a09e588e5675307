//! The people outside.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{get, post};

use super::auth::{Member, Who};
use super::error::{Error, Result};
use super::fields::Query;
use super::params::Params;
use super::parse;
use super::wire::Payload;
use super::wire::contact::{ContactBody, CreatedContact, NewContactBody};
use super::{Route, Server};
use crate::model::{AccountId, ContactId, ContactInbox, Inbox, InboxId};
use crate::store::contacts::NewContactInbox;
use crate::store::{self, Store};

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/api/v1/accounts/{account_id}/contacts", post(create)),
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}",
            get(show),
        ),
    ]
}

pub(super) async fn create(
    State(server): State<Server>,
    member: Member,
    Params { value: body, once }: Params<NewContactBody>,
) -> Result<Json<CreatedContact>> {
    let account = member.account;
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
    let (contact, way) =
        store::contacts::create(&server.store, account, new, way, once, server.now()).await?;
    Ok(Json(CreatedContact::new(account, &contact, way.zip(inbox))))
}

pub(super) async fn show(
    State(server): State<Server>,
    member: Member,
    Path((_, id)): Path<(String, String)>,
    query: Query,
) -> Result<Json<Payload<ContactBody>>> {
    let id = ContactId(id.parse().map_err(|_| Error::NotFound)?);
    let contact = store::contacts::get(&server.store, member.account(), id).await?;
    let with_ways = query
        .last("include_contact_inboxes")
        .is_none_or(|text| text == "true");
    let payload = if with_ways {
        ContactBody::with_ways(&contact, &ways(&server.store, member.account, id).await?)
    } else {
        ContactBody::new(&contact)
    };
    Ok(Json(Payload { payload }))
}

/// A contact's ways into inboxes, each with its inbox.
async fn ways(
    store: &Store,
    account: AccountId,
    contact: ContactId,
) -> Result<Vec<(ContactInbox, Inbox)>> {
    let ways = store::contacts::list_ways(store, account, contact).await?;
    let ids: Vec<i64> = ways.iter().map(|way| way.inbox.0).collect();
    let inboxes = store::inboxes::list_by_ids(store, account, &ids).await?;
    let inboxes: HashMap<InboxId, Inbox> =
        inboxes.into_iter().map(|inbox| (inbox.id, inbox)).collect();
    let with_inbox = ways.into_iter().filter_map(|way| {
        let inbox = inboxes.get(&way.inbox)?.clone();
        Some((way, inbox))
    });
    Ok(with_inbox.collect())
}
