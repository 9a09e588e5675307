//! How long a peer may keep a connection, and how connections end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures_util::stream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::router;
use crate::server::{Server, soon};

const GET: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

#[tokio::test]
async fn a_connection_that_says_nothing_is_cut() {
    let server = Server::start(router(""), "first_byte_timeout_secs = 0.1").await;
    assert_eq!(server.connect().await.closed().await, b"");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut() {
    let server = Server::start(router(""), "header_timeout_secs = 0.1").await;
    let mut client = server.connect().await;
    client.send("GET /healthz HTTP/1.1\r\nhost:").await;
    assert_eq!(client.closed().await, b"");
}

#[tokio::test]
async fn a_resting_connection_outlives_a_slow_head_but_not_for_ever() {
    let server = Server::start(
        router(""),
        "header_timeout_secs = 0.05\nkeep_alive_secs = 0.5",
    )
    .await;
    let mut resting = server.connect().await;
    resting.send(GET).await;
    assert_eq!(resting.answer().await.status, 200);

    let mut slow = server.connect().await;
    slow.send("GET").await;
    assert_eq!(slow.closed().await, b"");
    resting.send(GET).await;
    assert_eq!(resting.answer().await.status, 200);

    assert_eq!(resting.closed().await, b"");
}

#[tokio::test]
async fn a_slow_head_is_cut_on_a_used_connection_too() {
    let server = Server::start(
        router(""),
        "header_timeout_secs = 0.1\nkeep_alive_secs = 3600",
    )
    .await;
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.answer().await.status, 200);
    client.send("GET").await;
    assert_eq!(client.closed().await, b"");
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let server = Server::start(router(""), "").await;
    let padding = "a".repeat(16_384);
    let answer = server
        .ask(&format!(
            "GET /healthz HTTP/1.1\r\nhost: a\r\nx: {padding}\r\n\r\n"
        ))
        .await;
    assert_eq!(answer.status, 431);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut() {
    let gone = CancellationToken::new();
    let dropped = gone.clone();
    let endless = move || async move {
        let guard = dropped.drop_guard();
        Body::from_stream(stream::repeat_with(move || {
            let _ = &guard;
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 65_536]))
        }))
    };
    let server = Server::start(
        Router::new().route("/", get(endless)),
        "write_timeout_secs = 0.1",
    )
    .await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    soon(gone.cancelled()).await;
}

#[tokio::test]
async fn connections_over_the_cap_wait_for_their_turn() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = move || async move { served.fetch_add(1, Ordering::Relaxed).to_string() };
    let server = Server::start(Router::new().route("/", get(count)), "max_connections = 1").await;
    let request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    let mut first = server.connect().await;
    first.send(request).await;
    assert_eq!(first.answer().await.body, "0");
    let mut second = server.connect().await;
    second.send(request).await;
    first.send(request).await;
    assert_eq!(first.answer().await.body, "1");

    drop(first);
    assert_eq!(second.answer().await.body, "2");
}

/// A route that says when it is entered and waits to be let go.
fn gate() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, wait) = (Arc::clone(&entered), Arc::clone(&let_go));
    let handler = move || async move {
        enter.notify_one();
        wait.notified().await;
        "done"
    };
    (Router::new().route("/", get(handler)), entered, let_go)
}

#[tokio::test]
async fn shutdown_finishes_what_was_accepted_and_closes_what_rests() {
    let (router, entered, let_go) = gate();
    let server = Server::start(router, "").await;
    let silent = server.connect().await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    soon(entered.notified()).await;

    server.shutdown.cancel();
    assert_eq!(silent.closed().await, b"");
    let_go.notify_one();

    let answer = client.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
    assert_eq!(answer.header("connection"), Some("close"));
    server.stopped().await;
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let (router, entered, _let_go) = gate();
    let server = Server::start(router, "shutdown_grace_secs = 0.1").await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    soon(entered.notified()).await;

    server.shutdown.cancel();
    server.stopped().await;
    assert_eq!(client.closed().await, b"");
}
