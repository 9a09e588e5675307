//! The body of a request, into the type that its handler takes: JSON, a form, or the parts of a multipart form.
//!
//! Forms become the JSON that they spell, so that every body is checked and read in one way. Some bodies stand under the
//! name of what they describe ([`Wrapped`]).

use axum::body::{Body, Bytes};
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, OriginalUri, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::{Error, Result};
use super::{NAME, Server, fields};
use crate::api::edge::{is_too_large, parse_json};
use crate::store::Once;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest name that a client may give a write.
const MAX_KEY: usize = 255;

/// What a body says, and the name that its client gave to this write.
#[derive(Debug)]
pub(super) struct Params<T> {
    pub(super) value: T,
    pub(super) once: Option<Once>,
}

/// What a body says whose fields stand under the name of what they describe. In JSON they may also stand at the top.
#[derive(Debug)]
pub(super) struct Wrapped<T> {
    pub(super) value: T,
    pub(super) once: Option<Once>,
}

/// A body that stands under a name.
pub(super) trait Wrap: DeserializeOwned {
    /// The name.
    const NAME: &'static str;
}

/// A body that was read, and not yet understood.
struct Raw {
    form: Form,
    /// Its fields, as one object.
    json: Bytes,
    once: Option<Once>,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    UrlEncoded,
    Multipart,
}

impl<T: DeserializeOwned> FromRequest<Server> for Params<T> {
    type Rejection = Error;

    async fn from_request(request: Request, server: &Server) -> Result<Self> {
        let raw = Raw::read(request, server).await?;
        Ok(Self {
            value: parse_json(&raw.json)?,
            once: raw.once,
        })
    }
}

impl<T: Wrap> FromRequest<Server> for Wrapped<T> {
    type Rejection = Error;

    async fn from_request(request: Request, server: &Server) -> Result<Self> {
        let raw = Raw::read(request, server).await?;
        Ok(Self {
            value: parse_json(unwrap(&raw, T::NAME)?.to_string().as_bytes())?,
            once: raw.once,
        })
    }
}

/// What stands under the name; all of it, where the name is left out of JSON.
fn unwrap(raw: &Raw, name: &'static str) -> Result<Value> {
    let mut fields: Map<String, Value> = parse_json(&raw.json)?;
    let inner = match fields.remove(name) {
        Some(inner) => inner,
        None if raw.form == Form::Json => Value::Object(fields),
        None => Value::Null,
    };
    let is_empty = match &inner {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if is_empty {
        return Err(Error::Missing(name));
    }
    Ok(inner)
}

impl Raw {
    async fn read(request: Request, server: &Server) -> Result<Self> {
        let form = Form::of(request.headers())?;
        let key = idempotency_key(request.headers())?;
        let method = request.method().to_string();
        let path = match request.extensions().get::<OriginalUri>() {
            Some(OriginalUri(uri)) => uri.path().to_owned(),
            None => request.uri().path().to_owned(),
        };
        let json = match form {
            Form::Json => collect(request.into_body()).await?,
            Form::UrlEncoded => {
                let form = collect(request.into_body()).await?;
                if std::str::from_utf8(&form).is_err() {
                    return Err(Error::BadRequest("the body is not UTF-8".to_owned()));
                }
                to_json(fields::parse_form(&form))?
            }
            Form::Multipart => to_json(read_parts(request, server).await?)?,
        };
        let json = if json.trim_ascii().is_empty() {
            Bytes::from_static(b"{}")
        } else {
            json
        };
        let request = [method.as_bytes(), path.as_bytes(), &json];
        let once = key.map(|key| Once::new(NAME, key, &request));
        Ok(Self { form, json, once })
    }
}

impl Form {
    /// What a body without a type is, is seen when it is read.
    fn of(headers: &HeaderMap) -> Result<Self> {
        let Some(value) = headers.get(CONTENT_TYPE) else {
            return Ok(Self::Json);
        };
        let value = value.to_str().unwrap_or_default();
        let essence = value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Ok(Self::UrlEncoded),
            "multipart/form-data" => Ok(Self::Multipart),
            "application/json" | "text/json" => Ok(Self::Json),
            other if other.starts_with("application/") && other.ends_with("+json") => {
                Ok(Self::Json)
            }
            _ => Err(Error::ContentType),
        }
    }
}

async fn collect(body: Body) -> Result<Bytes> {
    match body.collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if is_too_large(&error) => Err(Error::TooLarge),
        Err(_) => Err(Error::BadRequest("the body is incomplete".to_owned())),
    }
}

fn to_json(pairs: Vec<(String, String)>) -> Result<Bytes> {
    let fields = fields::nest(pairs)?;
    Ok(Bytes::from(Value::Object(fields).to_string()))
}

/// The texts of a multipart form. A file is refused: there is nowhere to keep one yet.
async fn read_parts(request: Request, server: &Server) -> Result<Vec<(String, String)>> {
    let mut parts = Multipart::from_request(request, server)
        .await
        .map_err(|rejection| Error::BadRequest(rejection.body_text()))?;
    let mut pairs = Vec::new();
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|error| unreadable(&error))?
    {
        let name = part.name().unwrap_or_default().to_owned();
        let is_file = part.file_name().is_some();
        let content = part.bytes().await.map_err(|error| unreadable(&error))?;
        if is_file && !content.is_empty() {
            return Err(Error::Refused(format!("{name}: files are not taken yet")));
        }
        let Ok(text) = String::from_utf8(content.into()) else {
            return Err(Error::BadRequest(format!("{name}: not UTF-8")));
        };
        if !is_file {
            pairs.push((name, text));
        }
    }
    Ok(pairs)
}

pub(super) fn unreadable(error: &MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE || is_too_large(error) {
        return Error::TooLarge;
    }
    Error::BadRequest(error.body_text())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if (1..=MAX_KEY).contains(&key.len()) => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => Err(Error::Refused(format!(
            "Idempotency-Key must have 1 to {MAX_KEY} plain characters"
        ))),
    }
}
