//! The name of one request, by which a client's complaint and a log line find each other.

use std::convert::Infallible;
use std::fmt;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Longest id taken from a client.
const MAX_LEN: usize = 64;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The client's `x-request-id`, or one made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// Where the id is taken from and given back.
    pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

    /// Takes the client's id if it is short and plain, since it goes into logs; else makes one.
    pub fn of(headers: &HeaderMap) -> Self {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        match headers.get(Self::HEADER) {
            Some(id) if (1..=MAX_LEN).contains(&id.len()) && id.as_bytes().iter().all(plain) => {
                Self(id.clone())
            }
            Some(_) | None => Self::fresh(),
        }
    }

    /// A new id; newer ones sort later.
    pub fn fresh() -> Self {
        Self(HeaderValue::from_str(&Uuid::now_v7().to_string()).expect("a UUID is plain ASCII"))
    }

    /// The id of the request that this task is answering, for bodies of errors, which are made out of its sight.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Runs `future` as part of the answer to this request.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As the value of the header.
    pub fn to_header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::current().unwrap_or_else(|| Self::of(&parts.headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &[u8]) -> RequestId {
        let value = HeaderValue::from_bytes(value).unwrap();
        RequestId::of(&HeaderMap::from_iter([(RequestId::HEADER, value)]))
    }

    #[test]
    fn a_plain_id_is_kept_and_any_other_is_replaced() {
        assert_eq!(of(b"order-66_a.b").as_str(), "order-66_a.b");
        for odd in [&b""[..], b"a b", b"a\"b", b"\xff", &[b'a'; MAX_LEN + 1]] {
            assert_eq!(of(odd).as_str().len(), 36, "{odd:?}");
        }
    }
}
