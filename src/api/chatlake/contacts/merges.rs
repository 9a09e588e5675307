//! Two contacts become one.

use axum::Json;
use axum::extract::State;

use super::super::auth::Member;
use super::super::error::{Error, Result};
use super::super::params::Params;
use super::super::route::post;
use super::super::wire::contact::{ContactBody, MergeBody};
use super::super::{Route, Server};
use crate::model::ContactId;
use crate::store;

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/actions/contact_merge",
        post(merge, "Makes one contact of two"),
    )]
}

async fn merge(
    State(server): State<Server>,
    member: Member,
    Params { value: body, once }: Params<MergeBody>,
) -> Result<Json<ContactBody>> {
    let base = ContactId(body.base_contact_id.ok_or(Error::NotFound)?);
    let other = ContactId(body.mergee_contact_id.ok_or(Error::NotFound)?);
    let (account, now) = (member.account, server.now());
    let contact =
        store::contact_merges::merge(&server.store, account, (base, other), once, now).await?;
    Ok(Json(ContactBody::new(&contact)))
}
