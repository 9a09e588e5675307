//! Where messages come in.

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use url::Url;

use super::auth::{Administrator, InInbox, Member, Who};
use super::error::{Error, Result};
use super::params::Params;
use super::parse::{Faults, MAX_STRING, MAX_URL};
use super::wire::Payload;
use super::wire::inbox::{InboxBody, NewInboxBody};
use super::{Route, Server};
use crate::model::{Channel, Inbox};
use crate::store;
use crate::store::inboxes::NewInbox;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/inboxes",
            get(list).post(create),
        ),
        (
            "/api/v1/accounts/{account_id}/inboxes/{inbox_id}",
            get(show),
        ),
    ]
}

pub(super) async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Params { value: body, once }: Params<NewInboxBody>,
) -> Result<Json<InboxBody>> {
    let new = read_new(body)?;
    let inbox =
        store::inboxes::create(&server.store, member.account, new, once, server.now()).await?;
    Ok(Json(answer(&server, &member, inbox).await?))
}

pub(super) async fn show(
    State(server): State<Server>,
    InInbox { member, inbox }: InInbox,
) -> Result<Json<InboxBody>> {
    Ok(Json(answer(&server, &member, inbox).await?))
}

pub(super) async fn list(
    State(server): State<Server>,
    member: Member,
) -> Result<Json<Payload<Vec<InboxBody>>>> {
    let inboxes =
        store::inboxes::list_visible(&server.store, member.account, member.viewer()).await?;
    let payload = bodies(&server, &member, &inboxes).await?;
    Ok(Json(Payload { payload }))
}

async fn answer(server: &Server, member: &Member, inbox: Inbox) -> Result<InboxBody> {
    let mut bodies = bodies(server, member, &[inbox]).await?;
    bodies.pop().ok_or(Error::NotFound)
}

async fn bodies(server: &Server, member: &Member, inboxes: &[Inbox]) -> Result<Vec<InboxBody>> {
    let ids: Vec<i64> = inboxes.iter().map(|inbox| inbox.id.0).collect();
    let links = store::inboxes::list_links(&server.store, member.account, &ids).await?;
    let with_secrets = member.is_administrator();
    let body = |inbox: &Inbox| InboxBody::new(inbox, links.get(&inbox.id), with_secrets);
    Ok(inboxes.iter().map(body).collect())
}

fn read_new(body: NewInboxBody) -> Result<NewInbox> {
    let channel = body.channel.ok_or(Error::Missing("channel"))?;
    let mut faults = Faults::default();
    if channel.r#type.as_deref() != Some("api") {
        faults.add("channel", "Channel must exist");
    }
    let name = body.name.unwrap_or_default();
    if name.trim().is_empty() {
        faults.add("name", "Name can't be blank");
    }
    faults.check_length("name", "Name", Some(&name), MAX_STRING);
    faults.check_length(
        "webhook_url",
        "Webhook url",
        channel.webhook_url.as_deref(),
        MAX_URL,
    );
    if channel
        .webhook_url
        .as_deref()
        .is_some_and(|url| !is_web_address(url))
    {
        faults.add("webhook_url", "Webhook url is invalid");
    }
    faults.settle()?;
    let mut new = NewInbox::new(name, Channel::General);
    new.webhook_url = channel.webhook_url;
    new.hmac_mandatory = channel.hmac_mandatory.unwrap_or_default();
    new.additional_attributes = channel.additional_attributes.unwrap_or_default();
    new.greeting = body
        .greeting_message
        .filter(|_| body.greeting_enabled.unwrap_or_default());
    new.enable_auto_assignment = body.enable_auto_assignment.unwrap_or(true);
    new.lock_to_single_conversation = body.lock_to_single_conversation.unwrap_or_default();
    Ok(new)
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
