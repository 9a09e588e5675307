//! The body of a request, which may be JSON, a form, or the parts of a multipart form with files among them.
//!
//! Forms become the JSON that they spell, so that every body is checked and read in one way. It is read by the handler
//! and not on the way to it: whose the files in it are is known only there.

use std::marker::PhantomData;

use axum::body::{Body as RawBody, Bytes};
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, OriginalUri, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Error, Result};
use super::{NAME, Server, fields};
use crate::api::edge::{is_too_large, parse_json};
use crate::api::files::Source;
use crate::model::{AccountId, Blob};
use crate::store::Once;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest name that a client may give a write.
const MAX_KEY: usize = 255;

/// As much text as a multipart form may hold. Files are not counted: they are not held in memory.
const MAX_TEXT_BYTES: usize = 1_048_576;

/// The most parts of a multipart form.
const MAX_PARTS: usize = 1000;

/// A body that is still to be read, and then says `T`.
#[derive(Debug)]
pub(super) struct Body<T> {
    pub(super) request: Request,
    says: PhantomData<fn() -> T>,
}

/// What a body says, the files in it, and the name that its client gave to this write.
#[derive(Debug)]
pub(super) struct Received<T> {
    pub(super) value: T,
    pub(super) once: Option<Once>,
    pub(super) files: Vec<Blob>,
}

/// A body that was read, and not yet understood.
pub(super) struct Raw {
    pub(super) form: Form,
    /// Its fields, as one object.
    pub(super) json: Bytes,
    pub(super) once: Option<Once>,
    pub(super) files: Vec<Blob>,
}

/// Where files may be in a multipart form, how many, and whose they will be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking {
    /// The name of the part, with or without brackets behind it.
    pub(super) field: &'static str,
    pub(super) at_most: usize,
    pub(super) account: AccountId,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    UrlEncoded,
    Multipart,
}

impl Taking {
    /// Whether a part of this name is one of the files.
    fn is_at(self, name: &str) -> bool {
        let rest = name.strip_prefix(self.field);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
    }
}

impl<T> FromRequest<Server> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &Server) -> Result<Self> {
        Ok(Self {
            request,
            says: PhantomData,
        })
    }
}

impl<T: DeserializeOwned> Body<T> {
    /// Reads it; the files in it are kept, for somebody to attach them.
    pub(super) async fn read(self, server: &Server, taking: Option<Taking>) -> Result<Received<T>> {
        let raw = Raw::read(self.request, server, taking).await?;
        Ok(Received {
            value: parse_json(&raw.json)?,
            once: raw.once,
            files: raw.files,
        })
    }
}

impl Raw {
    /// Reads a body without understanding it.
    pub(super) async fn read(
        request: Request,
        server: &Server,
        taking: Option<Taking>,
    ) -> Result<Self> {
        let form = Form::of(request.headers())?;
        let key = idempotency_key(request.headers())?;
        let method = request.method().to_string();
        let path = match request.extensions().get::<OriginalUri>() {
            Some(OriginalUri(uri)) => uri.path().to_owned(),
            None => request.uri().path().to_owned(),
        };
        let (json, files) = match form {
            Form::Json => (collect(request.into_body()).await?, Vec::new()),
            Form::UrlEncoded => {
                let form = collect(request.into_body()).await?;
                if std::str::from_utf8(&form).is_err() {
                    return Err(Error::BadRequest("the body is not UTF-8".to_owned()));
                }
                (to_json(fields::parse_form(&form))?, Vec::new())
            }
            Form::Multipart => {
                let (pairs, files) = read_parts(request, server, taking).await?;
                (to_json(pairs)?, files)
            }
        };
        let json = if json.trim_ascii().is_empty() {
            Bytes::from_static(b"{}")
        } else {
            json
        };
        let mut request = vec![method.as_bytes(), path.as_bytes(), &json];
        request.extend(
            files
                .iter()
                .flat_map(|file| [file.name.as_bytes(), &file.sha256]),
        );
        let once = key.map(|key| Once::new(NAME, key, &request));
        Ok(Self {
            form,
            json,
            once,
            files,
        })
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

async fn collect(body: RawBody) -> Result<Bytes> {
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

/// The texts of a multipart form, and its files as they were kept.
async fn read_parts(
    request: Request,
    server: &Server,
    taking: Option<Taking>,
) -> Result<(Vec<(String, String)>, Vec<Blob>)> {
    let mut parts = Multipart::from_request(request, server)
        .await
        .map_err(|rejection| Error::BadRequest(rejection.body_text()))?;
    let (mut pairs, mut files) = (Vec::new(), Vec::new());
    let (mut count, mut text_bytes) = (0, 0);
    while let Some(part) = parts
        .next_field()
        .await
        .map_err(|error| Error::unreadable(&error))?
    {
        let name = part.name().unwrap_or_default().to_owned();
        (count, text_bytes) = (count + 1, text_bytes + name.len());
        if count > MAX_PARTS || text_bytes > MAX_TEXT_BYTES {
            return Err(Error::TooLarge);
        }
        match part.file_name().map(str::to_owned) {
            Some(file_name) => {
                files
                    .extend(read_file(server, &name, &file_name, part, taking, files.len()).await?);
            }
            None => {
                let text = read_text(part, &name, MAX_TEXT_BYTES - text_bytes).await?;
                text_bytes += text.len();
                pairs.push((name, text));
            }
        }
    }
    Ok((pairs, files))
}

async fn read_text(mut part: Field<'_>, name: &str, room: usize) -> Result<String> {
    let mut text = Vec::new();
    while let Some(chunk) = part
        .chunk()
        .await
        .map_err(|error| Error::unreadable(&error))?
    {
        if text.len() + chunk.len() > room {
            return Err(Error::TooLarge);
        }
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).map_err(|_| Error::BadRequest(format!("{name}: not UTF-8")))
}

/// Keeps a file. One without name and content is how a browser sends a field in which none was chosen.
async fn read_file(
    server: &Server,
    name: &str,
    file_name: &str,
    mut part: Field<'_>,
    taking: Option<Taking>,
    taken: usize,
) -> Result<Option<Blob>> {
    if file_name.is_empty() {
        return match part
            .chunk()
            .await
            .map_err(|error| Error::unreadable(&error))?
        {
            Some(chunk) if !chunk.is_empty() => {
                Err(Error::Refused(format!("{name}: a file must have a name")))
            }
            Some(_) | None => Ok(None),
        };
    }
    let Some(taking) = taking.filter(|taking| taking.is_at(name)) else {
        return Err(Error::Refused(format!("{name}: no file is taken here")));
    };
    if taken == taking.at_most {
        return Err(Error::TooManyFiles);
    }
    let media_type = part.content_type().map(str::to_owned);
    let source = Source {
        name: file_name,
        media_type: media_type.as_deref(),
    };
    let blob = server.intake.take(taking.account, source, part).await?;
    Ok(Some(blob))
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
