//! The HTTP edge around an invented API.

mod connections;
pub(crate) mod logs;
mod refusals;

use std::future::pending;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use quartet::api::edge::{Api, Cause, ContentType, Failure, RequestId, read_json};
use quartet::app::{self, health::Health};
use quartet::config::Config;
use quartet::telemetry::Metrics;
use serde_json::{Value, json};

/// The server's router around [`sample`]; `toml` is written over the default configuration.
fn router(toml: &str) -> Router {
    let config = Config::from_toml(toml).unwrap();
    app::build(vec![sample()], health(true), &config)
}

fn health(ready: bool) -> Health {
    Health {
        ready: Arc::new(move || Box::pin(async move { ready })),
        metrics: Metrics::install().unwrap(),
    }
}

fn sample() -> Api {
    let routes = Router::new()
        .route("/things/{key}/{id}", get(thing))
        .route("/things/{key}/broken", get(broken))
        .route("/echo", post(echo))
        .route(
            "/length",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
        .route("/panic", get(panics))
        .route("/hang", get(pending::<()>))
        .route(
            "/whoami",
            get(|id: RequestId| async move { id.to_string() }),
        );
    Api {
        routes,
        prefix: "/sample",
        owns: &["/things"],
        takes_files: false,
        render,
    }
}

async fn thing(Path((_, id)): Path<(String, String)>) -> String {
    id
}

#[derive(Debug, thiserror::Error)]
#[error("outer")]
struct Outer(#[source] std::fmt::Error);

async fn broken() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response
        .extensions_mut()
        .insert(Cause::new(Outer(std::fmt::Error)));
    response
}

async fn panics() {
    panic!("at the handler")
}

async fn echo(request: Request) -> Response {
    match read_json::<Value>(request, ContentType::Json).await {
        Ok(value) => Json(value).into_response(),
        Err(fault) => (StatusCode::UNPROCESSABLE_ENTITY, fault.to_string()).into_response(),
    }
}

/// How the invented API refuses.
fn render(failure: Failure) -> Response {
    let status = match failure {
        Failure::NotFound => StatusCode::NOT_FOUND,
        Failure::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Failure::MalformedUrl => StatusCode::BAD_REQUEST,
        Failure::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Failure::Timeout => StatusCode::REQUEST_TIMEOUT,
        Failure::Panic => StatusCode::INTERNAL_SERVER_ERROR,
        Failure::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
    };
    let id = RequestId::current().map(|id| id.to_string());
    (
        status,
        Json(json!({ "sample": format!("{failure:?}"), "id": id })),
    )
        .into_response()
}
