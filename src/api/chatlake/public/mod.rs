//! The client API: what a visitor's own program calls. The inbox's name is all it shows; whoever it speaks for is named by
//! an id in the channel, and proved, where that is asked for, by a hash that only the inbox's owner can make.
//!
//! Any page may call it (CORS). Nothing is found but through the inbox in the path and the way into it, so that a name of
//! another inbox or account leads nowhere.
//!
//! # Known deviations
//!
//! - A hash that does not fit is 401. It proves the contact only whose identifier it is for.
//! - Conversations come newest first, at most twenty, each with its last twenty messages.
//! - Ours: `…/visits` records a page view, `…/cards/{data_id}` sets what a page shows the agents about its visitor.

mod auth;
mod contacts;
mod conversations;
mod error;
mod messages;
mod names;
mod survey;
mod survey_page;
mod visits;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Json, routing::MethodRouter};
use tower_http::cors::{Any, CorsLayer};

use super::route::get;
use super::wire::public::PublicInbox;
use super::{Route, Server};
use crate::store::inbox_settings;
pub(super) use auth::{AtInbox, InVisit, Visitor};
use error::Result;
pub(super) use survey_page::SurveyPage;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![(
        "/public/api/v1/inboxes/{inbox_identifier}",
        get(show, "An inbox, as its visitors see it"),
    )];
    routes.extend(contacts::routes());
    routes.extend(conversations::routes());
    routes.extend(messages::routes());
    routes.extend(visits::routes());
    routes.extend(survey::routes());
    let open = |(path, methods): Route| (path, methods.within(open_to_all_pages));
    let open = routes.into_iter().map(open);
    open.chain(survey_page::routes()).collect()
}

fn open_to_all_pages(methods: MethodRouter<Server>) -> MethodRouter<Server> {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(Any);
    // The layer answers what a browser asks first; without a route there, the edge would.
    methods.options(|| async { StatusCode::OK }).layer(cors)
}

pub(super) async fn show(State(server): State<Server>, at: AtInbox) -> Result<Json<PublicInbox>> {
    let (store, id) = (&server.store, at.inbox.id);
    let hours = inbox_settings::list_working_hours(store, at.account, &[id.0]).await?;
    let hours = hours.get(&id).copied().unwrap_or_default();
    Ok(Json(PublicInbox::new(&at.inbox, hours)))
}
