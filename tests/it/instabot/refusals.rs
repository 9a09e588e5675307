//! Every refusal, in the API's own words and with nothing stored.

use axum::body::Body;
use axum::http::{Method, Request};
use quartet::model::{AccountStatus, Scope};
use quartet::store::{accounts, keys};
use serde_json::{Value, json};
use sqlx::Row;

use super::{BOT, Scene, reply_body};
use crate::app::TestApp;

impl Scene {
    /// Rows that any accepted request would have added to.
    async fn rows(&self) -> i64 {
        let mut conn = self.app.database.connect().await;
        let rows = sqlx::query(
            "select (select count(*) from contacts) + (select count(*) from conversations)
                  + (select count(*) from messages) + (select count(*) from events)
                  + (select count(*) from endpoints) + (select sum(version) from flow_sessions)::bigint
                  + (select count(*) from idempotency_keys) as rows",
        );
        rows.fetch_one(&mut conn).await.unwrap().get("rows")
    }

    async fn is_refused(&self, path: &str, body: &Value, status: u16, code: &str) {
        let answer = self.app.post(path, body).await;
        is_refusal(&answer, status, code, &body.to_string());
    }
}

fn is_refusal(answer: &crate::app::Answer, status: u16, code: &str, of: &str) {
    let body = answer.json();
    let told = (answer.status.as_u16(), body["apiStatusCode"].as_str());
    assert_eq!(told, (status, Some(code)), "{of}: {body}");
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    assert!(!body["apiStatusMessage"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_start_that_is_not_as_it_must_be_is_refused() {
    let scene = Scene::new().await;
    scene.start().await;
    let before = scene.rows().await;
    let changes = [
        ("apiKey", json!(null)),
        ("apiKey", json!(7)),
        ("start", json!("true")),
        ("start", json!(false)),
        ("start", json!(null)),
        ("botId", json!(null)),
        ("botId", json!("474960032")),
        ("botId", json!(474_960_032.5)),
        ("botId", json!(0)),
        ("botId", json!(-1)),
        ("botId", json!(9_007_199_254_740_992_i64)),
        ("botId", json!(18_446_744_073_709_551_615_u64)),
        ("email", json!(null)),
        ("email", json!("ann")),
        ("email", json!(["ann@example.org"])),
        ("email", json!("ann\u{0}@example.org")),
        ("callbackUrl", json!("not a url")),
        ("callbackUrl", json!("ftp://example.org/")),
        (
            "callbackUrl",
            json!(format!("http://example.org/{}", "a".repeat(2048))),
        ),
        ("callbackUrl", json!(5)),
        ("metadata", json!("somekey")),
        ("metadata", json!([])),
        ("metadata", json!({ "a": "\u{0}" })),
        ("metadata", json!({ "\u{0}": 1 })),
    ];
    for (key, value) in changes {
        let mut body = scene.start_body();
        body[key] = value;
        scene
            .is_refused("/secure/send", &body, 400, "InvalidRequest")
            .await;
    }
    let mut body = scene.start_body();
    body["botId"] = json!(BOT + 1);
    scene
        .is_refused("/secure/send", &body, 404, "BotNotFound")
        .await;
    assert_eq!(scene.rows().await, before);
}

#[tokio::test]
async fn a_reply_that_is_not_as_it_must_be_is_refused() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let before = scene.rows().await;
    let messages = [
        json!(null),
        json!("Option 1"),
        json!({}),
        json!({ "text": null }),
        json!({ "text": 1 }),
        json!({ "text": "a\u{0}b" }),
        json!({ "text": "a", "payload": "478137613" }),
        json!({ "text": "a", "payload": 1.5 }),
        json!({ "text": "a", "payload": 0 }),
        json!({ "text": "a", "payload": -1 }),
        json!({ "text": "a", "payload": 9_007_199_254_740_992_i64 }),
        json!({ "text": "a".repeat(150_001) }),
    ];
    for message in messages {
        let body = json!({ "streamId": stream, "message": message });
        scene
            .is_refused("/secure/send", &body, 400, "InvalidRequest")
            .await;
    }
    for odd in [json!(true), json!(1.5), json!({}), json!([])] {
        let body = json!({ "streamId": odd, "message": { "text": "a" } });
        scene
            .is_refused("/secure/send", &body, 400, "InvalidRequest")
            .await;
    }
    for unknown in [
        json!(""),
        json!("x"),
        json!("+5"),
        json!("-5"),
        json!(-5),
        json!("1"),
        json!(1),
        json!("9223372036854775808"),
        json!(9_223_372_036_854_775_808_u64),
    ] {
        let body = json!({ "streamId": unknown, "message": { "text": "a" } });
        scene
            .is_refused("/secure/send", &body, 404, "StreamNotFound")
            .await;
    }
    assert_eq!(scene.rows().await, before);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let scene = Scene::new().await;
    let deep = format!(
        "{{\"start\":true,\"x\":{}{}}}",
        "[".repeat(129),
        "]".repeat(129)
    );
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{}x",
        deep.as_bytes(),
    ];
    for path in ["/secure/send", "/secure/user"] {
        for body in bodies {
            let request = Request::post(path).body(Body::from(body.to_vec())).unwrap();
            let answer = scene.app.call(request).await;
            is_refusal(
                &answer,
                400,
                "InvalidRequest",
                &String::from_utf8_lossy(body),
            );
        }
        let request = Request::post(path)
            .body(Body::from(vec![b' '; 1_048_577]))
            .unwrap();
        is_refusal(&scene.app.call(request).await, 413, "TooLarge", "large");
    }
    let nothing = json!({});
    scene
        .is_refused("/secure/user", &nothing, 400, "InvalidRequest")
        .await;
    let body = json!({ "apiKey": scene.key, "email": "ann" });
    scene
        .is_refused("/secure/user", &body, 400, "InvalidRequest")
        .await;
}

#[tokio::test]
async fn a_key_must_be_good_for_this() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let before = scene.rows().await;
    let other_scope = scene.app.key(scene.account, &[Scope::Imbox]).await;
    let revoked = scene.app.key(scene.account, &[Scope::Instabot]).await;
    let newest = keys::list(scene.app.store(), scene.account).await.unwrap()[0].id;
    keys::revoke(scene.app.store(), scene.account, newest, scene.app.now())
        .await
        .unwrap();
    let cases = [
        ("nope", 401, "InvalidApiKey"),
        ("", 401, "InvalidApiKey"),
        (&revoked, 401, "InvalidApiKey"),
        (&other_scope, 403, "Forbidden"),
    ];
    for (key, status, code) in cases {
        let mut start = scene.start_body();
        start["apiKey"] = json!(key);
        scene.is_refused("/secure/send", &start, status, code).await;
        let user = json!({ "apiKey": key, "email": "ann@example.org" });
        scene.is_refused("/secure/user", &user, status, code).await;
        let mut reply = reply_body(&stream, "Option 1", None);
        reply["apiKey"] = json!(key);
        scene.is_refused("/secure/send", &reply, status, code).await;
    }
    assert_eq!(scene.rows().await, before);
}

