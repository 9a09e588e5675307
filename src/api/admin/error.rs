//! Why this API refuses, and its one body for it: a problem document.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::api::edge::{Cause, Failure, JsonFault, RequestId, RetryAfter};
use crate::flow::{Problems, PublishError};
use crate::store::{self, Field, Noun};

/// A result of this API.
pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// Seconds after which a database that is away may be back.
const DATABASE_PAUSE_SECS: u64 = 1;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No credential, or none that is known.
    #[error("a bearer token with the scope admin is needed")]
    Unauthenticated,
    /// The credential is known and does not open this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A path whose ids are no ids.
    #[error("nothing has this address")]
    NoSuchPath,
    /// The body is not what this request takes.
    #[error("{0}")]
    Body(#[from] JsonFault),
    /// A flow file that calls itself something else.
    #[error("the content type must be application/yaml or application/json")]
    NotAFlowFile,
    /// The flow file is not sound.
    #[error("the flow has problems")]
    Unsound(Problems),
    /// The body is well-formed and asks for what cannot be.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// Too many requests of one key, or refused credentials of one address.
    #[error(transparent)]
    RateLimited(#[from] RetryAfter),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The body of every refusal, in the form of RFC 9457.
#[derive(Debug, Serialize)]
struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    request_id: Option<String>,
    /// What is wrong with a flow file, line by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<FlowProblem>,
}

/// One thing that is wrong with a flow file.
#[derive(Debug, Serialize)]
pub(super) struct FlowProblem {
    line: Option<u64>,
    node: Option<String>,
    cause: String,
}

impl FlowProblem {
    pub(super) fn list(Problems(problems): &Problems) -> Vec<Self> {
        problems
            .iter()
            .map(|problem| Self {
                line: problem.line,
                node: problem.node.clone(),
                cause: problem.cause.clone(),
            })
            .collect()
    }
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::Body(fault) => match fault {
                JsonFault::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                JsonFault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                JsonFault::Empty
                | JsonFault::Incomplete
                | JsonFault::NotUtf8
                | JsonFault::Malformed(_) => StatusCode::BAD_REQUEST,
                JsonFault::Nul | JsonFault::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Self::NotAFlowFile => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unsound(_) | Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(error) => match error {
                store::Error::NotFound(_) => StatusCode::NOT_FOUND,
                store::Error::Taken(_)
                | store::Error::ChatEnded
                | store::Error::SessionMoved
                | store::Error::KeyReused => StatusCode::CONFLICT,
                store::Error::IncomingRefused | store::Error::Unstorable(_) => {
                    StatusCode::UNPROCESSABLE_ENTITY
                }
                store::Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                store::Error::Database(_)
                | store::Error::Migration(_)
                | store::Error::Document(_)
                | store::Error::Vault(_)
                | store::Error::Hash => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    /// What to mend. Says nothing of what broke on our side.
    fn detail(&self) -> String {
        match self {
            Self::Store(store::Error::NotFound(noun)) => {
                format!("this account has no such {}", name_of(*noun))
            }
            Self::Store(store::Error::Taken(field)) => {
                format!("this {} has already been taken", name_of_field(*field))
            }
            Self::Store(store::Error::Unavailable(_)) => {
                "the database does not answer; try again".to_owned()
            }
            _ if self.status().is_server_error() => "the server failed".to_owned(),
            _ => self.to_string(),
        }
    }
}

impl From<PublishError> for Error {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Unsound(problems) => Self::Unsound(problems),
            PublishError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let problems = match &self {
            Self::Unsound(problems) => FlowProblem::list(problems),
            _ => Vec::new(),
        };
        let mut response = problem(status, self.detail(), problems);
        let headers = response.headers_mut();
        match &self {
            Self::Unauthenticated => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Self::RateLimited(wait) => {
                headers.insert(RETRY_AFTER, wait.0.into());
            }
            Self::Store(store::Error::Unavailable(_)) => {
                headers.insert(RETRY_AFTER, DATABASE_PAUSE_SECS.into());
            }
            Self::Forbidden(_)
            | Self::NoSuchPath
            | Self::Body(_)
            | Self::NotAFlowFile
            | Self::Unsound(_)
            | Self::Invalid(_)
            | Self::Store(_) => {}
        }
        response.extensions_mut().insert(Cause::new(self));
        response
    }
}

/// The edge's refusals in this API's words.
pub(super) fn render(failure: Failure) -> Response {
    let (status, detail) = match failure {
        Failure::NotFound => return Error::NoSuchPath.into_response(),
        Failure::PayloadTooLarge => return Error::Body(JsonFault::TooLarge).into_response(),
        Failure::RateLimited(wait) => return Error::RateLimited(wait).into_response(),
        Failure::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "this address does not take this method",
        ),
        Failure::MalformedUrl => (
            StatusCode::BAD_REQUEST,
            "the URL must be UTF-8 without the NUL character",
        ),
        Failure::Timeout => (
            StatusCode::REQUEST_TIMEOUT,
            "the request was not answered in time",
        ),
        Failure::Panic => (StatusCode::INTERNAL_SERVER_ERROR, "the server failed"),
    };
    problem(status, detail.to_owned(), Vec::new())
}

fn problem(status: StatusCode, detail: String, problems: Vec<FlowProblem>) -> Response {
    let body = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail,
        request_id: RequestId::current().map(|id| id.to_string()),
        problems,
    };
    let mut response = (status, Json(body)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn name_of(noun: Noun) -> &'static str {
    match noun {
        Noun::Account => "account",
        Noun::Agent => "agent",
        Noun::Bot => "bot",
        Noun::BotApp => "app",
        Noun::CannedResponse => "canned response",
        Noun::Contact => "contact",
        Noun::ContactInbox => "contact inbox",
        Noun::Conversation => "conversation",
        Noun::CustomAttribute => "custom attribute",
        Noun::CustomFilter => "custom filter",
        Noun::Delivery => "delivery",
        Noun::DialogflowKey => "Dialogflow key",
        Noun::Endpoint => "endpoint",
        Noun::File => "file",
        Noun::Flow => "flow",
        Noun::Inbox => "inbox",
        Noun::Key => "key",
        Noun::Label => "label",
        Noun::Message => "message",
        Noun::Note => "note",
        Noun::PageFilter => "page filter",
        Noun::PlatformApp => "platform app",
        Noun::Stream => "chat",
        Noun::Team => "team",
        Noun::User => "user",
    }
}

fn name_of_field(field: Field) -> &'static str {
    match field {
        Field::AppId => "app id",
        Field::AttributeKey => "attribute key",
        Field::ContactEmail | Field::UserEmail => "e-mail address",
        Field::ContactPhoneNumber => "phone number",
        Field::ContactIdentifier => "identifier",
        Field::Membership => "place in the account",
        Field::LabelTitle => "label title",
        Field::ShortCode => "short code",
        Field::SourceId => "source id",
        Field::TeamName => "team name",
        Field::WebhookUrl => "webhook URL",
    }
}
