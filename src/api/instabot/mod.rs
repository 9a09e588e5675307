//! Instabot's Chat API: a visitor's client talks with a bot, and with agents when the bot hands the chat over.
//!
//! Conventions: everything is a POST of a JSON object, whatever its content type says, to `/secure/send` or
//! `/secure/user`. A start shows the account's key. A reply shows the chat's `streamId`, which is random and opens that
//! chat alone; a key that is sent with it is checked too. Ids are positive whole numbers below 2^53.
//!
//! What the vendor's page leaves open, and what is done here:
//! - A refusal is `{"apiStatusCode": …, "apiStatusMessage": …}`, as in the vendor's server API.
//! - A reply is answered like a start: `messages` up to the next question or the end, and `streamId`.
//! - A number beside a reply's text decides alone which option is meant; without one the text is compared with the
//!   titles, and white space and case do not count. An answer that will not do is asked for again, with status 200.
//! - While the agents have the chat, `messages` is empty. When the flow is over and no agent has the chat, a reply is
//!   refused. A chat of a suspended account is not found.
//! - `Idempotency-Key`, 1 to 255 visible characters, makes the repeat of a request get the first one's answer.
//! - A message with richer content has `attachment`: `type`, and under the name of the type what it holds. `text` stands
//!   for it where it cannot be shown.
//! - `objectId` of an application is the bot's id. `firstLoginTime` is when the user was first seen; `lastLoginTime` is
//!   when the user last started a chat, `lastActivityDate` when the user last did anything, else the same as the first.
//! - `customProperties` names the five campaign keys of the newest start that had any, then the user's own attributes.

mod auth;
mod error;
mod request;
mod send;
mod user;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;

use super::AppState;
use super::edge::{Api, RateLimiter};
use error::{Error, Result};

/// What the handlers of this API reach.
#[derive(Debug, Clone)]
struct Instabot {
    app: AppState,
    limiter: Arc<RateLimiter>,
}

/// The API, letting each key ask this often a minute.
pub fn api(state: AppState, requests_per_minute: u32) -> Api {
    let limiter = Arc::new(RateLimiter::per_minute(requests_per_minute));
    let routes = Router::new()
        .route("/secure/send", post(send::send))
        .route("/secure/user", post(user::get))
        .with_state(Instabot {
            app: state,
            limiter,
        });
    Api {
        routes,
        prefix: "/instabot",
        owns: &["/secure"],
        takes_files: false,
        render: error::render,
    }
}
