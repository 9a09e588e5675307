//! What clients ask to see whether somebody is there.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::route::get;
use super::{Route, Server};

/// The release of the original whose behaviour this is.
pub(super) const VERSION: &str = "4.15.0";

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Version {
    version: &'static str,
    timestamp: String,
    queue_services: &'static str,
    data_services: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Health {
    status: &'static str,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api",
            get(
                version,
                "Which release this behaves as, and whether its parts work",
            ),
        ),
        ("/health", get(health, "Whether somebody is there")),
    ]
}

pub(super) async fn version(State(server): State<Server>) -> Json<Version> {
    let data_services = match server.store.ping().await {
        Ok(()) => "ok",
        Err(_) => "failing",
    };
    Json(Version {
        version: VERSION,
        timestamp: server.now().format("%Y-%m-%d %H:%M:%S").to_string(),
        // Events wait in the database too.
        queue_services: data_services,
        data_services,
    })
}

pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "woot" })
}
