//! How this API reads a request: strictly. A field that it does not know is refused, since here it is a mistake.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use crate::api::edge::{ContentType, JsonFault, is_too_large, read_json};
use crate::model::{
    Channel, DeliveryState, Email, EventKind, MatchType, Name, Password, Role, Scope, WebUrl,
};
use crate::store::endpoints::ACCOUNT_EVENTS;

/// A body of JSON.
pub(super) struct Json<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self> {
        Ok(Self(read_json(request, ContentType::Json).await?))
    }
}

/// A flow file: YAML, of which JSON is a part.
pub(super) struct FlowFile(pub(super) String);

impl<S: Sync> FromRequest<S> for FlowFile {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self> {
        if !declares_flow(request.headers()) {
            return Err(Error::NotAFlowFile);
        }
        let body = match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if is_too_large(&error) => return Err(JsonFault::TooLarge.into()),
            Err(_) => return Err(JsonFault::Incomplete.into()),
        };
        match std::str::from_utf8(&body) {
            Ok(text) if text.contains('\0') => Err(JsonFault::Nul.into()),
            Ok(text) => Ok(Self(text.to_owned())),
            Err(_) => Err(JsonFault::NotUtf8.into()),
        }
    }
}

fn declares_flow(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase());
    matches!(
        essence.as_deref(),
        Some("application/json" | "application/yaml" | "application/x-yaml" | "text/yaml")
    )
}

/// Ids in the path. What is no number below 2^63 names nothing.
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(ids)| Self(ids))
            .map_err(|_| Error::NoSuchPath)
    }
}

/// What stands behind the question mark.
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection| Error::Invalid(rejection.body_text().into()))
    }
}

/// How long a page is, where nobody says.
const PAGE: i64 = 100;

/// How long a page may be.
const LONGEST_PAGE: i64 = 500;

/// How long a page is to be.
pub(super) fn limit(asked: Option<i64>) -> Result<i64> {
    match asked {
        None => Ok(PAGE),
        Some(limit @ 1..=LONGEST_PAGE) => Ok(limit),
        Some(_) => Err(Error::Invalid("limit: from 1 to 500".into())),
    }
}

/// A part of a list that may be long.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    data: Vec<T>,
    /// What to send as `after` for the next part; null if there is none.
    next: Option<String>,
}

impl<T> Page<T> {
    /// A full page has a next one, which may turn out empty.
    pub(super) fn new<U: Into<T>>(
        rows: Vec<U>,
        limit: i64,
        cursor: impl FnOnce(&U) -> String,
    ) -> Self {
        let full = i64::try_from(rows.len()) == Ok(limit);
        let next = rows.last().filter(|_| full).map(cursor);
        let data = rows.into_iter().map(Into::into).collect();
        Self { data, next }
    }
}

/// A list of things.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    data: Vec<T>,
}

impl<T, U: Into<T>> From<Vec<U>> for List<T> {
    fn from(rows: Vec<U>) -> Self {
        Self {
            data: rows.into_iter().map(Into::into).collect(),
        }
    }
}

pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Name::parse(&text)
        .map(Name::into_string)
        .map_err(D::Error::custom)
}

pub(super) fn optional_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| Name::parse(&text).map(Name::into_string))
        .transpose()
        .map_err(D::Error::custom)
}

pub(super) fn email<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Email, D::Error> {
    let text = String::deserialize(deserializer)?;
    Email::parse(&text).map_err(D::Error::custom)
}

pub(super) fn password<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Password, D::Error> {
    let text = SecretString::deserialize(deserializer)?;
    Password::parse(text).map_err(D::Error::custom)
}

pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    WebUrl::parse(&text)
        .map(WebUrl::into_string)
        .map_err(D::Error::custom)
}

pub(super) fn optional_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| WebUrl::parse(&text).map(WebUrl::into_string))
        .transpose()
        .map_err(D::Error::custom)
}

pub(super) fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    one_of(deserializer, Role::parse, Role::ALL)
}

pub(super) fn channel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Channel, D::Error> {
    one_of(deserializer, Channel::parse, Channel::ALL)
}

pub(super) fn optional_delivery_state<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DeliveryState>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) => DeliveryState::parse(&text)
            .map(Some)
            .ok_or_else(|| unknown(&text, DeliveryState::ALL)),
    }
}

pub(super) fn match_type<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<MatchType, D::Error> {
    one_of(deserializer, MatchType::parse, MatchType::ALL)
}

pub(super) fn scopes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Scope>, D::Error> {
    let mut scopes = Vec::new();
    for text in Vec::<String>::deserialize(deserializer)? {
        let scope = Scope::parse(&text).ok_or_else(|| unknown(&text, Scope::ALL))?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        return Err(D::Error::custom("a key opens at least one API"));
    }
    Ok(scopes)
}

/// What an integration of a whole account may hear of; all of it if nobody says.
pub(super) fn events<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<EventKind>>, D::Error> {
    let Some(texts) = Option::<Vec<String>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let mut events = Vec::new();
    for text in texts {
        let event = EventKind::parse(&text).filter(|event| ACCOUNT_EVENTS.contains(event));
        let event = event.ok_or_else(|| unknown(&text, &ACCOUNT_EVENTS))?;
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if events.is_empty() {
        return Err(D::Error::custom("an endpoint hears of at least one event"));
    }
    Ok(Some(events))
}

fn one_of<'de, D: Deserializer<'de>, T: std::fmt::Display>(
    deserializer: D,
    parse: fn(&str) -> Option<T>,
    all: &[T],
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| unknown(&text, all))
}

fn unknown<E: serde::de::Error, T: std::fmt::Display>(text: &str, all: &[T]) -> E {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    E::custom(format_args!("`{text}` is none of {}", all.join(", ")))
}
