//! Chatlake's application API, as its servers answer it live; its client API is in `public`, its websocket in `cable`.
//!
//! # Conventions
//!
//! - A token comes in the header `api_access_token` (or `Api-Access-Token`), a session in `access-token`, `client` and
//!   `uid` (`identity`). `auth` has an extractor for each reach a caller can have; what a handler takes from it has been
//!   authorised. Routes that are costly have limits of their own (`limits`).
//! - Creating answers 200. `PUT` and `PATCH` are the same. A slash at the end of a path makes no difference.
//! - Bodies are JSON or forms. An id or a flag may come as text, an object as the JSON of one (`wire::lenient`).
//! - Every refusal has one of the five shapes in `wire::refusal`.
//! - `Idempotency-Key` makes any write safe to repeat.
//! - A route says in one line what it is for (`route`). The OpenAPI document follows from that and from what its handler
//!   takes and answers (`openapi`).
//! - Rich content of every [`RichKind`](crate::model::RichKind) comes in and goes out through `content_attributes`:
//!   `{"type": "<kind>", "<kind>": <body>}`, beside whatever else stands there; `content` is what a client that shows
//!   only text shows of it.
//!
//! # Known deviations
//!
//! - The answer to a new contact has the live service's `payload` and, beside it, the keys of the vendor's page.
//! - A user's own token and a session open every account that they are an agent of, as far as whoever set the password
//!   may answer for them (`sign_in_reach` in the migrations); a token that an account made for an agent opens that account
//!   alone, and shows itself in the profile.
//! - A platform app reaches what it made and nothing else: an e-mail address that is somebody else's is taken, and only
//!   its own users join its accounts. An account that it deletes is out of everybody's reach at once; its rows stay.
//! - An agent's name is changed by an administrator only while the user is of no other account.
//! - Passwords have 8 to 128 characters, of any kind. Nothing is sent by e-mail, so nothing waits to be confirmed.
//! - A new conversation without a `source_id` goes through the contact's oldest way into the inbox, not a new one each
//!   time. A `source_id` that is taken is 422 wherever it is.
//! - A `source_id` that comes again in one conversation of an API inbox gives the message that has it.
//! - Ids that are no number are 404, unknown words for a status or type 422; a wrong method is 405, as is proper.
//! - A bot's access token is shown to administrators only, as it sees every inbox. A bot made elsewhere has none to show
//!   until it is reset here.
//! - An inbox has a `secret` as long as it has a `webhook_url`, and a bot as long as it has an `outgoing_url`.
//! - An inbox is removed at once; its conversations stay, for administrators.
//! - A label that is deleted stays on what carries it; one that is renamed is carried under its new title.
//! - There is no script for a website's page: `web_widget_script` is null.
//! - Placeholders are paths with the filters `default`, `upcase`, `downcase`, `capitalize` and `strip`; a text that asks for
//!   more of Liquid goes out as it is. A message that begins a conversation does not know its number.
//! - An `external_created_at` that is to come is now.
//! - A message that was taken back stays so when it is sent again.
//! - What a message changes of its conversation (since when its contact waits, the first reply) is told with the message.
//! - Of a team's agents in the inbox who say to be online, the one with the fewest open conversations gets one. An inbox
//!   that assigns by itself lets those take turns who are also connected.
//! - A conversation is gone when its removal is answered. The events of it stay in the change feed.
//! - That a contact wrote is a `contact_updated` for webhooks that subscribed to it; `/cable` tells of the message alone.
//! - A silent conversation that an account resolves by itself ends its flow too, as if an agent had resolved it; no flow
//!   opens it again by that.
//! - A transcript is not mailed: that it was asked for is noted in the conversation.
//! - Search for conversations and their list's `q` look at the account's newest 100,000 messages. A blank search is 422.
//! - An address may ask 60,000 times a minute (`limits.address_per_minute`), of all APIs together.
//! - Lists of conversations end after 4,000 pages.
//! - Conditions of a filter hold from left to right, whatever joins them. Every value counts, also of contacts.
//! - Unread conversations are counted for every account, whatever its features are.
//! - A search for contacts sorts any twenty thousand of those that have the text.
//! - Deleting a contact deletes its conversations before the answer, not some time after it.
//! - An import is done when it is answered; rows that do not hold are left out, and there is no mail about them. An
//!   export answers with the file instead of mailing a link to it.
//! - Reports take an IANA name as `timezone`, whose days are as long as they are; `timezone_offset` is the same all year.
//!   Weeks begin on Sunday. Messages are counted by the quarter of an hour. Labels and teams are those that a
//!   conversation has now. With `business_hours` the hours count that inboxes keep now.
//! - A message takes what is in its files for what they are, whatever they are called; `data_url` is good for a while, and
//!   its file is served by [`files`](crate::api::files). `avatar_url` is kept as it is given, and not fetched.
//! - An inbox greets nobody to whom its flow has spoken, or speaks in the same turn; what it says outside of its hours
//!   comes before what the flow answers. A rating is asked for once in a conversation, when it is resolved.
//! - A user's picture is a file of the account in use, whichever of their accounts shows it.
//! - A bot that a platform app makes without an `account_id` is of every account. Accounts see neither its `outgoing_url`
//!   nor its secret, and its token opens those where it serves an inbox.

