//! The webhooks of an account. They are the administrators' alone, as a webhook hears of every inbox.

use axum::Json;
use axum::extract::State;

use super::auth::{Administrator, Of, Row};
use super::error::Result;
use super::params::Wrapped;
use super::parse::{Faults, MAX_STRING};
use super::route::{edit, get};
use super::wire::Payload;
use super::wire::webhook::{EVENTS, OneWebhook, WebhookIn, WebhookOut, Webhooks};
use super::{Route, Server};
use crate::model::{AccountId, EndpointId, EventKind, InboxId, WebUrl};
use crate::store::endpoints::USUAL_ACCOUNT_EVENTS;
use crate::store::webhooks::{self, NewWebhook, Webhook, WebhookPatch};
use crate::store::{self, Store};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/webhooks",
            get(list, "The account's webhooks").post(create, "Makes a webhook"),
        ),
        (
            "/api/v1/accounts/{account_id}/webhooks/{webhook_id}",
            edit(update, "Changes a webhook").delete(remove, "Removes a webhook"),
        ),
    ]
}

impl Row<Administrator> for Webhook {
    const PLACE: &'static str = "webhook_id";

    async fn load(store: &Store, who: &Administrator, id: i64) -> store::Result<Self> {
        webhooks::get(store, who.0.account, EndpointId(id)).await
    }
}

async fn list(
    State(server): State<Server>,
    Administrator(member): Administrator,
) -> Result<Json<Payload<Webhooks>>> {
    let account = member.account;
    let found = webhooks::list(&server.store, account).await?.into_iter();
    let webhooks = found.map(|one| WebhookOut::new(account, one)).collect();
    let payload = Webhooks { webhooks };
    Ok(Json(Payload { payload }))
}

async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Wrapped { value: body, once }: Wrapped<WebhookIn>,
) -> Result<Json<Payload<OneWebhook>>> {
    let url = Some(body.url.unwrap_or_default());
    let patch = read(WebhookIn { url, ..body })?;
    let new = NewWebhook {
        name: patch.name.flatten(),
        url: patch.url.unwrap_or_default(),
        subscriptions: patch
            .subscriptions
            .unwrap_or_else(|| USUAL_ACCOUNT_EVENTS.to_vec()),
        inbox: patch.inbox.flatten(),
    };
    let (account, now) = (member.account, server.now());
    let made = webhooks::create(&server.store, account, new, once, now).await?;
    Ok(one(account, made))
}

async fn update(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, Webhook>,
    Wrapped { value: body, .. }: Wrapped<WebhookIn>,
) -> Result<Json<Payload<OneWebhook>>> {
    let (account, patch, now) = (who.0.account, read(body)?, server.now());
    let changed = webhooks::update(&server.store, account, row.id, patch, now).await?;
    Ok(one(account, changed))
}

async fn remove(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, Webhook>,
) -> Result<()> {
    webhooks::remove(&server.store, who.0.account, row.id, server.now()).await?;
    Ok(())
}

fn one(account: AccountId, webhook: Webhook) -> Json<Payload<OneWebhook>> {
    let webhook = WebhookOut::new(account, webhook);
    let payload = OneWebhook { webhook };
    Json(Payload { payload })
}

fn read(body: WebhookIn) -> Result<WebhookPatch> {
    let name = body.name.as_ref().and_then(Option::as_deref);
    let mut faults = Faults::default();
    faults.check_length("name", "Name", name, MAX_STRING);
    let url = body.url.map(|url| WebUrl::parse(&url));
    if matches!(url, Some(Err(_))) {
        faults.add("url", "Url is invalid");
    }
    let subscriptions = body.subscriptions.map(|words| match words {
        Some(words) => events(&words),
        None => Some(USUAL_ACCOUNT_EVENTS.to_vec()),
    });
    if subscriptions == Some(None) {
        faults.add("subscriptions", "Subscriptions Invalid events");
    }
    faults.settle()?;
    Ok(WebhookPatch {
        name: body.name,
        url: url.and_then(Result::ok).map(WebUrl::into_string),
        subscriptions: subscriptions.flatten(),
        inbox: body.inbox_id.map(|id| id.map(InboxId)),
    })
}

/// The events of these words, each once; `None` if there are none, or one that nobody hears of.
fn events(words: &[String]) -> Option<Vec<EventKind>> {
    let mut events = Vec::new();
    for word in words {
        let (event, _) = EVENTS.iter().find(|(_, known)| known == word)?;
        if !events.contains(event) {
            events.push(*event);
        }
    }
    Some(events).filter(|events| !events.is_empty())
}
