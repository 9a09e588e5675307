//! How long a peer may keep a connection, and how connections end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{FutureExt, stream};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::router;
use crate::server::{Server, soon};

const GET: &str = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";

/// The one patience that ends, among others that do not.
fn patient(but: &str) -> String {
    let keys = [
        "first_byte_timeout_secs",
        "header_timeout_secs",
        "keep_alive_secs",
        "write_timeout_secs",
    ];
    let others = keys
        .into_iter()
        .filter(|key| !but.starts_with(key))
        .map(|key| format!("{key} = 3600\n"));
    others.collect::<String>() + but
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_cut() {
    let server = Server::start(router(""), &patient("first_byte_timeout_secs = 0.1")).await;
    assert_eq!(server.connect().await.closed().await, b"");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut() {
    let server = Server::start(router(""), &patient("header_timeout_secs = 0.1")).await;
    let mut client = server.connect().await;
    client.send("GET /healthz HTTP/1.1\r\nhost:").await;
    assert_eq!(client.closed().await, b"");
}

#[tokio::test]
async fn a_resting_connection_outlives_a_slow_head() {
    let server = Server::start(router(""), &patient("header_timeout_secs = 0.1")).await;
    let mut resting = server.connect().await;
    resting.send(GET).await;
    assert_eq!(resting.answer().await.status, 200);

    let mut slow = server.connect().await;
    slow.send("GET").await;
    assert_eq!(slow.closed().await, b"");
    resting.send(GET).await;
    assert_eq!(resting.answer().await.status, 200);
}

#[tokio::test]
async fn a_connection_does_not_rest_for_ever() {
    let server = Server::start(router(""), &patient("keep_alive_secs = 0.1")).await;
    let mut client = server.connect().await;
    client.send(GET).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(client.closed().await, b"");
}

/// Switches to a protocol of one word.
async fn upgrade(request: Request) -> Response {
    let said = hyper::upgrade::on(request).then(async |upgraded| {
        let mut stream = TokioIo::new(upgraded.unwrap());
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
    });
    TASKS.spawn(said);
    let headers = [("connection", "upgrade"), ("upgrade", "word")];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

static TASKS: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::new);

#[tokio::test]
async fn an_upgraded_connection_may_be_silent() {
    let routes = router("").route("/word", get(upgrade));
    let server = Server::start(routes, "keep_alive_secs = 0.1\nheader_timeout_secs = 0.1").await;
    let mut upgraded = server.connect().await;
    upgraded
        .send("GET /word HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: word\r\n\r\n")
        .await;
    assert_eq!(upgraded.answer().await.status, 101);

    let mut resting = server.connect().await;
    resting.send(GET).await;
    assert_eq!(resting.answer().await.status, 200);
    assert_eq!(resting.closed().await, b"");

    upgraded.send("ping").await;
    assert_eq!(upgraded.closed().await, b"ping");
}

#[tokio::test]
async fn a_slow_head_is_cut_on_a_used_connection_too() {
    let server = Server::start(router(""), &patient("header_timeout_secs = 0.1")).await;
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
