//! The list of routes: none is missing in it, and each refuses strangers.

use std::collections::BTreeSet;
use std::path::Path;

use axum::http::Method;

use super::{Ids, body_of};
use crate::app::TestApp;
use crate::chatlake;

/// A line of `routes.txt`: method, path, what a stranger is answered.
pub(crate) struct Listed {
    pub(crate) method: Method,
    pub(crate) path: String,
    stranger: u16,
}

pub(crate) fn listed() -> Vec<Listed> {
    let lines = include_str!("../routes.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let [method, path, stranger] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("{line} is not METHOD PATH STATUS")
            };
            Listed {
                method: method.parse().unwrap(),
                path: path.to_owned(),
                stranger: stranger.parse().unwrap(),
            }
        })
        .collect()
}

/// The sources that mount routes, of every API but Chatlake's, whose document has them.
fn routers() -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let apis = ["admin", "bot_open", "files", "imbox", "instabot"];
    let roots = apis
        .iter()
        .map(|api| src.join("api").join(api).join("mod.rs"))
        .chain([src.join("app/health.rs")])
        .map(|file| std::fs::read_to_string(file).unwrap());
    roots.collect()
}

/// Paths and methods as the routers' sources have them, and Chatlake's document.
fn mounted() -> BTreeSet<String> {
    let mut found: BTreeSet<String> = chatlake::documented_routes().into_iter().collect();
    for text in routers() {
        let code: String = text
            .lines()
            .filter(|line| {
                !["//", "owns:", "prefix:"]
                    .iter()
                    .any(|no| line.trim_start().starts_with(no))
            })
            .collect();
        for (at, _) in code.match_indices("\"/") {
            let (path, rest) = code[at + 1..].split_once('"').unwrap();
            let handlers = rest.split("\"/").next().unwrap();
            let methods: Vec<_> = ["get", "post", "put", "patch", "delete"]
                .into_iter()
                .filter(|method| handlers.contains(&format!("{method}(")))
                .collect();
            assert!(!methods.is_empty(), "{path} has no methods");
            found.extend(
                methods
                    .iter()
                    .map(|method| format!("{} {path}", method.to_uppercase())),
            );
        }
    }
    found
}

#[test]
fn every_route_is_listed() {
    let listed: BTreeSet<String> = listed()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let mounted = mounted();
    let missing: Vec<_> = mounted.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&mounted).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "missing in routes.txt: {missing:#?}\ngone: {gone:#?}"
    );
}

#[tokio::test]
async fn every_route_refuses_strangers() {
    let app = TestApp::start().await;
    let nobody = Ids::default();
    let mut wrong = Vec::new();
    for route in listed() {
        let path = nobody.fill(&route.path, "1", "nobody");
        for prefix in prefixes(&route.path) {
            let path = format!("{prefix}{path}");
            let body = body_of(&route.path, "nobody", &nobody);
            let answer = app.send(route.method.clone(), &path, &[], &body).await;
            if answer.status != route.stranger {
                wrong.push(format!(
                    "{} {path} {} not {}",
                    route.method, answer.status, route.stranger
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a route is served: at the root, and below its API's prefix.
fn prefixes(path: &str) -> [&'static str; 2] {
    let prefix = match path.split('/').nth(1).unwrap() {
        "secure" => "/instabot",
        "login" | "botUsage" | "users" | "userData" | "transcripts" => "/bot-open",
        "message" => "/imbox",
        "admin" | "files" => "/quartet",
        "healthz" | "readyz" | "metrics" => "",
        _ => "/chatlake",
    };
    ["", prefix]
}
