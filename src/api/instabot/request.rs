//! Reading a request: its body as JSON, and the name that its client gave it.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::{Error, Instabot, Result};
use crate::api::edge::{is_too_large, parse_json};
use crate::store::Once;

/// The name of this API's idempotency keys.
const API: &str = "instabot";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// A request's body before anything is known of it.
pub(super) struct Raw {
    path: String,
    key: Option<String>,
    body: Bytes,
}

impl Raw {
    /// The body as one of the shapes that the operation takes.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(parse_json(&self.body)?)
    }

    /// The write that this request names, if it names one.
    pub(super) fn once(&self) -> Option<Once> {
        let key = self.key.clone()?;
        Some(Once::new(API, key, &[self.path.as_bytes(), &self.body]))
    }
}

impl FromRequest<Instabot> for Raw {
    type Rejection = Error;

    async fn from_request(request: Request, _: &Instabot) -> Result<Self> {
        let key = idempotency_key(request.headers())?;
        let path = request.uri().path().to_owned();
        let body = match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if is_too_large(&error) => return Err(Error::TooLarge),
            Err(_) => return Err(Error::Invalid("the body is incomplete".to_owned())),
        };
        Ok(Self { path, key, body })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    key.to_str()
        .ok()
        .filter(|key| (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()))
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            Error::Invalid("Idempotency-Key must be 1 to 255 visible characters".to_owned())
        })
}