mod account;
mod agent_bots;
mod agents;
mod assignments;
mod attention;
mod auth;
mod body;
mod cable;
mod canned_responses;
mod compose;
mod contacts;
mod conversation_changes;
mod conversation_filter;
mod conversations;
mod csv_file;
mod custom_attributes;
mod custom_filters;
mod error;
mod fields;
mod filter;
mod identity;
mod inbox_fields;
mod inboxes;
mod interactive;
mod labels;
mod limits;
mod members;
mod mentions;
mod messages;
mod openapi;
mod paging;
mod params;
mod parse;
mod periods;
mod platform;
mod profile;
mod public;
mod report_parts;
mod reports;
mod route;
mod search;
mod sessions;
mod status;
mod teams;
mod transcripts;
mod uploads;
mod webhooks;
mod wire;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use url::Url;

use super::AppState;
use super::edge::{Api, RateLimiter};
use super::files::Intake;
use crate::clock::Clock;
use crate::config::Config;
use crate::flow::Runner;
use crate::store::Store;
use cable::Hub;
use limits::Limits;
use route::Route;

/// This API's name in what is kept of its writes.
const NAME: &str = "chatlake";

/// What every handler here reaches. Cheap to clone, as every request does.
#[derive(Debug, Clone)]
struct Server(Arc<Parts>);

/// The parts of it.
#[derive(Debug)]
struct Parts {
    store: Store,
    clock: Arc<dyn Clock>,
    runner: Runner,
    intake: Intake,
    /// Requests of each token.
    by_key: RateLimiter,
    /// Messages that one conversation takes a minute.
    messages_per_minute: u32,
    /// Refused tokens of each client address.
    refused: Arc<RateLimiter>,
    /// How the world reaches this server, if that was said.
    public_url: Option<Url>,
    /// How long a client that signs in is signed in.
    session_life: TimeDelta,
    /// Requests of single routes.
    limits: Limits,
    /// Those who are connected.
    cable: Hub,
}

impl Deref for Server {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Server {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// What links begin with: the server's own address or, where nobody said it, the one that was asked.
    fn origin(&self, headers: &HeaderMap) -> String {
        if let Some(url) = &self.public_url {
            return url.as_str().trim_end_matches('/').to_owned();
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    }
}

/// The API of a server with this configuration.
pub fn api(state: &AppState, config: &Config) -> Api {
    let (chatlake, limits) = (&config.chatlake, &config.limits);
    let parts = Parts {
        cable: Hub::new(state, config.cable.clone()),
        store: state.store.clone(),
        clock: Arc::clone(&state.clock),
        runner: state.runner.clone(),
        intake: state.intake.clone(),
        by_key: RateLimiter::per_minute(limits.chatlake_per_minute),
        messages_per_minute: chatlake.messages_per_conversation_per_minute,
        refused: Arc::new(RateLimiter::per_minute(limits.login_per_minute)),
        public_url: config.http.public_url.clone(),
        session_life: TimeDelta::days(chatlake.session_days.get().into()),
        limits: Limits::new(chatlake),
    };
    Api {
        routes: routes().with_state(Server(Arc::new(parts))),
        prefix: "/chatlake",
        owns: &["/api", "/public", "/platform", "/auth", "/cable", "/survey"],
        takes_files: true,
        render: error::render,
    }
}

/// The OpenAPI document of this API.
pub fn document() -> impl Serialize {
    openapi::document(&table())
}

/// Every route, with and without a slash at its end.
fn routes() -> Router<Server> {
    let routes = table().into_iter();
    routes.fold(Router::new(), |router, (path, methods)| {
        router
            .route(path, methods.router.clone())
            .route(&format!("{path}/"), methods.router)
    })
}

fn table() -> Vec<Route> {
    [
        status::routes(),
        sessions::routes(),
        profile::routes(),
        account::routes(),
        agents::routes(),
        platform::all(),
        contacts::all_routes(),
        conversation_filter::routes(),
        conversations::routes(),
        conversation_changes::routes(),
        assignments::routes(),
        attention::routes(),
        search::routes(),
        transcripts::routes(),
        messages::routes(),
        inboxes::routes(),
        members::routes(),
        teams::routes(),
        labels::routes(),
        webhooks::routes(),
        agent_bots::routes(),
        reports::routes(),
        report_parts::routes(),
        canned_responses::routes(),
        custom_attributes::routes(),
        custom_filters::routes(),
        uploads::routes(),
        public::routes(),
        cable::routes(),
    ]
    .concat()
}
