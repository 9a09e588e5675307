//! The guarded client against servers of this machine.

use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::response::Redirect;
use axum::routing::post;
use futures_util::{StreamExt, stream};
use quartet::config::Config;
use quartet::outbound::{Client, Error, Request, Response};

use crate::server::{Server, soon};

async fn server() -> Server {
    let router = Router::new()
        .route(
            "/echo",
            post(|headers: HeaderMap, body: Bytes| async move { format!("{headers:?} {body:?}") }),
        )
        .route(
            "/busy",
            post(|| async {
                (
                    axum::http::StatusCode::TOO_MANY_REQUESTS,
                    [("retry-after", "7")],
                    "later",
                )
            }),
        )
        .route("/redirect", post(|| async { Redirect::temporary("/echo") }))
        .route("/hang", post(pending::<()>))
        .route("/large", post(|| async { "a".repeat(1_000_000) }))
        .route(
            "/endless",
            post(|| async {
                Body::from_stream(stream::repeat(Ok::<_, std::convert::Infallible>("a")))
            }),
        )
        .route("/drip", post(drip));
    Server::start(router, "").await
}

/// A byte, then nothing.
async fn drip() -> Body {
    let byte = stream::iter([Ok::<_, std::convert::Infallible>("a")]);
    Body::from_stream(byte.chain(stream::pending()))
}

async fn call(allow: &str, url: String, timeout: Option<Duration>) -> Result<Response, Error> {
    call_for(allow, url, timeout, None).await
}

async fn call_for(
    allow: &str,
    url: String,
    timeout: Option<Duration>,
    max_response_bytes: Option<usize>,
) -> Result<Response, Error> {
    let config = Config::from_toml(&format!(
        "[outbound]\nallow = [{allow}]\nmax_response_bytes = 1000"
    ))
    .unwrap();
    let url = url.parse().unwrap();
    let request = Request {
        url,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"hi"),
        timeout,
        max_response_bytes,
    };
    soon(Client::new(&config.outbound).unwrap().post(request)).await
}

/// Calls a path of `server`, which is allowed.
async fn post_to(server: &Server, path: &str) -> Result<Response, Error> {
    call(
        "\"127.0.0.0/8\"",
        format!("http://{}{path}", server.address),
        None,
    )
    .await
}

#[tokio::test]
async fn this_machine_is_refused_unless_it_is_allowed() {
    let server = server().await;
    let port = server.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/echo"),
        format!("http://localhost:{port}/echo"),
    ] {
        let error = call("", url.clone(), None).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the host has a loopback address, which is not allowed",
            "{url}"
        );
        assert_eq!(error.class(), "forbidden");
        let allow = "\"localhost\", \"127.0.0.0/8\"";
        assert_eq!(
            call(allow, url.clone(), None).await.unwrap().status,
            200,
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_call_says_who_calls_and_asks_for_no_compression() {
    let server = server().await;
    let url = format!("http://user:pass@{}/echo", server.address);
    let answer = call("\"127.0.0.1\"", url, None).await.unwrap();
    let seen = String::from_utf8(answer.body_head).unwrap();
    assert!(
        seen.contains(concat!(
            "\"user-agent\": \"quartet/",
            env!("CARGO_PKG_VERSION")
        )),
        "{seen}"
    );
    assert!(
        seen.contains("\"authorization\": \"Basic dXNlcjpwYXNz\""),
        "{seen}"
    );
    assert!(seen.ends_with("b\"hi\""), "{seen}");
    assert!(
        !seen.contains("encoding") && !seen.contains("referer"),
        "{seen}"
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let answer = post_to(&server().await, "/redirect").await.unwrap();
    assert_eq!((answer.status, answer.body_head.len()), (307, 0));
}

#[tokio::test]
async fn the_wish_to_be_left_alone_is_kept() {
    let answer = post_to(&server().await, "/busy").await.unwrap();
    let expected = Response {
        status: 429,
        retry_after: Some("7".to_owned()),
        body_head: b"later".to_vec(),
        truncated: false,
    };
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn no_more_of_an_answer_is_read_than_is_let_in() {
    let server = server().await;
    for path in ["/large", "/endless"] {
        let answer = post_to(&server, path).await.unwrap();
        assert_eq!(
            (answer.status, answer.body_head.len(), answer.truncated),
            (200, 1000, true),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_caller_may_let_in_another_measure() {
    let server = server().await;
    let url = format!("http://{}/large", server.address);
    for (most, truncated) in [(10, true), (2_000_000, false)] {
        let answer = call_for("\"127.0.0.1\"", url.clone(), None, Some(most))
            .await
            .unwrap();
        let read = answer.body_head.len();
        assert_eq!((read, answer.truncated), (most.min(1_000_000), truncated));
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_drips_is_given_up() {
    let server = server().await;
    for path in ["/hang", "/drip"] {
        let url = format!("http://{}{path}", server.address);
        let error = call("\"127.0.0.1\"", url, Some(Duration::from_millis(100)))
            .await
            .unwrap_err();
        assert_eq!(
            (error.class(), error.to_string().as_str()),
            ("timeout", "no complete answer in time"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_closed_port_is_no_connection() {
    let server = server().await;
    let address = server.address;
    server.shutdown.cancel();
    server.stopped().await;
    let error = call("\"127.0.0.1\"", format!("http://{address}/"), None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.class(), error.to_string().as_str()),
        ("connect", "cannot connect")
    );
}
