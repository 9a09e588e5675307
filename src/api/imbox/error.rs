//! Refusals: the form of an answer, without rows.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::private;
use crate::api::edge::{Cause, Failure, RequestId, RetryAfter};
use crate::store::{self, Noun};

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// Seconds after which a client may try again when the server cannot answer.
const UNAVAILABLE_SECS: u64 = 5;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A date, span, id or parameter that means nothing.
    #[error("{0}")]
    Invalid(String),
    /// No key of this account.
    #[error("Unknown apiKey or userId")]
    Unauthenticated,
    /// A key for other things.
    #[error("This apiKey has no access to the chat API")]
    Forbidden,
    /// Too many requests with this key.
    #[error("Too many requests")]
    RateLimited(RetryAfter),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

#[derive(Serialize)]
struct Body {
    result: &'static str,
    message: String,
    json: [(); 0],
    length: u64,
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(error) => status_of(error),
        }
    }

    fn message(&self, status: StatusCode) -> String {
        match self {
            Self::Store(store::Error::NotFound(Noun::Conversation)) => {
                "Unknown conversationID".to_owned()
            }
            Self::Store(store::Error::NotFound(Noun::Agent)) => "Unknown agentId".to_owned(),
            Self::Store(store::Error::NotFound(Noun::PageFilter)) => {
                "Unknown pageFilterId".to_owned()
            }
            Self::Store(_) if status.is_server_error() => own_failure(status),
            Self::Store(_) => "The request cannot be answered".to_owned(),
            Self::Invalid(_) | Self::Unauthenticated | Self::Forbidden | Self::RateLimited(_) => {
                self.to_string()
            }
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let wait = match &self {
            Self::RateLimited(wait) => Some(*wait),
            Self::Invalid(_) | Self::Unauthenticated | Self::Forbidden | Self::Store(_) => None,
        };
        let mut response = refuse(status, self.message(status), wait);
        response.extensions_mut().insert(Cause::new(self));
        response
    }
}

/// Says what went wrong around the handlers.
pub(super) fn render(failure: Failure) -> Response {
    let (status, message) = match failure {
        Failure::NotFound => (StatusCode::NOT_FOUND, "Unknown operation"),
        Failure::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Only GET is allowed"),
        Failure::MalformedUrl => (
            StatusCode::BAD_REQUEST,
            "The URL is not UTF-8 or holds a NUL",
        ),
        Failure::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
        Failure::RateLimited(wait) => {
            let message = "Too many requests".to_owned();
            return refuse(StatusCode::TOO_MANY_REQUESTS, message, Some(wait));
        }
        Failure::Timeout => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return refuse(status, own_failure(status), None);
        }
        Failure::Panic => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return refuse(status, own_failure(status), None);
        }
    };
    refuse(status, message.to_owned(), None)
}

fn refuse(status: StatusCode, message: String, wait: Option<RetryAfter>) -> Response {
    let body = Body {
        result: "error",
        message,
        json: [],
        length: 0,
    };
    let mut response = private((status, Json(body)).into_response());
    let unavailable = status == StatusCode::SERVICE_UNAVAILABLE;
    if let Some(RetryAfter(secs)) = wait.or(unavailable.then_some(RetryAfter(UNAVAILABLE_SECS))) {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(secs));
    }
    response
}

/// A failure of ours is told without its cause: the request's id finds it in the log.
fn own_failure(status: StatusCode) -> String {
    let what = if status == StatusCode::SERVICE_UNAVAILABLE {
        "The server cannot answer at the moment"
    } else {
        "The server failed"
    };
    match RequestId::current() {
        Some(id) => format!("{what} (request {id})"),
        None => what.to_owned(),
    }
}

fn status_of(error: &store::Error) -> StatusCode {
    match error {
        // It is named as a parameter, not as the thing that is asked for.
        store::Error::NotFound(Noun::PageFilter) | store::Error::Unstorable(_) => {
            StatusCode::BAD_REQUEST
        }
        store::Error::NotFound(_) => StatusCode::NOT_FOUND,
        store::Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        // Refusals of writes, of which this API has none.
        store::Error::Taken(_)
        | store::Error::IncomingRefused
        | store::Error::ChatEnded
        | store::Error::SessionMoved
        | store::Error::KeyReused
        | store::Error::Database(_)
        | store::Error::Migration(_)
        | store::Error::Document(_)
        | store::Error::Vault(_)
        | store::Error::Hash => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
