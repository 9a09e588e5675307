//! The API's document: that it is one, that it has every route, and that the server does as it says.

mod fuzz;
mod generator;
mod validator;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use quartet::api::chatlake;
use regex::Regex;
use serde_json::Value;

use crate::architecture::sources;
use validator::Validator;

/// The document.
fn document() -> Value {
    serde_json::to_value(chatlake::document()).unwrap()
}

/// An operation of the document.
#[derive(Debug, Clone, Copy)]
struct Described<'a> {
    path: &'a str,
    method: &'a str,
    says: &'a Value,
}

impl<'a> Described<'a> {
    fn id(&self) -> &'a str {
        self.says["operationId"].as_str().unwrap()
    }

    fn tag(&self) -> &'a str {
        self.says["tags"][0].as_str().unwrap()
    }
}

fn operations(document: &Value) -> Vec<Described<'_>> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, says) in methods.as_object().unwrap() {
            operations.push(Described { path, method, says });
        }
    }
    operations
}

/// Method and path of every operation.
pub(crate) fn documented_routes() -> Vec<String> {
    let document = document();
    let operations = operations(&document);
    let routes = operations
        .iter()
        .map(|operation| format!("{} {}", operation.method.to_uppercase(), operation.path));
    routes.collect()
}

#[test]
fn every_operation_has_its_own_id_and_says_what_it_is_for() {
    let document = document();
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let id = operation.id();
        assert!(ids.insert(id), "{id} is there twice");
        assert!(!operation.tag().is_empty(), "{id}");
        let summary = operation.says["summary"].as_str().unwrap();
        assert!(
            summary.starts_with(char::is_uppercase) && !summary.ends_with('.'),
            "{id}: {summary}"
        );
    }
    for id in [
        "contacts.notes.create",
        "agents.update",
        "agents.update_put",
        "public.messages.list",
        "status.health",
    ] {
        assert!(ids.contains(id), "{id}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, "$ref", &mut references);
    assert!(references.len() > 100, "{}", references.len());
    for reference in &references {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        let reference = format!("#/components/schemas/{name}");
        assert!(references.contains(&reference), "nothing leads to {name}");
        // Two types of one name would be told apart by a number.
        assert!(!name.ends_with(|c: char| c.is_ascii_digit()), "{name}");
        assert!(
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)),
            "{name}"
        );
    }
}

fn collect(value: &Value, key: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == key => {
                        found.insert(text.clone());
                    }
                    other => collect(other, key, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, found)),
        _ => {}
    }
}

#[test]
fn every_parameter_is_declared_once() {
    let document = document();
    for operation in operations(&document) {
        let id = operation.id();
        let mut declared: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for parameter in operation.says["parameters"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let names = declared
                .entry(parameter["in"].as_str().unwrap())
                .or_default();
            let name = parameter["name"].as_str().unwrap();
            assert!(!names.contains(&name), "{id} has {name} twice");
            names.push(name);
            assert_eq!(
                parameter["required"],
                parameter["in"] == "path",
                "{id}: {name}"
            );
            assert!(parameter["schema"].is_object(), "{id}: {name}");
        }
        let parts = operation.path.split('/');
        let places = parts.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path = declared.remove("path").unwrap_or_default();
        assert_eq!(in_path, places.collect::<Vec<_>>(), "{id}");
    }
}

#[test]
fn every_operation_says_who_may_ask_and_what_is_answered() {
    let document = document();
    let validator = Validator {
        document: &document,
    };
    let schemes = document["components"]["securitySchemes"]
        .as_object()
        .unwrap();
    for operation in operations(&document) {
        let id = operation.id();
        let is_open = ["/public/", "/survey/", "/health", "/cable", "/auth/sign_in"]
            .iter()
            .any(|start| operation.path.starts_with(start))
            || operation.path == "/api";
        let ways_in = operation.says["security"].as_array().map_or(0, Vec::len);
        assert_eq!(ways_in == 0, is_open, "{id}");
        for way in operation.says["security"].as_array().into_iter().flatten() {
            let names = way.as_object().unwrap().keys();
            names.for_each(|name| assert!(schemes.contains_key(name), "{id}: {name}"));
        }
        let responses = operation.says["responses"].as_object().unwrap();
        let successes = responses
            .keys()
            .filter(|status| status.starts_with(['1', '2']));
        assert_eq!(successes.count(), 1, "{id}");
        for (status, response) in responses {
            let response = validator.resolve(response);
            assert!(response["description"].is_string(), "{id}: {status}");
            for media in response["content"].as_object().into_iter().flatten() {
                let schema = validator.resolve(&media.1["schema"]);
                assert!(
                    schema.as_object().is_some_and(|says| !says.is_empty()),
                    "{id}: {status}"
                );
            }
        }
    }
}

#[test]
fn what_handlers_read_of_a_query_is_declared() {
    let read = Regex::new(r#"\.(?:last|number|all)\("(\w+)"\)|moment\("(\w+)"\)\?"#).unwrap();
    let mut names = BTreeSet::new();
    for source in sources("src/api/chatlake") {
        for found in read.captures_iter(&source.code) {
            let name = found.get(1).or(found.get(2)).unwrap();
            names.insert(name.as_str().to_owned());
        }
    }
    let document = document();
    let mut declared = BTreeSet::new();
    for operation in operations(&document) {
        let parameters = operation.says["parameters"].as_array();
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] == "query" {
                let name = parameter["name"].as_str().unwrap();
                declared.insert(name.trim_end_matches("[]").to_owned());
            }
        }
    }
    assert_eq!(declared, names);
}
