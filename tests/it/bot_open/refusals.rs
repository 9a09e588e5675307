//! What is refused, in this API's shape.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use super::{Scene, log_in, refusal};
use crate::app::Answer;

async fn raw(scene: &Scene, path: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(path).header("authorization", &scene.tenant.token);
    scene.app.call(request.body(body.into()).unwrap()).await
}

fn bad(message: &str) -> (u16, Value) {
    refusal(400, "Bad Request", message)
}

#[tokio::test]
async fn a_login_needs_both_texts_and_says_not_which_was_wrong() {
    let scene = Scene::new().await;
    for (body, message) in [
        (json!({}), "missing field `appId`"),
        (json!({ "appId": "a" }), "missing field `appSecret`"),
        (
            json!({ "appId": 1, "appSecret": "b" }),
            "appId: invalid type: integer `1`, expected a string",
        ),
        (
            json!({ "appId": "a", "appSecret": null }),
            "appSecret: invalid type: null, expected a string",
        ),
        (json!([]), "an object is expected"),
        (
            json!({ "appId": "a", "appSecret": "b" }),
            "appId or appSecret is wrong",
        ),
    ] {
        assert_eq!(
            scene.app.post("/login", &body).await.pair(),
            bad(message),
            "{body}"
        );
    }
    let known = log_in(&scene.app, &scene.tenant.credentials.app_id, "").await;
    assert_eq!(known.pair(), bad("appId or appSecret is wrong"));
}

