//! How this API refuses, status by status.

use axum::http::StatusCode;
use schemars::{Schema, SchemaGenerator, json_schema};

use super::entry::{JSON, Schemas};
use super::shape::{MediaType, Response};
use crate::api::chatlake::wire::refusal::{InvalidRecord, Plain, Sentence, Stranger, Unsuccessful};

/// What every request may be refused with.
pub(super) const ALWAYS: [StatusCode; 3] = [
    StatusCode::BAD_REQUEST,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::TOO_MANY_REQUESTS,
];

/// A way to refuse, in the words of the document.
pub(super) struct Refusal {
    pub(super) name: &'static str,
    /// `None` for whatever the server fails at.
    pub(super) status: Option<StatusCode>,
    description: &'static str,
    bodies: fn(&mut SchemaGenerator) -> Vec<Schema>,
}

impl Refusal {
    pub(super) fn response(&self, schemas: &mut Schemas) -> (&'static str, Response) {
        let mut bodies = (self.bodies)(&mut schemas.given);
        let schema = match (bodies.pop(), bodies.is_empty()) {
            (Some(only), true) => Some(only),
            (Some(last), false) => {
                bodies.push(last);
                Some(json_schema!({"anyOf": bodies}))
            }
            (None, _) => None,
        };
        let content = schema.map(|schema| (JSON, MediaType { schema }));
        let response = Response::Whole {
            description: self.description,
            content: content.into_iter().collect(),
        };
        (self.name, response)
    }
}

/// Every way.
pub(super) const REFUSALS: [Refusal; 11] = [
    Refusal {
        name: "Unreadable",
        status: Some(StatusCode::BAD_REQUEST),
        description: "The request cannot be read.",
        bodies: |schemas| vec![schemas.subschema_for::<Plain>()],
    },
    Refusal {
        name: "NotPermitted",
        status: Some(StatusCode::UNAUTHORIZED),
        description: "The credentials are missing or wrong, or their owner may not do this.",
        bodies: |schemas| {
            vec![
                schemas.subschema_for::<Sentence>(),
                schemas.subschema_for::<Stranger>(),
                schemas.subschema_for::<Unsuccessful>(),
            ]
        },
    },
    Refusal {
        name: "Forbidden",
        status: Some(StatusCode::FORBIDDEN),
        description: "Not in an inbox of this kind.",
        bodies: |schemas| vec![schemas.subschema_for::<Sentence>()],
    },
    Refusal {
        name: "NotFound",
        status: Some(StatusCode::NOT_FOUND),
        description: "There is no such thing. The answer may be empty.",
        bodies: |schemas| {
            vec![
                schemas.subschema_for::<Sentence>(),
                schemas.subschema_for::<Plain>(),
                schemas.subschema_for::<Unsuccessful>(),
            ]
        },
    },
    Refusal {
        name: "TimedOut",
        status: Some(StatusCode::REQUEST_TIMEOUT),
        description: "It took too long.",
        bodies: |schemas| vec![schemas.subschema_for::<Plain>()],
    },
    Refusal {
        name: "Conflict",
        status: Some(StatusCode::CONFLICT),
        description: "Another request came first; this one may be sent again.",
        bodies: |schemas| vec![schemas.subschema_for::<Sentence>()],
    },
    Refusal {
        name: "TooLarge",
        status: Some(StatusCode::PAYLOAD_TOO_LARGE),
        description: "The body is too large.",
        bodies: |schemas| vec![schemas.subschema_for::<Plain>()],
    },
    Refusal {
        name: "UnknownMediaType",
        status: Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        description: "The body is of a type that is not read here.",
        bodies: |schemas| vec![schemas.subschema_for::<Plain>()],
    },
    Refusal {
        name: "Invalid",
        status: Some(StatusCode::UNPROCESSABLE_ENTITY),
        description: "Something has to be mended. The answer may be empty.",
        bodies: |schemas| {
            vec![
                schemas.subschema_for::<Sentence>(),
                schemas.subschema_for::<InvalidRecord>(),
            ]
        },
    },
    Refusal {
        name: "TooMany",
        status: Some(StatusCode::TOO_MANY_REQUESTS),
        description: "Too many requests; `Retry-After` says for how many seconds. What is said beside it is no JSON.",
        bodies: |_| Vec::new(),
    },
    Refusal {
        name: "Failure",
        status: None,
        description: "The server failed at it.",
        bodies: |schemas| vec![schemas.subschema_for::<Plain>()],
    },
];
