//! The flows that are shipped.

use std::path::{Path, PathBuf};

use quartet::flow::Flow;
use quartet::flow::scenario::Scenarios;
use serde_json::{Map, Value, json};

use super::{failures, folder, scripts};

/// Every file that does not hold scenarios.
fn shipped() -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder()).unwrap();
    let mut flows: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| !path.to_str().unwrap().ends_with(".test.yaml"))
        .collect();
    flows.sort();
    flows
}

#[tokio::test]
async fn every_shipped_flow_does_what_its_scenarios_say() {
    let shipped = shipped();
    let names: Vec<_> = shipped
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["demo", "lead-capture", "order-status", "support-triage"]
    );
    for path in shipped {
        let flow = std::fs::read_to_string(&path).unwrap();
        let scenarios = std::fs::read_to_string(path.with_extension("test.yaml")).unwrap();
        let failures = failures(&flow, &scenarios).await;
        assert!(failures.is_empty(), "{}\n{failures}", path.display());
    }
}

/// The keys under which a node, an option or another part of a node says where it goes on.
const WAYS: [&str; 8] = [
    "next",
    "then",
    "else",
    "ended",
    "declined",
    "timed_out",
    "fallback",
    "on_error",
];

/// Where the ways of a node stand in it, as JSON pointers.
fn ways(part: &Value, path: &str, found: &mut Vec<String>) {
    let parts: Vec<(String, &Value)> = match part {
        Value::Object(map) => map.iter().map(|(key, part)| (key.clone(), part)).collect(),
        Value::Array(parts) => {
            let parts = parts.iter().enumerate();
            parts.map(|(at, part)| (at.to_string(), part)).collect()
        }
        _ => return,
    };
    for (key, part) in parts {
        let named = path.ends_with("/plugin/ways") || path.ends_with("/dialogflow/intents");
        let path = format!("{path}/{key}");
        if part.is_string() && (named || WAYS.contains(&key.as_str())) {
            found.push(path);
        } else {
            ways(part, &path, found);
        }
    }
}

/// The flow at a path, with a node that nothing leads to.
fn with_elsewhere(path: &Path) -> Value {
    let flow = std::fs::read_to_string(path).unwrap();
    let mut flow: Map<String, Value> = serde_saphyr::from_str(&flow).unwrap();
    flow["nodes"]["elsewhere"] = json!({ "say": { "text": "Elsewhere", "next": "end" } });
    Value::Object(flow)
}

#[tokio::test]
async fn every_way_of_every_shipped_flow_is_taken_by_a_scenario() {
    let scripts = scripts();
    let mut untaken = Vec::new();
    for path in shipped() {
        let scenarios = std::fs::read_to_string(path.with_extension("test.yaml")).unwrap();
        let scenarios = Scenarios::parse(&scenarios).unwrap();
        let sound = with_elsewhere(&path);
        let mut found = Vec::new();
        ways(&sound, "", &mut found);
        for way in found {
            if way.starts_with("/nodes/elsewhere/") {
                continue;
            }
            let mut flow = sound.clone();
            *flow.pointer_mut(&way).unwrap() = json!("elsewhere");
            let flow = Flow::load(&flow, []).unwrap();
            let played = scenarios.play(&flow, &scripts).await;
            if played.iter().all(|played| played.failure.is_none()) {
                untaken.push(format!("{}{way}", path.display()));
            }
        }
    }
    assert!(untaken.is_empty(), "{}", untaken.join("\n"));
}
