//! The page that teaches flows.

use clap::Parser;
use quartet::cli::Cli;
use quartet::flow::Flow;
use quartet::flow::plugin::Answer;
use serde_json::{Map, Value};

use super::failures;

/// The snippets of a kind on the page that teaches flows, each with its line.
fn snippets(kinds: &[&str]) -> Vec<(String, usize, String)> {
    let page = include_str!("../../../docs/flows.md");
    let mut snippets = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let body = lines.by_ref().map(|(_, line)| line);
            let body: Vec<&str> = body.take_while(|line| *line != "```").collect();
            assert!(
                kinds.contains(&kind),
                "line {}: nothing checks {kind}",
                at + 1
            );
            snippets.push((kind.to_owned(), at + 1, body.join("\n")));
        }
    }
    snippets
}

/// Puts the keys of one document over those of another, nodes by their names.
fn add(document: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (document.get_mut(&key), value) {
            (Some(Value::Object(nodes)), Value::Object(more)) if key == "nodes" => {
                nodes.extend(more);
            }
            (_, value) => {
                document.insert(key, value);
            }
        }
    }
}

#[tokio::test]
async fn the_page_that_teaches_flows_shows_nothing_that_does_not_work() {
    let mut flow = Map::new();
    let mut played = 0;
    for (kind, line, text) in snippets(&["sh", "yaml", "json"]) {
        match kind.as_str() {
            "yaml" if text.starts_with("scenarios:") => {
                let flow = Value::Object(flow.clone()).to_string();
                let failures = failures(&flow, &text).await;
                assert!(failures.is_empty(), "at line {line}:\n{failures}");
                played += 1;
            }
            "yaml" => {
                let more: Map<String, Value> = serde_saphyr::from_str(&text).unwrap();
                add(&mut flow, more);
                let flow = Value::Object(flow.clone()).to_string();
                if let Err(problems) = Flow::parse(&flow) {
                    panic!("at line {line}:\n{problems}");
                }
            }
            "json" => {
                let answer = serde_json::from_str(&text).unwrap();
                Answer::parse(answer).unwrap();
            }
            _ => {
                for command in text.lines() {
                    Cli::try_parse_from(command.split_whitespace()).unwrap();
                }
            }
        }
    }
    assert_eq!(played, 5);
}
