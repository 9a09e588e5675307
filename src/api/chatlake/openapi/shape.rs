//! The parts of an OpenAPI 3.1 document, as far as this one has them.

use std::collections::BTreeMap;

use schemars::Schema;
use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Debug, Serialize)]
pub(super) struct Document {
    pub(super) openapi: &'static str,
    pub(super) info: Info,
    pub(super) servers: [Server; 2],
    pub(super) paths: BTreeMap<&'static str, BTreeMap<&'static str, Operation>>,
    pub(super) components: Components,
}

#[derive(Debug, Serialize)]
pub(super) struct Info {
    pub(super) title: &'static str,
    pub(super) version: &'static str,
    pub(super) description: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Server {
    pub(super) url: &'static str,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) operation_id: String,
    pub(super) tags: [String; 1],
    pub(super) summary: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_body: Option<RequestBody>,
    /// By status, or by `5XX`.
    pub(super) responses: BTreeMap<String, Response>,
    /// Any of these will do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) security: Vec<Security>,
}

/// Schemes that are needed together.
pub(super) type Security = BTreeMap<&'static str, [&'static str; 0]>;

#[derive(Debug, Serialize)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) r#in: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) description: &'static str,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

#[derive(Debug, Serialize)]
pub(super) struct RequestBody {
    pub(super) content: Content,
}

/// By media type.
pub(super) type Content = BTreeMap<&'static str, MediaType>;

#[derive(Debug, Serialize)]
pub(super) struct MediaType {
    pub(super) schema: Schema,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Response {
    Named {
        #[serde(rename = "$ref")]
        reference: String,
    },
    Whole {
        description: &'static str,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        content: Content,
    },
}

impl Response {
    /// One of the document's components.
    pub(super) fn named(name: &str) -> Self {
        Self::Named {
            reference: format!("#/components/responses/{name}"),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Components {
    pub(super) schemas: Map<String, Value>,
    pub(super) responses: BTreeMap<&'static str, Response>,
    pub(super) security_schemes: BTreeMap<&'static str, SecurityScheme>,
}

#[derive(Debug, Serialize)]
pub(super) struct SecurityScheme {
    pub(super) r#type: &'static str,
    pub(super) r#in: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}