#[tokio::test]
async fn a_key_of_another_account_opens_nothing_here() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let before = scene.rows().await;
    let other = Scene::on_account_of(&scene).await;
    let mut start = scene.start_body();
    start["apiKey"] = json!(other);
    scene
        .is_refused("/secure/send", &start, 404, "BotNotFound")
        .await;
    let mut reply = reply_body(&stream, "Option 1", None);
    reply["apiKey"] = json!(other);
    scene
        .is_refused("/secure/send", &reply, 404, "StreamNotFound")
        .await;
    assert_eq!(scene.rows().await, before);
}

#[tokio::test]
async fn a_suspended_account_is_shut() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    accounts::set_status(
        scene.app.store(),
        scene.account,
        AccountStatus::Suspended,
        scene.app.now(),
    )
    .await
    .unwrap();
    let start = scene.start_body();
    scene
        .is_refused("/secure/send", &start, 401, "InvalidApiKey")
        .await;
    let reply = reply_body(&stream, "Option 1", None);
    scene
        .is_refused("/secure/send", &reply, 404, "StreamNotFound")
        .await;
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_the_same_words() {
    let scene = Scene::new().await;
    for path in [
        "/secure",
        "/secure/else",
        "/instabot",
        "/instabot/secure/else",
    ] {
        let answer = scene.app.post(path, &json!({})).await;
        is_refusal(&answer, 404, "NotFound", path);
    }
    for path in ["/secure/send", "/secure/user", "/instabot/secure/send"] {
        let request = Request::builder().method(Method::GET).uri(path);
        let answer = scene.app.call(request.body(Body::empty()).unwrap()).await;
        is_refusal(&answer, 405, "MethodNotAllowed", path);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let app = TestApp::with("[limits]\ninstabot_per_minute = 1\n").await;
    let scene = Scene::on(app, super::DEMO).await;
    scene.start().await;
    let answer = scene.send(&scene.start_body()).await;
    is_refusal(&answer, 429, "RateLimited", "start");
    assert_eq!(answer.header("retry-after"), Some("60"));
}

#[tokio::test]
async fn a_failure_of_ours_tells_its_request_and_not_its_cause() {
    let scene = Scene::new().await;
    let mut conn = scene.app.database.connect().await;
    let damage = sqlx::query("update flows set document = '{}'");
    damage.execute(&mut conn).await.unwrap();
    let headers = [("x-request-id", "order-66")];
    let answer = scene
        .app
        .send(Method::POST, "/secure/send", &headers, &scene.start_body())
        .await;
    assert_eq!(
        answer.pair(),
        (
            500,
            json!({
                "apiStatusCode": "InternalError",
                "apiStatusMessage": "the server failed (request order-66)",
            })
        )
    );
}
