//! `/secure/user`: what is known of a user.

use axum::Json;
use axum::extract::State;

use super::request::Raw;
use super::{Error, Instabot, Result, send, wire};
use crate::store;

pub(super) async fn get(State(instabot): State<Instabot>, raw: Raw) -> Result<Json<wire::User>> {
    let asked: wire::GetUser = raw.json()?;
    let account = instabot.authenticate(&asked.api_key).await?;
    let email = send::email(&asked.email)?;
    let store = &instabot.app.store;
    let contact = store::contacts::find_by_email(store, account, email.as_str())
        .await?
        .ok_or(Error::UserNotFound)?;
    let bots = store::bots::list_of_contact(store, account, contact.id).await?;
    Ok(Json(wire::User::new(account, contact, &bots)))
}
