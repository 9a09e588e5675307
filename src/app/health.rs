//! Whether the process lives, whether it can serve, and its numbers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::BoxFuture;
use serde_json::json;

use crate::telemetry::Metrics;

/// A check that has not answered by then counts as failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks whether what the server depends on is there.
pub type Check = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// What the health routes report.
#[derive(Clone)]
pub struct Health {
    /// Whether requests can be served now.
    pub ready: Check,
    /// The numbers.
    pub metrics: Metrics,
}

pub(super) fn routes(health: Health) -> Router {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health)
}

async fn alive() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

async fn ready(State(health): State<Health>) -> Response {
    match tokio::time::timeout(PATIENCE, (health.ready)()).await {
        Ok(true) => Json(json!({ "status": "ready" })).into_response(),
        Ok(false) | Err(_) => {
            let body = Json(json!({ "status": "unavailable" }));
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], body).into_response()
        }
    }
}

async fn metrics(State(health): State<Health>) -> Response {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        health.metrics.render(),
    )
        .into_response()
}
