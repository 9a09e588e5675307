//! What a body without files says, into the type that its handler takes. Some bodies stand under the name of what they
//! describe ([`Wrapped`]).

use axum::extract::{FromRequest, Request};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Server;
use super::body::{Body, Form, Raw, Taking};
use super::error::{Error, Result};
use crate::api::edge::parse_json;
use crate::model::Blob;
use crate::store::Once;

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

/// A body of which nothing is read.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Nothing {}

/// A body that stands under a name.
pub(super) trait Wrap: DeserializeOwned {
    /// The name.
    const NAME: &'static str;
}

impl<T: DeserializeOwned> FromRequest<Server> for Params<T> {
    type Rejection = Error;

    async fn from_request(request: Request, server: &Server) -> Result<Self> {
        let raw = Raw::read(request, server, None).await?;
        Ok(Self {
            value: parse_json(&raw.json)?,
            once: raw.once,
        })
    }
}

impl<T: Wrap> FromRequest<Server> for Wrapped<T> {
    type Rejection = Error;

    async fn from_request(request: Request, server: &Server) -> Result<Self> {
        Self::of(&Raw::read(request, server, None).await?)
    }
}

impl<T: Wrap> Wrapped<T> {
    /// Reads a body that files may come with. They may be all that there is.
    pub(super) async fn read(
        body: Body<Self>,
        server: &Server,
        taking: Option<Taking>,
    ) -> Result<(Self, Vec<Blob>)> {
        let raw = Raw::read(body.request, server, taking).await?;
        let read = match Self::of(&raw) {
            Err(Error::Missing(_)) if !raw.files.is_empty() => Self {
                value: parse_json(b"{}")?,
                once: raw.once,
            },
            read => read?,
        };
        Ok((read, raw.files))
    }

    fn of(raw: &Raw) -> Result<Self> {
        Ok(Self {
            value: parse_json(unwrap(raw, T::NAME)?.to_string().as_bytes())?,
            once: raw.once.clone(),
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
