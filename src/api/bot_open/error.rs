//! How this API refuses, and the extractors that refuse in its words.

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::edge::{Cause, ContentType, Failure, JsonFault, RequestId, RetryAfter, read_json};
use crate::store;

pub(super) type Result<T> = std::result::Result<T, Error>;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// Something in the request is not what it must be.
    #[error("{0}")]
    Invalid(String),
    /// The body cannot be read.
    #[error("{0}")]
    Body(#[from] JsonFault),
    /// Unknown app or wrong secret: which of the two is not told.
    #[error("appId or appSecret is wrong")]
    LoginRefused,
    /// The app may not be used.
    #[error("this app is disabled")]
    AppDisabled,
    /// The request needs a token that is good.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// Nobody goes by this id.
    #[error("no user has this botUserId")]
    UnknownUser,
    /// Refused around the handlers.
    #[error("refused: {0:?}")]
    Edge(Failure),
    /// Refused by the store, or its failure.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A token could not be made.
    #[error("a token cannot be signed")]
    Token(#[from] jsonwebtoken::errors::Error),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    status_code: u16,
    error: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// Says a refusal of the edge in this API's words.
pub(super) fn render(failure: Failure) -> Response {
    Error::Edge(failure).into_response()
}

impl Error {
    /// Too many requests.
    pub(super) fn too_many(wait: RetryAfter) -> Self {
        Self::Edge(Failure::RateLimited(wait))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) | Self::LoginRefused => StatusCode::BAD_REQUEST,
            Self::Body(fault) => match fault {
                JsonFault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                JsonFault::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                JsonFault::Empty
                | JsonFault::Incomplete
                | JsonFault::NotUtf8
                | JsonFault::Malformed(_)
                | JsonFault::Nul
                | JsonFault::Invalid { .. } => StatusCode::BAD_REQUEST,
            },
            Self::AppDisabled => StatusCode::CONFLICT,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::UnknownUser => StatusCode::NOT_FOUND,
            Self::Edge(failure) => match failure {
                Failure::NotFound => StatusCode::NOT_FOUND,
                Failure::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
                Failure::MalformedUrl => StatusCode::BAD_REQUEST,
                Failure::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                Failure::Timeout => StatusCode::REQUEST_TIMEOUT,
                Failure::Panic => StatusCode::INTERNAL_SERVER_ERROR,
                Failure::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            },
            Self::Store(error) => match error {
                store::Error::NotFound(_) => StatusCode::NOT_FOUND,
                store::Error::Taken(_)
                | store::Error::IncomingRefused
                | store::Error::ChatEnded
                | store::Error::SessionMoved
                | store::Error::KeyReused => StatusCode::CONFLICT,
                store::Error::Unstorable(_) => StatusCode::BAD_REQUEST,
                store::Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                store::Error::Database(_)
                | store::Error::Migration(_)
                | store::Error::Document(_)
                | store::Error::Vault(_)
                | store::Error::Hash => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Token(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What to mend; of a failure of ours nothing but that it is one.
    fn message(&self, status: StatusCode) -> String {
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return "the server cannot answer now, try again later".to_owned();
        }
        if status.is_server_error() {
            return "the server failed".to_owned();
        }
        match self {
            Self::Edge(failure) => refusal(*failure).to_owned(),
            Self::Invalid(_)
            | Self::Body(_)
            | Self::LoginRefused
            | Self::AppDisabled
            | Self::Unauthenticated(_)
            | Self::UnknownUser
            | Self::Store(_)
            | Self::Token(_) => self.to_string(),
        }
    }

    fn retry_after(&self) -> Option<HeaderValue> {
        if let Self::Edge(Failure::RateLimited(RetryAfter(secs))) = self {
            Some((*secs).into())
        } else if let Self::Store(store::Error::Unavailable(_)) = self {
            Some(HeaderValue::from_static("1"))
        } else {
            None
        }
    }
}

fn refusal(failure: Failure) -> &'static str {
    match failure {
        Failure::NotFound => "there is nothing at this path",
        Failure::MethodNotAllowed => "this path does not take this method",
        Failure::MalformedUrl => "path and query must be UTF-8 without NUL",
        Failure::PayloadTooLarge => "the body is too large",
        Failure::Timeout => "the request took too long",
        Failure::Panic => "the server failed",
        Failure::RateLimited(_) => "too many requests, try again later",
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let ours = status.is_server_error();
        let body = ErrorBody {
            status_code: status.as_u16(),
            error: status.canonical_reason().unwrap_or_default(),
            message: self.message(status),
            request_id: RequestId::current()
                .filter(|_| ours)
                .map(|id| id.to_string()),
        };
        let mut response = (status, axum::Json(body)).into_response();
        if let Some(wait) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, wait);
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        // The texts of refusals quote the request, which is not for the log.
        if ours {
            response.extensions_mut().insert(Cause::new(self));
        }
        response
    }
}

impl From<QueryRejection> for Error {
    fn from(rejection: QueryRejection) -> Self {
        Self::Invalid(rejection.body_text())
    }
}

impl From<PathRejection> for Error {
    fn from(rejection: PathRejection) -> Self {
        Self::Invalid(rejection.body_text())
    }
}

/// The parameters of the query.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Error))]
pub(super) struct Query<T>(pub(super) T);

/// The parameters of the path.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Error))]
pub(super) struct Path<T>(pub(super) T);

/// A body of JSON, whatever it calls itself; or one to answer with.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self> {
        Ok(Self(read_json(request, ContentType::Any).await?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}
