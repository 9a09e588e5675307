//! One operation of the document, while its handler and the table of routes say what it is.

use axum::http::StatusCode;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::refusals::REFUSALS;
use super::shape::{Content, MediaType, Operation, Parameter, RequestBody, Response, Security};
use crate::api::chatlake::route::{Asked, AskedKind};

pub(super) const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PARTS: &str = "multipart/form-data";

/// Where schemas stand in the document.
const SCHEMAS: &str = "/components/schemas";

/// One operation of the document, while it is written.
pub(in crate::api::chatlake) struct Entry<'a> {
    pub(super) schemas: &'a mut Schemas,
    pub(super) operation: Operation,
}

impl Entry<'_> {
    /// All of these credentials together are one way in.
    pub(super) fn secured_by(&mut self, schemes: &[&'static str]) {
        let together = schemes.iter().map(|scheme| (*scheme, []));
        self.operation.security.push(Security::from_iter(together));
    }

    pub(super) fn remarks(&mut self, description: &'static str) {
        self.operation.description = Some(description);
    }

    pub(super) fn refuses(&mut self, status: StatusCode) {
        let refusal = REFUSALS
            .iter()
            .find(|refusal| refusal.status == Some(status));
        let name = refusal.map_or("Failure", |refusal| refusal.name);
        let responses = &mut self.operation.responses;
        responses.insert(status.as_str().to_owned(), Response::named(name));
    }

    pub(super) fn asks(&mut self, asked: &Asked) {
        if asked.kind == AskedKind::Number {
            self.refuses(StatusCode::UNPROCESSABLE_ENTITY);
        }
        let name = match asked.kind {
            AskedKind::Text | AskedKind::Number => asked.name.to_owned(),
            AskedKind::Texts => format!("{}[]", asked.name),
        };
        self.operation.parameters.push(Parameter {
            name,
            r#in: "query",
            description: asked.description,
            required: false,
            schema: match asked.kind {
                AskedKind::Text => json_schema!({"type": "string"}),
                AskedKind::Number => json_schema!({"type": "integer", "format": "int64"}),
                AskedKind::Texts => json_schema!({"type": "array", "items": {"type": "string"}}),
            },
        });
    }

    /// A body, as JSON or as a form.
    pub(super) fn takes<T: JsonSchema>(&mut self) {
        let schema = self.schemas.taken.subschema_for::<T>();
        self.takes_as(JSON, schema.clone());
        self.takes_as(FORM, schema);
        self.operation.parameters.push(Parameter {
            name: "Idempotency-Key".to_owned(),
            r#in: "header",
            description: "Makes it safe to send the request again.",
            required: false,
            schema: json_schema!({"type": "string", "minLength": 1, "maxLength": 255}),
        });
    }

    /// A body that stands under a name, which may be left out of JSON.
    pub(super) fn takes_below<T: JsonSchema>(&mut self, name: &'static str) {
        self.takes::<T>();
        let schema = self.schemas.taken.subschema_for::<T>();
        let below = json_schema!({
            "type": "object", "properties": {name: schema}, "required": [name]
        });
        self.takes_as(JSON, json_schema!({"anyOf": [below, schema]}));
        self.takes_as(FORM, below);
    }

    /// A form with a file in it, beside what the body may say anyway.
    pub(super) fn carries(&mut self, part: &'static str) {
        let file = json_schema!({"type": "string", "contentMediaType": "application/octet-stream"});
        let file = if part.ends_with("[]") {
            json_schema!({"type": "array", "items": file})
        } else {
            file
        };
        let mut schema = json_schema!({"type": "object", "properties": {part: file}});
        let body = self.operation.request_body.as_ref();
        if let Some(form) = body.and_then(|body| body.content.get(FORM)) {
            schema = json_schema!({"allOf": [form.schema, schema]});
        }
        self.takes_as(PARTS, schema);
    }

    fn takes_as(&mut self, media_type: &'static str, schema: Schema) {
        for status in [
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ] {
            self.refuses(status);
        }
        let body = self
            .operation
            .request_body
            .get_or_insert_with(|| RequestBody {
                content: Content::new(),
            });
        body.content.insert(media_type, MediaType { schema });
    }

    pub(super) fn answers<T: JsonSchema>(&mut self) {
        let schema = self.schemas.given.subschema_for::<T>();
        self.answers_with(
            StatusCode::OK,
            Content::from([(JSON, MediaType { schema })]),
        );
    }

    pub(super) fn answers_text(&mut self, media_type: &'static str) {
        let schema = json_schema!({"type": "string"});
        let content = Content::from([(media_type, MediaType { schema })]);
        self.answers_with(StatusCode::OK, content);
    }

    pub(super) fn answers_nothing(&mut self, status: StatusCode) {
        self.answers_with(status, Content::new());
    }

    fn answers_with(&mut self, status: StatusCode, content: Content) {
        let response = Response::Whole {
            description: "It is done.",
            content,
        };
        let responses = &mut self.operation.responses;
        responses.insert(status.as_str().to_owned(), response);
    }
}

/// The schemas of what is taken, and of what is given: a field may be left out of one and not of the other.
pub(super) struct Schemas {
    taken: SchemaGenerator,
    pub(super) given: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = SCHEMAS.into();
            settings.meta_schema = None;
        });
        Self {
            taken: settings.clone().for_deserialize().into_generator(),
            given: settings.for_serialize().into_generator(),
        }
    }

    pub(super) fn into_definitions(mut self) -> Map<String, Value> {
        let mut definitions = self.taken.take_definitions(true);
        definitions.extend(self.given.take_definitions(true));
        definitions
    }
}
