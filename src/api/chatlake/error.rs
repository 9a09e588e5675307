//! Why this API refuses, in the shapes that its clients match on: there are five of them.

use axum::Json;
use axum::extract::multipart::MultipartError;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use super::wire::refusal::{InvalidRecord, Plain, RefusalBody, Stranger, Unsuccessful};
use crate::api::edge::{Cause, Failure, JsonFault, RequestId, RetryAfter, is_too_large};
use crate::api::files::Refusal;
use crate::files;
use crate::store::{self, Field};

pub(super) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("no credentials")]
    NoCredentials,
    /// Signing in failed.
    #[error("the e-mail address or the password is wrong")]
    SignInRefused,
    /// What a client shows signs nobody in, or not any more.
    #[error("the session is unknown or over")]
    UnknownSession,
    /// Nobody is there to be signed out.
    #[error("nobody is signed in")]
    NotSignedIn,
    #[error("the token is unknown")]
    UnknownToken,
    #[error("the token is no platform app's")]
    UnknownPlatformToken,
    /// A platform app reaches what it made.
    #[error("the platform app has not made this")]
    NotPermissible,
    #[error("the endpoint is closed to bots")]
    ClosedToBots,
    #[error("the caller is not of this account")]
    OtherAccount,
    #[error("the bot is not of this account")]
    OtherAccountsBot,
    #[error("the account is suspended")]
    Suspended,
    /// The role or the inbox is not the caller's.
    #[error("the caller may not do this")]
    NotPermitted,
    /// The hash that comes with an identifier is not of it.
    #[error("the identifier is not proved")]
    NotProved,
    #[error("there is no such record")]
    NotFound,
    /// The same, where the framework's own words say it.
    #[error("there is no such page")]
    NoPage,
    /// Nobody comes in that way; the answer is empty.
    #[error("no contact has this way into the inbox")]
    UnknownWay,
    /// Records that do not hold together: a message in full sentences, and the fields it is about.
    #[error("invalid record: {message}")]
    InvalidRecord {
        message: String,
        attributes: Vec<&'static str>,
    },
    /// A team's members must be of the account.
    #[error("a user is not of this account")]
    UnknownMembers,
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// Another system reports on messages only where it carries them.
    #[error("the inbox is no API inbox")]
    NoApiInbox,
    /// The same, where the vendor's servers do not say so: the answer is empty.
    #[error("the parameter {0} is missing, or another one is expected")]
    Unsaid(&'static str),
    /// Anything else that the client has to mend.
    #[error("refused: {0}")]
    Refused(String),
    /// Not even readable.
    #[error("unreadable request: {0}")]
    BadRequest(String),
    #[error("the body is of a type that is not read here")]
    ContentType,
    #[error("the body is too large")]
    TooLarge,
    #[error(transparent)]
    RateLimited(RetryAfter),
    /// The answer has no body.
    #[error("too many transcripts, {0}")]
    TooManyTranscripts(RetryAfter),
    #[error("more files than a message may have")]
    TooManyFiles,
    #[error("more messages than a conversation takes a minute")]
    TooManyMessages,
    #[error("a file cannot be kept")]
    Storage(#[source] files::Error),
    #[error(transparent)]
    Store(store::Error),
}

impl Error {
    /// One field that does not hold.
    pub(super) fn invalid(attribute: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidRecord {
            message: message.into(),
            attributes: vec![attribute],
        }
    }

    /// A form whose parts cannot be read.
    pub(super) fn unreadable(error: &MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE || is_too_large(error) {
            return Self::TooLarge;
        }
        Self::BadRequest(error.body_text())
    }

    /// As the creation of messages says it, where every refusal has one shape.
    pub(super) fn of_message(self) -> Self {
        match self {
            Self::InvalidRecord { message, .. } => {
                Self::Refused(format!("Validation failed: {message}"))
            }
            other => other,
        }
    }

    /// As visitors' clients are told it, to whom a message is a record like any other.
    pub(super) fn of_record(self) -> Self {
        let files =
            |sentence: &str| Self::invalid("attachments", format!("Attachments {sentence}"));
        match self {
            Self::TooManyMessages => Self::invalid("base", "Too many messages"),
            Self::TooManyFiles => files("exceeded maximum allowed"),
            Self::Storage(files::Error::TooLarge) => files("file size is too big"),
            Self::Storage(files::Error::Type(_)) => files("file type is not supported"),
            other => other,
        }
    }

    fn answer(&self) -> (StatusCode, RefusalBody) {
        match self {
            Self::NoCredentials => strange(),
            Self::SignInRefused => unsuccessful(
                StatusCode::UNAUTHORIZED,
                "Invalid login credentials. Please try again.",
            ),
            Self::UnknownSession => {
                unsuccessful(StatusCode::UNAUTHORIZED, "Invalid login credentials")
            }
            Self::NotSignedIn => unsuccessful(
                StatusCode::NOT_FOUND,
                "User was not found or was not logged in.",
            ),
            Self::UnknownToken => unauthorized("Invalid Access Token"),
            Self::UnknownPlatformToken => unauthorized("Invalid access_token"),
            Self::NotPermissible => unauthorized("Non permissible resource"),
            Self::ClosedToBots => {
                unauthorized("Access to this endpoint is not authorized for bots")
            }
            Self::OtherAccount => unauthorized("You are not authorized to access this account"),
            Self::OtherAccountsBot => unauthorized("Bot is not authorized to access this account"),
            Self::Suspended => unauthorized("Account is suspended"),
            Self::NotPermitted => unauthorized("You are not authorized to do this action"),
            Self::UnknownMembers => unauthorized("Invalid User IDs"),
            Self::NotProved => unauthorized("HMAC failed: Invalid Identifier Hash Provided"),
            Self::NoPage | Self::UnknownWay => plain(StatusCode::NOT_FOUND),
            Self::NotFound | Self::Store(store::Error::NotFound(_)) => (
                StatusCode::NOT_FOUND,
                RefusalBody::sentence("Resource could not be found"),
            ),
            Self::InvalidRecord {
                message,
                attributes,
            } => invalid(message, attributes),
            Self::Missing(name) => {
                refused(&format!("param is missing or the value is empty: {name}"))
            }
            Self::NoApiInbox => (
                StatusCode::FORBIDDEN,
                RefusalBody::sentence("Message status update is only allowed for API inboxes"),
            ),
            Self::Unsaid(_) => plain(StatusCode::UNPROCESSABLE_ENTITY),
            Self::Refused(text) => refused(text),
            Self::BadRequest(_) => plain(StatusCode::BAD_REQUEST),
            Self::ContentType => plain(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE),
            Self::RateLimited(_) | Self::TooManyTranscripts(_) => {
                plain(StatusCode::TOO_MANY_REQUESTS)
            }
            Self::TooManyFiles => {
                refused("Validation failed: Attachments exceeded maximum allowed")
            }
            Self::TooManyMessages => refused("Validation failed: Too many messages"),
            Self::Storage(error) => of_storage(error),
            Self::Store(error) => of_store(error),
        }
    }
}

fn unauthorized(text: &str) -> (StatusCode, RefusalBody) {
    (StatusCode::UNAUTHORIZED, RefusalBody::sentence(text))
}

fn refused(text: &str) -> (StatusCode, RefusalBody) {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    (status, RefusalBody::sentence(text))
}

fn strange() -> (StatusCode, RefusalBody) {
    let errors = ["You need to sign in or sign up before continuing."];
    let body = RefusalBody::Stranger(Stranger { errors });
    (StatusCode::UNAUTHORIZED, body)
}

fn invalid(message: &str, attributes: &[&'static str]) -> (StatusCode, RefusalBody) {
    let body = InvalidRecord {
        message: message.to_owned(),
        attributes: attributes.to_vec(),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    (status, RefusalBody::InvalidRecord(body))
}

/// As whatever is about sessions says it.
fn unsuccessful(status: StatusCode, text: &'static str) -> (StatusCode, RefusalBody) {
    let body = Unsuccessful {
        success: false,
        errors: [text],
    };
    (status, RefusalBody::Unsuccessful(body))
}

/// What the store refuses or fails at. The compiler asks here whenever it learns a new way to.
fn of_store(error: &store::Error) -> (StatusCode, RefusalBody) {
    match error {
        store::Error::NotFound(_) => Error::NotFound.answer(),
        store::Error::Taken(field) => taken(*field),
        store::Error::IncomingRefused => {
            refused("Incoming messages are only allowed in Api inboxes")
        }
        store::Error::ChatEnded => refused("The conversation has ended"),
        store::Error::SessionMoved => (
            StatusCode::CONFLICT,
            RefusalBody::sentence("The conversation was changed by another request"),
        ),
        store::Error::KeyReused => refused("Idempotency-Key was used for another request"),
        store::Error::Unstorable(_) => refused("Validation failed: a value cannot be stored"),
        store::Error::Unavailable(_) => failed(StatusCode::SERVICE_UNAVAILABLE),
        store::Error::Database(_)
        | store::Error::Migration(_)
        | store::Error::Document(_)
        | store::Error::Vault(_)
        | store::Error::Hash => failed(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// What is wrong with a file, or with where it goes.
fn of_storage(error: &files::Error) -> (StatusCode, RefusalBody) {
    match error {
        files::Error::TooLarge => refused("Validation failed: Attachments file size is too big"),
        files::Error::Type(_) => {
            refused("Validation failed: Attachments file type is not supported")
        }
        files::Error::Missing
        | files::Error::Unset(_)
        | files::Error::Folder { .. }
        | files::Error::Storage(_) => failed(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn taken(field: Field) -> (StatusCode, RefusalBody) {
    let (name, attribute) = match field {
        Field::ContactEmail | Field::UserEmail => ("Email", "email"),
        Field::ContactPhoneNumber => ("Phone number", "phone_number"),
        Field::ContactIdentifier => ("Identifier", "identifier"),
        Field::Membership => ("User", "user_id"),
        Field::AttributeKey => ("Attribute key", "attribute_key"),
        Field::LabelTitle => ("Title", "title"),
        Field::ShortCode => ("Short code", "short_code"),
        Field::TeamName => ("Name", "name"),
        Field::WebhookUrl => ("Url", "url"),
        Field::AppId => ("App", "app_id"),
        Field::SourceId => return Error::Refused("source_id should be unique".to_owned()).answer(),
    };
    Error::invalid(attribute, format!("{name} has already been taken")).answer()
}

/// The framework's own words, where no handler had any.
fn plain(status: StatusCode) -> (StatusCode, RefusalBody) {
    in_its_words(status, None)
}

/// A failure of ours: the client gets a number to complain with, and nothing of the cause.
fn failed(status: StatusCode) -> (StatusCode, RefusalBody) {
    in_its_words(status, RequestId::current().map(|id| id.to_string()))
}

fn in_its_words(status: StatusCode, request_id: Option<String>) -> (StatusCode, RefusalBody) {
    let body = Plain {
        status: status.as_u16(),
        error: status.canonical_reason().unwrap_or_default(),
        request_id,
    };
    (status, RefusalBody::Plain(body))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, body) = self.answer();
        let mut response = match self {
            Self::RateLimited(wait) => render(Failure::RateLimited(wait)),
            Self::TooManyTranscripts(wait) => {
                (status, [(RETRY_AFTER, wait.0.to_string())]).into_response()
            }
            Self::Unsaid(_) | Self::UnknownWay => status.into_response(),
            _ => (status, Json(body)).into_response(),
        };
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, 1.into());
        }
        response.extensions_mut().insert(Cause::new(self));
        response
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Body(error) => match error.downcast_ref::<MultipartError>() {
                Some(error) => Self::unreadable(error),
                None => Self::BadRequest(error.to_string()),
            },
            Refusal::File(error) => Self::Storage(error),
            Refusal::Store(error) => Self::Store(error),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<RetryAfter> for Error {
    fn from(wait: RetryAfter) -> Self {
        Self::RateLimited(wait)
    }
}

impl From<JsonFault> for Error {
    fn from(fault: JsonFault) -> Self {
        match fault {
            JsonFault::ContentType => Self::ContentType,
            JsonFault::TooLarge => Self::TooLarge,
            JsonFault::Invalid { .. } => Self::Refused(fault.to_string()),
            JsonFault::Empty
            | JsonFault::Incomplete
            | JsonFault::NotUtf8
            | JsonFault::Malformed(_)
            | JsonFault::Nul => Self::BadRequest(fault.to_string()),
        }
    }
}

/// Refuses what never reached a handler.
pub(super) fn render(failure: Failure) -> Response {
    let (status, body) = match failure {
        Failure::NotFound => Error::NotFound.answer(),
        Failure::MethodNotAllowed => plain(StatusCode::METHOD_NOT_ALLOWED),
        Failure::MalformedUrl => plain(StatusCode::BAD_REQUEST),
        Failure::PayloadTooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE),
        Failure::Timeout => plain(StatusCode::REQUEST_TIMEOUT),
        Failure::Panic => failed(StatusCode::INTERNAL_SERVER_ERROR),
        Failure::RateLimited(wait) => {
            let wait = [(RETRY_AFTER, wait.0.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, wait, "Retry later\n").into_response();
        }
    };
    (status, Json(body)).into_response()
}
