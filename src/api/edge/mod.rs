//! What every API needs of HTTP and none may say in its own words: limits, time-outs, unknown paths, panics, request
//! ids, the reading of JSON. It names no API; an API hands in how it renders a [`Failure`] and wraps its routes in
//! [`Api`].

mod guard;
mod json;
mod rate;
mod request_id;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::response::Response;

pub use guard::{FileLimits, Limits, guard, is_too_large};
pub use json::{ContentType, JsonFault, parse_json, read_json};
pub use rate::{RateLimiter, RetryAfter};
pub use request_id::RequestId;

/// Why a request was refused before, beside or after its handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No route has this path.
    NotFound,
    /// The path is known, the method is not. The `Allow` header is added to the answer.
    MethodNotAllowed,
    /// Path or query hold a NUL or are not UTF-8.
    MalformedUrl,
    /// The body is larger than the server takes.
    PayloadTooLarge,
    /// The request was not answered in time.
    Timeout,
    /// The handler panicked.
    Panic,
    /// More requests than allowed.
    RateLimited(RetryAfter),
}

/// Says a [`Failure`] in an API's own status and body. [`RequestId::current`] is there to be shown.
pub type Render = fn(Failure) -> Response;

/// One API, ready to be mounted.
pub struct Api {
    /// Its routes as the vendor documents them.
    pub routes: Router,
    /// Where the same routes are served once more, as in `/vendor`.
    pub prefix: &'static str,
    /// Paths, as in `/message`, below which an unknown path is refused in this API's words.
    pub owns: &'static [&'static str],
    /// Whether multipart requests may be as large, and take as long, as files do.
    pub takes_files: bool,
    /// Those words.
    pub render: Render,
}

/// Why an answer is a failure, for the log. An API's error puts it into the extensions of its response.
#[derive(Debug, Clone)]
pub struct Cause(pub Arc<dyn Error + Send + Sync>);

impl Cause {
    /// Keeps `error` for the log.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

/// Where a request comes from: the peer, or whom a trusted proxy names. In the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address as the key of a [`RateLimiter`]: a whole /64 is one client, as it is handed out to one.
    pub fn rate_key(parts: &Parts) -> Option<String> {
        match parts.extensions.get::<Self>()?.0 {
            address if address.is_loopback() => None,
            IpAddr::V4(address) => Some(address.to_string()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Some(format!("{a:x}:{b:x}:{c:x}:{d:x}"))
            }
        }
    }
}