#[tokio::test]
async fn a_bad_page_or_limit_is_refused() {
    let scene = Scene::new().await;
    let page = "page must be an integer of at least 1";
    let limit = "limit must be an integer from 25 to 1000";
    let body = json!({ "botUserId": "ann", "channelId": 1010 });
    for (query, message) in [
        ("page=0", page),
        ("page=-1", page),
        ("page=", page),
        ("page=1.5", page),
        ("page=9223372036854775808", page),
        ("limit=24", limit),
        ("limit=1001", limit),
        ("limit=all", limit),
        ("limit=18446744073709551616", limit),
    ] {
        for path in ["/users", "/transcripts"] {
            assert_eq!(
                scene.post(&format!("{path}?{query}"), &body).await.pair(),
                bad(message),
                "{query}"
            );
        }
    }
    for limit in [25, 1000] {
        assert_eq!(
            scene
                .post(&format!("/users?limit={limit}"), &body)
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn a_bad_filter_of_users_is_refused() {
    let scene = Scene::new().await;
    for (body, message) in [
        (
            json!({ "channelIds": [1009] }),
            "channelIds: there is no channel 1009",
        ),
        (
            json!({ "channelIds": [1010, 1010] }),
            "channelIds names 1010 twice",
        ),
        (
            json!({ "channelIds": 1010 }),
            "channelIds: invalid type: integer `1010`, expected a sequence",
        ),
        (
            json!({ "channelIds": ["1010"] }),
            "channelIds[0]: invalid type: string \"1010\", expected i64",
        ),
        (
            json!({ "startDate": "soon" }),
            "startDate must be an ISO 8601 date in UTC",
        ),
        (
            json!({ "endDate": "2026-13-01" }),
            "endDate must be an ISO 8601 date in UTC",
        ),
        (
            json!({ "startDate": 5 }),
            "startDate: invalid type: integer `5`, expected a string",
        ),
        (
            json!({ "startDate": "2026-02-02", "endDate": "2026-02-01" }),
            "startDate must not be after endDate",
        ),
    ] {
        assert_eq!(
            scene.post("/users", &body).await.pair(),
            bad(message),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_bad_question_for_transcripts_is_refused() {
    let scene = Scene::new().await;
    for (body, message) in [
        (json!({ "channelId": 1010 }), "missing field `botUserId`"),
        (json!({ "botUserId": "ann" }), "missing field `channelId`"),
        (
            json!({ "botUserId": "", "channelId": 1010 }),
            "botUserId must not be empty",
        ),
        (
            json!({ "botUserId": 7, "channelId": 1010 }),
            "botUserId: invalid type: integer `7`, expected a string",
        ),
        (
            json!({ "botUserId": "ann", "channelId": "1010" }),
            "channelId: invalid type: string \"1010\", expected i64",
        ),
        (
            json!({ "botUserId": "ann", "channelId": 1022 }),
            "channelId: there is no channel 1022",
        ),
    ] {
        assert_eq!(
            scene.post("/transcripts", &body).await.pair(),
            bad(message),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_clean_json_is_refused_everywhere() {
    let scene = Scene::new().await;
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(129), "]".repeat(129));
    for path in ["/login", "/users", "/transcripts"] {
        for body in [
            &b"{"[..],
            b"nul",
            b"{}{}",
            b"\xff",
            deep.as_bytes(),
            b"",
            br#"{"appId":"a\u0000"}"#,
        ] {
            let answer = raw(&scene, path, body.to_vec()).await;
            let (status, json) = answer.pair();
            assert_eq!(
                (status, &json["error"]),
                (400, &json!("Bad Request")),
                "{path}"
            );
            let message = json["message"].as_str().unwrap();
            assert_eq!(json, bad(message).1);
        }
        let huge = format!("{{\"x\":\"{}\"}}", "a".repeat(1 << 20));
        let large = refusal(413, "Payload Too Large", "the body is too large");
        assert_eq!(raw(&scene, path, huge).await.pair(), large);
    }
    // Whatever it calls itself, JSON is read.
    assert_eq!(raw(&scene, "/users", "{\"else\":1}").await.status, 200);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_refused() {
    let scene = Scene::new().await;
    let nothing = refusal(404, "Not Found", "there is nothing at this path");
    for path in [
        "/userData",
        "/users/1",
        "/bot-open",
        "/bot-open/else",
        "/transcripts/1",
    ] {
        assert_eq!(scene.get(path).await.pair(), nothing, "{path}");
    }
    for (method, path, allow) in [
        (Method::GET, "/login", "POST"),
        (Method::POST, "/botUsage", "GET,HEAD"),
        (Method::DELETE, "/bot-open/users", "POST"),
        (Method::PUT, "/userData/ann", "GET,HEAD"),
        (Method::PATCH, "/transcripts", "POST"),
    ] {
        let answer = scene.app.send(method, path, &[], &json!({})).await;
        let wrong = refusal(
            405,
            "Method Not Allowed",
            "this path does not take this method",
        );
        assert_eq!(answer.pair(), wrong, "{path}");
        assert_eq!(answer.header("allow"), Some(allow));
    }
    for path in ["/userData/a%00", "/userData/%ff", "/botUsage?monthDate=%00"] {
        let message = "path and query must be UTF-8 without NUL";
        assert_eq!(scene.get(path).await.pair(), bad(message), "{path}");
    }
}

#[tokio::test]
async fn every_call_but_the_login_refuses_strangers_before_it_looks_at_anything_else() {
    let scene = Scene::new().await;
    let missing = refusal(
        401,
        "Unauthorized",
        "the Authorization header must hold the authToken",
    );
    for prefix in ["", "/bot-open"] {
        for path in ["/botUsage?channelId=x", "/userData/ann"] {
            assert_eq!(
                scene.app.get(&format!("{prefix}{path}")).await.pair(),
                missing
            );
        }
        for path in ["/users?page=0", "/transcripts"] {
            assert_eq!(
                scene
                    .app
                    .post(&format!("{prefix}{path}"), &json!(1))
                    .await
                    .pair(),
                missing
            );
        }
    }
}

#[tokio::test]
async fn a_failure_of_the_servers_own_tells_its_request_and_no_cause() {
    let scene = Scene::new().await;
    let mut conn = scene.app.database.connect().await;
    sqlx::query("alter table usage_months rename to usage_of_old")
        .execute(&mut conn)
        .await
        .unwrap();
    let request = Request::get("/botUsage")
        .header("authorization", &scene.tenant.token)
        .header("x-request-id", "request-1")
        .body(Body::empty());
    let answer = scene.app.call(request.unwrap()).await;
    let failed = json!({
        "statusCode": 500, "error": "Internal Server Error", "message": "the server failed", "requestId": "request-1",
    });
    assert_eq!(answer.pair(), (500, failed));
}

#[tokio::test]
async fn without_its_database_the_server_asks_to_come_back() {
    let scene = Scene::new().await;
    scene.app.store().close().await;
    let answer = scene.get("/botUsage").await;
    let (status, body) = answer.pair();
    assert_eq!(
        (status, &body["error"]),
        (503, &json!("Service Unavailable"))
    );
    assert_eq!(
        body["message"],
        "the server cannot answer now, try again later"
    );
    assert_eq!(body["requestId"].as_str().map(str::len), Some(36));
    assert_eq!(answer.header("retry-after"), Some("1"));
}
