//! What is known of the visitor beside the conversation: pages it looked at, and what they show the agents about it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

use super::auth::InVisit;
use super::error::Result;
use crate::api::chatlake::params::Params;
use crate::api::chatlake::parse::{Faults, MAX_STRING, MAX_URL};
use crate::api::chatlake::route::{post, put};
use crate::api::chatlake::wire::public::{
    CardBody, NewCardBody, NewVisitBody, OpenedBody, VisitBody,
};
use crate::api::chatlake::{Route, Server, error};
use crate::model::Channel;
use crate::store;
use crate::store::visits::NewVisit;

/// The longest text of a card.
const MAX_CARD: usize = 20_000;

/// The longest name that a browser gives itself which is read.
const MAX_USER_AGENT: usize = 1000;

/// Cards that one conversation may have.
const MAX_CARDS: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/visits",
            post(record, "Records that the visitor looks at a page"),
        ),
        (
            "/public/api/v1/inboxes/{inbox_identifier}/contacts/{source_id}/conversations/{conversation_id}/cards/{data_id}",
            put(
                set_card,
                "Sets what a page shows the agents about its visitor",
            ),
        ),
    ]
}

/// The first page view of a conversation in a website's inbox is when its window opened.
pub(super) async fn record(
    State(server): State<Server>,
    within: InVisit,
    headers: HeaderMap,
    Params { value: body, .. }: Params<NewVisitBody>,
) -> Result<Json<VisitBody>> {
    let (account, id) = (within.visitor.at.account, within.conversation.id);
    let said = headers
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let new = read_visit(body, said)?;
    let now = server.now();
    let is_first = store::visits::find_first(&server.store, account, id)
        .await?
        .is_none();
    store::visits::record(&server.store, account, id, new, now).await?;
    let visit = store::visits::find_last(&server.store, account, id).await?;
    let visit = visit.ok_or(error::Error::NotFound)?;
    if is_first && within.visitor.at.inbox.channel == Channel::Webchat {
        let (way, info) = (within.conversation.contact_inbox, OpenedBody::new(&visit));
        let info = serde_json::to_value(info).map_err(store::Error::from)?;
        store::widget::open(&server.store, account, way, info, now).await?;
    }
    Ok(Json(VisitBody::new(visit)))
}

pub(super) async fn set_card(
    State(server): State<Server>,
    within: InVisit,
    Path(path): Path<Vec<(String, String)>>,
    Params { value: body, .. }: Params<NewCardBody>,
) -> Result<Json<CardBody>> {
    let (account, id) = (within.visitor.at.account, within.conversation.id);
    let data_id = path.last().map(|(_, id)| id.clone()).unwrap_or_default();
    let data = body.data.ok_or(error::Error::Missing("data"))?;
    let mut faults = Faults::default();
    faults.check_length("data_id", "Data", Some(&data_id), MAX_STRING);
    faults.check_length("data", "Data", Some(&data), MAX_CARD);
    faults.settle()?;
    let cards = store::cards::list(&server.store, account, id).await?;
    if cards.len() >= MAX_CARDS && cards.iter().all(|card| card.data_id != data_id) {
        return Err(error::Error::Refused("Too many cards".to_owned()).into());
    }
    store::cards::set(
        &server.store,
        account,
        id,
        data_id.clone(),
        data,
        server.now(),
    )
    .await?;
    let cards = store::cards::list(&server.store, account, id).await?;
    let card = cards.into_iter().find(|card| card.data_id == data_id);
    Ok(Json(CardBody::new(card.ok_or(error::Error::NotFound)?)))
}

fn read_visit(body: NewVisitBody, said: Option<&str>) -> Result<NewVisit> {
    let present = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let page_url = present(body.page_url).ok_or(error::Error::Missing("page_url"))?;
    let referrer = present(body.referrer);
    let user_agent = present(body.user_agent).or_else(|| said.map(str::to_owned));
    let mut faults = Faults::default();
    faults.check_length("page_url", "Page url", Some(&page_url), MAX_URL);
    faults.check_length("referrer", "Referrer", referrer.as_deref(), MAX_URL);
    faults.check_length("city", "City", body.city.as_deref(), MAX_STRING);
    faults.check_length("country", "Country", body.country.as_deref(), MAX_STRING);
    faults.settle()?;
    Ok(NewVisit {
        page_url,
        referrer,
        user_agent: user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect()),
        city: body.city.unwrap_or_default(),
        country: body.country.unwrap_or_default(),
        visited_at: None,
    })
}
