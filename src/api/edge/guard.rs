//! The limits around an API's routes, each refusal in the API's own words.

use std::any::Any;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;
use http_body_util::{LengthLimitError, Limited};
use tower_http::catch_panic::CatchPanicLayer;

use super::{Cause, ClientAddress, Failure, RateLimiter, Render};

/// What a request may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Largest body.
    pub body_bytes: usize,
    /// From the head of the request to the head of the answer.
    pub request_timeout: Duration,
    /// Requests by client address.
    pub by_address: Arc<RateLimiter>,
    /// What multipart requests may take instead, where files are taken.
    pub files: Option<FileLimits>,
}

/// What a request with files may take. Whoever reads one keeps its files out of memory and counts its texts.
#[derive(Debug, Clone, Copy)]
pub struct FileLimits {
    /// Largest body.
    pub body_bytes: usize,
    /// From the head of the request to the head of the answer.
    pub request_timeout: Duration,
}

impl Limits {
    fn of(&self, headers: &HeaderMap) -> FileLimits {
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let is_multipart = content_type.is_some_and(|value| {
            value
                .get(..MULTIPART.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(MULTIPART))
        });
        let plain = FileLimits {
            body_bytes: self.body_bytes,
            request_timeout: self.request_timeout,
        };
        self.files.filter(|_| is_multipart).unwrap_or(plain)
    }
}

const MULTIPART: &str = "multipart/form-data";

#[derive(Clone)]
struct Guard {
    limits: Limits,
    render: Render,
}

/// Puts `limits` around `routes` and lets `render` say every refusal, that of a wrong method included.
///
/// Unknown paths are not refused here: routers that are merged share one fallback, which the assembly provides.
pub fn guard(routes: Router, render: Render, limits: &Limits) -> Router {
    let state = Guard {
        limits: limits.clone(),
        render,
    };
    routes
        .method_not_allowed_fallback(move || async move { render(Failure::MethodNotAllowed) })
        .layer(CatchPanicLayer::custom(
            move |panic: Box<dyn Any + Send>| panicked(render, &*panic),
        ))
        .layer(middleware::from_fn_with_state(state, refuse))
        // The limit above holds for every extractor; axum's own is another number.
        .layer(DefaultBodyLimit::disable())
}

async fn refuse(
    State(Guard { limits, render }): State<Guard>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(address) = ClientAddress::rate_key(&parts)
        && let Err(wait) = limits.by_address.check(&address)
    {
        return render(Failure::RateLimited(wait));
    }
    if !is_clean(&parts.uri) {
        return render(Failure::MalformedUrl);
    }
    let FileLimits {
        body_bytes,
        request_timeout,
    } = limits.of(&parts.headers);
    if announced_bytes(&parts.headers).is_some_and(|bytes| bytes > body_bytes as u64) {
        return render(Failure::PayloadTooLarge);
    }
    let body = Body::new(Limited::new(body, body_bytes));
    let answer = next.run(Request::from_parts(parts, body));
    match tokio::time::timeout(request_timeout, answer).await {
        Ok(response) => response,
        Err(_) => render(Failure::Timeout),
    }
}

/// Whether reading a body failed because it went over the limit.
pub fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (**error).source())
        .any(|error| error.is::<LengthLimitError>())
}

fn announced_bytes(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn panicked(render: Render, panic: &(dyn Any + Send)) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let mut response = render(Failure::Panic);
    response
        .extensions_mut()
        .insert(Cause::new(format!("panicked: {message}")));
    response
}

/// Whether path and query are UTF-8 without NUL once they are decoded: the store takes nothing else.
fn is_clean(uri: &Uri) -> bool {
    [uri.path(), uri.query().unwrap_or_default()]
        .into_iter()
        .all(|text| {
            let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'%';
            if text.as_bytes().iter().all(is_plain) {
                return true;
            }
            let decoded = decode(text.as_bytes());
            !decoded.contains(&0) && std::str::from_utf8(&decoded).is_ok()
        })
}

fn decode(mut text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(text.len());
    while let [byte, rest @ ..] = text {
        text = rest;
        match rest {
            [high, low, rest @ ..] if *byte == b'%' => match (digit(high), digit(low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    text = rest;
                }
                _ => decoded.push(*byte),
            },
            _ => decoded.push(*byte),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_the_store_takes_is_clean() {
        for clean in ["/a/%C3%A9?x=%25+%", "/100%/%zz?%4", "/"] {
            assert!(is_clean(&Uri::try_from(clean).unwrap()), "{clean}");
        }
        for unclean in ["/a%00", "/a?x=%00", "/%ff", "/?q=%E9"] {
            assert!(!is_clean(&Uri::try_from(unclean).unwrap()), "{unclean}");
        }
    }
}
