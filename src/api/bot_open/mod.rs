//! The Bot Open API 1.0.0 of Netcore Conversational Commerce: a bot's reports for its owner's other systems.
//!
//! Conventions: an app logs in and shows its token raw in `Authorization`; it sees the inboxes of its bot and nothing
//! else. Bodies are read as JSON whatever they call themselves. Pages go by number. Dates in answers are ISO 8601 in UTC
//! with milliseconds; a range includes both of its ends. Private notes and activity are never shown.
//!
//! Where the documentation and the live service differ, both names are there: `expireAt` and `expiresAt`, `userName` and
//! `name`, `reply.action` and `reply.actions`, and a list row's `" description"` and `description`.
//!
//! What differs from the original on purpose:
//! - `Bearer` before the token is taken, too. An unknown credential and a login count against the client's address.
//! - `/users` takes every channel, and none means all; people are listed in the order of their first coming.
//!   `/botUsage` without `monthDate` is the present month, without `channelId` all channels.
//! - `/transcripts` needs `botUserId` and `channelId`. "Three months old" is counted in whole days, so that a client's
//!   own midnight is not too early. For an unknown user it is empty; `/userData` answers 404.
//! - A telephone number is found with and without its plus sign.
//! - A media or attachment transcript has a `caption` where a text came with it; several attachments of one message are a
//!   text with a line for each.
//! - Refusals have the body `{statusCode, error, message}`; failures of the server's own add `requestId`.

mod auth;
mod error;
mod login;
mod transcripts;
mod usage;
mod users;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::AppState;
use super::edge::{Api, RateLimiter};
use crate::config;
use auth::Tokens;

/// What the handlers of this API reach.
#[derive(Clone)]
struct BotOpen {
    app: AppState,
    tokens: Arc<Tokens>,
    /// Requests by app.
    requests: Arc<RateLimiter>,
    /// Logins and refused credentials by client address.
    logins: Arc<RateLimiter>,
}

/// The API, ready to be mounted.
pub fn api(
    app: AppState,
    config: &config::BotOpen,
    requests_per_minute: u32,
    logins_per_minute: u32,
) -> Api {
    let keys = app.store.vault().derive("bot open tokens");
    let state = BotOpen {
        tokens: Arc::new(Tokens::new(&keys, config.token_hours)),
        app,
        requests: Arc::new(RateLimiter::per_minute(requests_per_minute)),
        logins: Arc::new(RateLimiter::per_minute(logins_per_minute)),
    };
    let routes = Router::new()
        .route("/login", post(login::create))
        .route("/botUsage", get(usage::get))
        .route("/users", post(users::list))
        .route("/userData/{botUserId}", get(users::get))
        .route("/transcripts", post(transcripts::list))
        .with_state(state);
    Api {
        routes,
        prefix: "/bot-open",
        owns: &["/login", "/botUsage", "/users", "/userData", "/transcripts"],
        takes_files: false,
        render: error::render,
    }
}
