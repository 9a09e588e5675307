//! The OpenAPI document of this API, made from its table of routes and the types of its handlers.
//!
//! Nothing here knows a route: an argument of a handler says what it asks of a request and how it refuses, the outcome
//! says what is answered, and the rest follows from the path and the handler's name.

mod entry;
mod refusals;
mod shape;
mod signature;

use std::collections::{BTreeMap, BTreeSet};

use schemars::json_schema;
use serde::Serialize;

use super::route::{Operation, Route};
pub(super) use entry::Entry;
use entry::Schemas;
use refusals::{ALWAYS, REFUSALS};
use shape::{Components, Document, Info, Parameter, Response, SecurityScheme, Server};
pub(super) use signature::Signature;

/// The document, ready to be written.
pub(super) fn document(routes: &[Route]) -> impl Serialize + use<> {
    let mut schemas = Schemas::new();
    let mut paths: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (path, methods) in routes {
        for operation in &methods.operations {
            let mut described = describe(path, operation, &mut schemas);
            // A handler that answers two methods of a path is named after the second, too.
            let id = described.operation_id.clone();
            if !ids.insert(id.clone()) {
                described.operation_id = format!("{id}_{}", operation.method);
            }
            let place = paths.entry(*path).or_default();
            place.insert(operation.method, described);
        }
    }
    let responses = REFUSALS
        .iter()
        .map(|refusal| refusal.response(&mut schemas));
    Document {
        openapi: "3.1.0",
        info: Info {
            title: "Quartet: the Chatlake API",
            version: env!("CARGO_PKG_VERSION"),
            description: "Bodies are JSON or forms. A slash at the end of a path makes no difference.",
        },
        servers: [Server { url: "/" }, Server { url: "/chatlake" }],
        components: Components {
            responses: responses.collect(),
            security_schemes: security_schemes(),
            schemas: schemas.into_definitions(),
        },
        paths,
    }
}

/// What a handler and the table say of one operation.
fn describe(path: &str, operation: &Operation, schemas: &mut Schemas) -> shape::Operation {
    let (module, name) = named(operation.handler);
    let mut entry = Entry {
        schemas,
        operation: shape::Operation {
            operation_id: format!("{module}.{name}"),
            tags: [module],
            summary: operation.summary,
            parameters: path_parameters(path).collect(),
            ..shape::Operation::default()
        },
    };
    (operation.signature)(&mut entry);
    for status in ALWAYS.iter().chain(&operation.refusals) {
        entry.refuses(*status);
    }
    for asked in &operation.asked {
        entry.asks(asked);
    }
    if let Some(part) = operation.file {
        entry.carries(part);
    }
    let failure = Response::named("Failure");
    entry.operation.responses.insert("5XX".to_owned(), failure);
    entry.operation
}

/// The module of a handler and its name: `contacts.notes` and `create`.
fn named(handler: &str) -> (String, &str) {
    let home = module_path!().trim_end_matches("openapi");
    let (module, name) = handler
        .strip_prefix(home)
        .and_then(|within| within.rsplit_once("::"))
        .unwrap_or(("", handler));
    (module.replace("::", "."), name)
}

/// Ids are numbers, but for those that a channel or a page has given.
fn path_parameters(path: &str) -> impl Iterator<Item = Parameter> {
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| {
        let is_number = name.ends_with("_id") && !["source_id", "data_id"].contains(&name);
        Parameter {
            name: name.to_owned(),
            r#in: "path",
            description: "",
            required: true,
            schema: if is_number {
                json_schema!({"type": "integer", "format": "int64"})
            } else {
                json_schema!({"type": "string"})
            },
        }
    })
}

fn security_schemes() -> BTreeMap<&'static str, SecurityScheme> {
    let token = "api_access_token";
    let schemes = [
        ("token", token, "An agent's token, or a user's own."),
        ("bot_token", token, "A bot's token."),
        ("platform_token", token, "A platform app's token."),
        ("access_token", "access-token", "What signing in gave."),
        ("client", "client", "The client that signed in."),
        ("uid", "uid", "The e-mail address of who signed in."),
    ];
    let scheme = |(name, header, description)| {
        let scheme = SecurityScheme {
            r#type: "apiKey",
            r#in: "header",
            name: header,
            description,
        };
        (name, scheme)
    };
    schemes.into_iter().map(scheme).collect()
}
