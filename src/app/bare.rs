//! A server without anything around its requests, which shows what ours has around them.

use std::io::Write;

use axum::http::StatusCode;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;

/// What every request is answered.
#[derive(Clone, Copy, Serialize)]
struct Refusal {
    error: &'static str,
}

/// Serves on a free port of this machine, and writes which one to the standard error.
pub async fn run() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stderr(), "listening address={address}")?;
    let refusal = Refusal {
        error: "Resource could not be found",
    };
    let router =
        Router::new().fallback(move || async move { (StatusCode::NOT_FOUND, Json(refusal)) });
    axum::serve(listener, router).await?;
    Ok(())
}
