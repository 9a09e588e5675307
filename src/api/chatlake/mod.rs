//! Chatlake's application API, as its servers answer it live.
//!
//! # Conventions
//!
//! - A token comes in the header `api_access_token` (or `Api-Access-Token`). `auth` has an extractor for each reach a
//!   caller can have; what a handler takes from it has been authorised.
//! - Creating answers 200. `PUT` and `PATCH` are the same. A slash at the end of a path makes no difference.
//! - Bodies are JSON or forms. An id or a flag may come as text, an object as the JSON of one (`wire::lenient`).
//! - Every refusal has one of the five shapes in `error`.
//! - `Idempotency-Key` makes any write safe to repeat.
//! - Rich content of every [`RichKind`](crate::model::RichKind) comes in and goes out through `content_attributes`:
//!   `{"type": "<kind>", "<kind>": <body>}`, beside whatever else stands there; `content` is what a client that shows
//!   only text shows of it.
//!
//! # Known deviations
//!
//! - The answer to a new contact has the live service's `payload` and, beside it, the keys of the vendor's page.
//! - A token opens the account that it was made for, also if its agent belongs to several.
//! - A new conversation without a `source_id` goes through the contact's oldest way into the inbox, not a new one each
//!   time. A `source_id` that is taken is 422 wherever it is.
//! - A `source_id` that comes again in one conversation of an API inbox gives the message that has it.
//! - Ids that are no number are 404, unknown words for a status or type 422; a wrong method is 405, as is proper.
//! - A conversation begins with words of its caller only; what the contact says is posted to it, where a bot may answer.
//! - Placeholders are paths with the filters `default`, `upcase`, `downcase`, `capitalize` and `strip`; a text that asks for
//!   more of Liquid goes out as it is. A message that begins a conversation does not know its number.
//! - An `external_created_at` that is to come is now.
//! - A message that was taken back stays so when it is sent again.
//! - What a message changes of its conversation (since when its contact waits, the first reply) is told with the message.
//! - A team picks the one of its agents in the inbox who says to be online and has the fewest open conversations.
//! - A conversation is gone when its removal is answered. The events of it stay in the change feed.
//! - A transcript is not mailed: that it was asked for is noted in the conversation.
//! - Search and the list's `q` look at the account's newest 100,000 messages. A blank search is 422.
//! - Lists of conversations end after 4,000 pages.
//! - Not yet: files, presence (everybody outside is offline). Inboxes of other channels than `api` are made elsewhere.

mod assignments;
mod attention;
mod auth;
mod compose;
mod contacts;
mod conversation_changes;
mod conversations;
mod error;
mod fields;
mod inboxes;
mod interactive;
mod mentions;
mod messages;
mod params;
mod parse;
mod placeholders;
mod search;
mod status;
mod transcripts;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::MethodRouter;
use chrono::{DateTime, Utc};

use super::AppState;
use super::edge::{Api, RateLimiter};
use crate::clock::Clock;
use crate::config::Limits;
use crate::flow::Runner;
use crate::store::Store;

/// This API's name in what is kept of its writes.
const NAME: &str = "chatlake";

/// What every handler here reaches.
#[derive(Debug, Clone)]
struct Server {
    store: Store,
    clock: Arc<dyn Clock>,
    runner: Runner,
    /// Requests of each token.
    by_key: Arc<RateLimiter>,
    /// Messages that one conversation takes a minute.
    messages_per_minute: u32,
    /// Transcripts that each account asks for.
    transcripts: Arc<RateLimiter>,
    /// Refused tokens of each client address.
    refused: Arc<RateLimiter>,
}

impl Server {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// The API with these limits.
pub fn api(state: AppState, limits: &Limits) -> Api {
    let server = Server {
        store: state.store,
        clock: state.clock,
        runner: state.runner,
        by_key: Arc::new(RateLimiter::per_minute(limits.chatlake_per_minute)),
        messages_per_minute: limits.chatlake_messages_per_conversation_per_minute,
        transcripts: Arc::new(RateLimiter::per_hour(limits.chatlake_transcripts_per_hour)),
        refused: Arc::new(RateLimiter::per_minute(limits.login_per_minute)),
    };
    Api {
        routes: routes().with_state(server),
        prefix: "/chatlake",
        owns: &["/api", "/public", "/platform", "/auth", "/cable"],
        render: error::render,
    }
}

/// A path and what answers there, for each method.
type Route = (&'static str, MethodRouter<Server>);

/// Every route, with and without a slash at its end.
fn routes() -> Router<Server> {
    [
        status::routes(),
        contacts::routes(),
        conversations::routes(),
        conversation_changes::routes(),
        assignments::routes(),
        attention::routes(),
        search::routes(),
        transcripts::routes(),
        messages::routes(),
        inboxes::routes(),
    ]
    .into_iter()
    .flatten()
    .fold(Router::new(), |router, (path, methods)| {
        router
            .route(path, methods.clone())
            .route(&format!("{path}/"), methods)
    })
}
