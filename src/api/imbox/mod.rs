//! ImBox's chat API: conversations, visitors, agents and statistics, to be read.
//!
//! Conventions: every operation is a GET below `/message` with the key and the account's number (`userId`, `sid`) in the
//! path. Rows come in `{"result":"success","json":[…],"length":n}`; a refusal has the same form, no rows, and a message.
//! Dates are UTC with milliseconds. `conversationID` is `V` and the conversation's number. As keys travel in URLs, no
//! answer may be kept by a cache or named to another site.
//!
//! What the vendor's page leaves open, and what is done here:
//! - `length` is in every answer. The page leaves it out of some.
//! - A transcript has one `visitorJoin` row for each page view, its id drawn from the same numbers as the messages', so
//!   that no two rows share one. Messages keep the order in which they were taken in; page views stand among them by
//!   their time. `message` holds an attachment's URL on a line of its own.
//! - A bot speaks under its name, and as nobody's agent: `agentID` is null.
//! - Where a visitor came from is what the first page view says; page, browser, system and place are those of the last.
//!   A conversation without page views counts as `Direct`, the other texts are empty, and `last_visit` is its start.
//! - The visitor's name is no tag while it has none. In statistics, `tags` are the regular ones only.
//! - `agentLastActive` of an agent who has done nothing yet is when the account got the agent.
//! - Statistics name the agent who answered last, else the one in charge, else nobody (empty texts). `responseTime` is 0
//!   where the agent spoke first. An agent or conversation that does not exist picks no rows; a page filter that does
//!   not exist is refused, since there is nothing to look for.
//! - `startTime` and `endTime` may be days, or moments without an offset: both are then of `timezone`. Both ends count.
//! - Regular expressions of page filters know no look-around and no back-references.

mod agents;
mod auth;
mod conversations;
mod error;
mod page_filters;
mod query;
mod rows;
mod statistics;
mod time;
mod visitors;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;

use super::AppState;
use super::edge::{Api, RateLimiter};
use error::{Error, Result};

/// What the handlers of this API reach.
#[derive(Debug, Clone)]
struct Imbox {
    app: AppState,
    limiter: Arc<RateLimiter>,
}

/// The API, letting each key ask this often a minute.
pub fn api(state: AppState, requests_per_minute: u32) -> Api {
    let limiter = Arc::new(RateLimiter::per_minute(requests_per_minute));
    Api {
        routes: routes().with_state(Imbox {
            app: state,
            limiter,
        }),
        prefix: "/imbox",
        owns: &["/message"],
        takes_files: false,
        render: error::render,
    }
}

fn routes() -> Router<Imbox> {
    Router::new()
        .route(
            "/message/listConversations/{apiKey}/{userId}/{fromDate}/{toDate}",
            get(conversations::list),
        )
        .route(
            "/message/grabConversation/{apiKey}/{userId}/{conversationID}",
            get(conversations::grab),
        )
        .route(
            "/message/grabVisitorInfo/{apiKey}/{userId}/{conversationID}",
            get(visitors::info),
        )
        .route(
            "/message/grabVisitorTags/{apiKey}/{userId}/{conversationID}",
            get(visitors::tags),
        )
        .route(
            "/message/grabVisitorLabels/{apiKey}/{userId}/{conversationID}",
            get(visitors::labels),
        )
        .route(
            "/message/grabVisitorCards/{apiKey}/{userId}/{conversationID}",
            get(visitors::cards),
        )
        .route(
            "/message/grabAgent/{apiKey}/{userId}/{agentId}",
            get(agents::grab),
        )
        .route("/message/grabAgents/{apiKey}/{userId}", get(agents::list))
        .route(
            "/message/chatStatistics/{apiKey}/{userId}",
            get(statistics::list),
        )
        .route(
            "/message/pageFilters/{apiKey}/{userId}",
            get(page_filters::list),
        )
        .layer(middleware::map_response(async |response: Response| {
            private(response)
        }))
}

/// Keeps an answer, and the key in its URL, between the server and its client.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
