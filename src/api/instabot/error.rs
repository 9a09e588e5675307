//! Refusals: a code and a sentence.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::edge::{Cause, Failure, JsonFault, RequestId, RetryAfter};
use crate::store::{self, Noun};

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// Seconds after which a client may try again when the server cannot answer.
const UNAVAILABLE_SECS: u64 = 5;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A body that is not what the operation takes.
    #[error("{0}")]
    Invalid(String),
    /// A body larger than the server takes.
    #[error("the body is too large")]
    TooLarge,
    /// No key, or one that was revoked, or one of a suspended account.
    #[error("apiKey is unknown or revoked")]
    InvalidApiKey,
    /// A key for other things.
    #[error("apiKey has no access to the Chat API")]
    Forbidden,
    /// Nobody has this e-mail address.
    #[error("no user has this email")]
    UserNotFound,
    /// Too many requests with this key.
    #[error("too many requests with this apiKey")]
    RateLimited(RetryAfter),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    api_status_code: &'static str,
    api_status_message: String,
}

/// A status, its code, and the sentence that goes with it.
type Refusal = (StatusCode, &'static str, String);

impl Error {
    fn refusal(&self) -> Refusal {
        let (status, code) = match self {
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "InvalidRequest"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "TooLarge"),
            Self::InvalidApiKey => (StatusCode::UNAUTHORIZED, "InvalidApiKey"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::UserNotFound => (StatusCode::NOT_FOUND, "UserNotFound"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "RateLimited"),
            Self::Store(error) => return store_refusal(error),
        };
        (status, code, self.to_string())
    }
}

fn store_refusal(error: &store::Error) -> Refusal {
    let (status, code, message) = match error {
        store::Error::NotFound(Noun::Bot) => (
            StatusCode::NOT_FOUND,
            "BotNotFound",
            "no bot has this botId",
        ),
        store::Error::NotFound(Noun::Flow | Noun::Inbox) => (
            StatusCode::NOT_FOUND,
            "BotNotFound",
            "the bot has no published flow or serves no inbox",
        ),
        store::Error::NotFound(_) => (
            StatusCode::NOT_FOUND,
            "StreamNotFound",
            "no chat has this streamId",
        ),
        store::Error::ChatEnded => (
            StatusCode::CONFLICT,
            "ChatEnded",
            "the chat has ended: start another one",
        ),
        store::Error::KeyReused => (
            StatusCode::CONFLICT,
            "IdempotencyKeyReused",
            "the Idempotency-Key came with another request before",
        ),
        store::Error::Unstorable(_) => (
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "a value is too long or cannot be stored",
        ),
        store::Error::SessionMoved | store::Error::Unavailable(_) => return unavailable(),
        store::Error::Taken(_)
        | store::Error::IncomingRefused
        | store::Error::Database(_)
        | store::Error::Migration(_)
        | store::Error::Document(_)
        | store::Error::Vault(_)
        | store::Error::Hash => return internal(),
    };
    (status, code, message.to_owned())
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let wait = match &self {
            Self::RateLimited(wait) => Some(*wait),
            Self::Invalid(_)
            | Self::TooLarge
            | Self::InvalidApiKey
            | Self::Forbidden
            | Self::UserNotFound
            | Self::Store(_) => None,
        };
        let mut response = refuse(self.refusal(), wait);
        response.extensions_mut().insert(Cause::new(self));
        response
    }
}

impl From<JsonFault> for Error {
    fn from(fault: JsonFault) -> Self {
        match fault {
            JsonFault::TooLarge => Self::TooLarge,
            JsonFault::ContentType
            | JsonFault::Empty
            | JsonFault::Incomplete
            | JsonFault::NotUtf8
            | JsonFault::Malformed(_)
            | JsonFault::Nul
            | JsonFault::Invalid { .. } => Self::Invalid(fault.to_string()),
        }
    }
}

/// Says what went wrong around the handlers.
pub(super) fn render(failure: Failure) -> Response {
    let (status, code, message) = match failure {
        Failure::NotFound => (StatusCode::NOT_FOUND, "NotFound", "no such operation"),
        Failure::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "only POST is allowed",
        ),
        Failure::MalformedUrl => (
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "the URL is not UTF-8 or holds a NUL",
        ),
        Failure::PayloadTooLarge => return Error::TooLarge.into_response(),
        Failure::RateLimited(wait) => {
            let message = "too many requests from this address".to_owned();
            let refusal = (StatusCode::TOO_MANY_REQUESTS, "RateLimited", message);
            return refuse(refusal, Some(wait));
        }
        Failure::Timeout => return refuse(unavailable(), None),
        Failure::Panic => return refuse(internal(), None),
    };
    refuse((status, code, message.to_owned()), None)
}

fn refuse((status, code, message): Refusal, wait: Option<RetryAfter>) -> Response {
    let body = Body {
        api_status_code: code,
        api_status_message: message,
    };
    let mut response = (status, Json(body)).into_response();
    let unavailable = status == StatusCode::SERVICE_UNAVAILABLE;
    if let Some(RetryAfter(secs)) = wait.or(unavailable.then_some(RetryAfter(UNAVAILABLE_SECS))) {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(secs));
    }
    response
}

fn unavailable() -> Refusal {
    let message = own_failure("the server cannot answer at the moment");
    (StatusCode::SERVICE_UNAVAILABLE, "Unavailable", message)
}

fn internal() -> Refusal {
    let message = own_failure("the server failed");
    (StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
}

/// A failure of ours is told without its cause: the request's id finds it in the log.
fn own_failure(what: &str) -> String {
    match RequestId::current() {
        Some(id) => format!("{what} (request {id})"),
        None => what.to_owned(),
    }
}
