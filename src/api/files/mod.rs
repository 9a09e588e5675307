//! Files on their way in and out: what the APIs that take uploads share, and the one route that serves them.
//!
//! A link is its own credential and says for how long. Whatever a stranger uploaded is served so that it cannot act in
//! this server's name: its type is what was found in it, only types that a browser shows and does not run are shown, and
//! everything is in a sandbox without scripts. A link that is not good is 404, whatever is wrong with it.

mod intake;
mod range;
mod serve;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::AppState;
use super::edge::{Api, Failure};

pub use intake::{Intake, Refusal, Source};

/// The route that serves files.
pub fn api(state: AppState) -> Api {
    Api {
        routes: Router::new()
            .route("/files/{token}/{name}", get(serve::show))
            .with_state(state),
        prefix: "/quartet",
        owns: &["/files"],
        takes_files: false,
        render,
    }
}

/// Refusals, in plain words: who follows a link is a person, or an `img` that shows none.
fn render(failure: Failure) -> Response {
    let (status, text) = match failure {
        Failure::NotFound => (StatusCode::NOT_FOUND, "not found"),
        Failure::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
        Failure::MalformedUrl => (StatusCode::BAD_REQUEST, "malformed URL"),
        Failure::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body too large"),
        Failure::Timeout => (StatusCode::REQUEST_TIMEOUT, "timed out"),
        Failure::Panic => (StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        Failure::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "too many requests"),
    };
    let mut response = (status, [(CACHE_CONTROL, "no-store")], text).into_response();
    if let Failure::RateLimited(wait) = failure {
        response.headers_mut().insert(RETRY_AFTER, wait.0.into());
    }
    response
}
