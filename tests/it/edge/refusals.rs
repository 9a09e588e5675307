//! What the edge refuses, in whose words.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use quartet::api::edge::Failure;
use quartet::app;
use quartet::app::serve::Peer;
use quartet::config::Config;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{health, router, sample};
use crate::server::Server;

/// Status and body of the answer to `request`, whose id is `r1`.
async fn ask(toml: &str, request: Request<Body>) -> (u16, Value) {
    let (mut parts, body) = request.into_parts();
    parts.headers.insert("x-request-id", "r1".parse().unwrap());
    let response = router(toml)
        .oneshot(Request::from_parts(parts, body))
        .await
        .unwrap();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&body).into_owned();
    (
        status,
        serde_json::from_slice(&body).unwrap_or(Value::String(text)),
    )
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// The words of the invented API.
fn sample_says(failure: Failure) -> Value {
    json!({ "sample": format!("{failure:?}"), "id": "r1" })
}

#[tokio::test]
async fn an_unknown_path_is_refused_by_whoever_owns_it() {
    for path in [
        "/things",
        "/things/a",
        "/things/a/b/c",
        "/sample",
        "/sample/x",
        "/sample/things/a/b/c",
    ] {
        assert_eq!(
            ask("", get(path)).await,
            (404, sample_says(Failure::NotFound)),
            "{path}"
        );
    }
    for path in ["/", "/thingsandmore", "/samples/x", "/healthz/x"] {
        let body = json!({ "error": "not found", "requestId": "r1" });
        assert_eq!(ask("", get(path)).await, (404, body), "{path}");
    }
}

#[tokio::test]
async fn the_routes_are_served_at_the_root_and_below_the_prefix() {
    for path in ["/things/key/7", "/sample/things/key/7"] {
        assert_eq!(ask("", get(path)).await, (200, json!(7)), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_those_allowed() {
    let request = Request::delete("/sample/echo")
        .header("x-request-id", "r1")
        .body(Body::empty())
        .unwrap();
    let response = router("").oneshot(request).await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&body).unwrap(),
        sample_says(Failure::MethodNotAllowed)
    );
}

#[tokio::test]
async fn a_url_with_nul_or_broken_utf_8_is_refused() {
    for path in ["/things/a%00/7", "/things/a/%ff", "/whoami?q=%00"] {
        assert_eq!(
            ask("", get(path)).await,
            (400, sample_says(Failure::MalformedUrl)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_panic_is_a_plain_failure() {
    assert_eq!(
        ask("", get("/panic")).await,
        (500, sample_says(Failure::Panic))
    );
}

#[tokio::test]
async fn a_handler_that_hangs_is_timed_out() {
    let toml = "[http]\nrequest_timeout_secs = 0.05";
    assert_eq!(
        ask(toml, get("/hang")).await,
        (408, sample_says(Failure::Timeout))
    );
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_timed_out() {
    let server = Server::start(router("[http]\nrequest_timeout_secs = 0.05"), "").await;
    let head =
        "POST /length HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\ncontent-length: 10\r\n\r\n12345";
    let answer = server.ask(head).await;
    assert_eq!(answer.status, 408);
    assert_eq!(
        serde_json::from_str::<Value>(&answer.body).unwrap(),
        sample_says(Failure::Timeout)
    );
}

#[tokio::test]
async fn a_body_of_the_limit_is_taken_and_one_byte_more_is_not() {
    let server = Server::start(router("[http]\nbody_limit_bytes = 4"), "").await;
    let announced = |body: &str| {
        format!(
            "POST /length HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    assert_eq!(server.ask(&announced("1234")).await.body, "4");
    let answer = server.ask(&announced("12345")).await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        serde_json::from_str::<Value>(&answer.body).unwrap(),
        sample_says(Failure::PayloadTooLarge)
    );
}

#[tokio::test]
async fn a_body_of_unknown_length_is_counted() {
    let server = Server::start(router("[http]\nbody_limit_bytes = 4"), "").await;
    let chunked = |chunks: &str| {
        format!(
            "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
        )
    };
    assert_eq!(
        server.ask(&chunked("2\r\n{ \r\n2\r\n }\r\n")).await.body,
        "{}"
    );
    assert_eq!(
        server.ask(&chunked("2\r\n{ \r\n3\r\n  }\r\n")).await.body,
        "the body is too large"
    );
}

#[tokio::test]
async fn a_body_that_is_not_called_json_is_not_read_as_such() {
    let post = |content_type: &str| {
        Request::post("/echo")
            .header("content-type", content_type)
            .body(Body::from("{}"))
            .unwrap()
    };
    for json in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/problem+json",
    ] {
        assert_eq!(ask("", post(json)).await, (200, json!({})), "{json}");
    }
    for other in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "",
    ] {
        assert_eq!(
            ask("", post(other)).await,
            (422, json!("the content type must be application/json")),
            "{other}"
        );
    }
}

#[tokio::test]
async fn too_many_requests_of_one_address_are_refused_and_loopback_is_exempt() {
    let config = Config::from_toml("[limits]\naddress_per_minute = 1").unwrap();
    let router = app::build(vec![sample()], health(true), &config);
    let status = async |peer: &str| {
        let peer: SocketAddr = peer.parse().unwrap();
        let request = Request::get("/whoami")
            .extension(ConnectInfo(Peer(peer)))
            .body(Body::empty())
            .unwrap();
        router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(status("192.0.2.1:1").await, 200);
    assert_eq!(status("192.0.2.1:2").await, 429);
    assert_eq!(status("192.0.2.2:1").await, 200);
    assert_eq!(status("[2001:db8::1]:1").await, 200);
    assert_eq!(status("[2001:db8::2]:1").await, 429, "a /64 is one client");
    assert_eq!(
        [status("127.0.0.1:1").await, status("127.0.0.1:1").await],
        [200, 200]
    );
}

#[tokio::test]
async fn readiness_is_what_the_check_says() {
    let config = Config::from_toml("").unwrap();
    for (ready, status, body) in [
        (true, 200, r#"{"status":"ready"}"#),
        (false, 503, r#"{"status":"unavailable"}"#),
    ] {
        let router = app::build(Vec::new(), health(ready), &config);
        let response = router.oneshot(get("/readyz")).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key("retry-after"), !ready);
        assert_eq!(
            to_bytes(response.into_body(), usize::MAX).await.unwrap(),
            body
        );
    }
}
