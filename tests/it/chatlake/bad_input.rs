//! Requests that nobody should send. Each is refused in this API's shapes, and nothing is stored.

use axum::body::Body;
use axum::http::{Method, Request};
use quartet::model::Scope;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// The routes that take a body.
const WRITES: [&str; 5] = [
    "/contacts",
    "/conversations",
    "/conversations/1/toggle_status",
    "/conversations/1/messages",
    "/inboxes",
];

fn plain(status: u16, text: &str) -> (u16, Value) {
    (status, json!({"status": status, "error": text}))
}

/// How much there is.
async fn stored(office: &Office<'_>) -> Value {
    json!([
        office.admin.get("/contacts/2").await.status.as_u16(),
        office.admin.get("/conversations?status=all").await.json(),
        office.admin.get("/conversations/1/messages").await.json(),
        office.admin.get("/inboxes").await.json(),
    ])
}

#[tokio::test]
async fn what_cannot_be_read_is_a_bad_request() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let before = stored(&office).await;
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(129), "]".repeat(129));
    let bodies: [&[u8]; 7] = [
        b"{",
        b"{} trailing",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"a\\u0000b\"}",
        b"{\"content_attributes\":{\"a\\u0000\":1}}",
        b"{\"unknown\":[{\"deep\":\"\\u0000\"}]}",
        deep.as_bytes(),
    ];
    for path in WRITES {
        for body in bodies {
            let answer = office
                .admin
                .send(Method::POST, path, &JSON, Body::from(body.to_vec()))
                .await;
            let shown = String::from_utf8_lossy(body);
            assert_eq!(answer.pair(), plain(400, "Bad Request"), "{path} {shown}");
        }
        let array = office
            .admin
            .send(Method::POST, path, &JSON, Body::from("[]"))
            .await;
        assert_eq!(
            array.pair(),
            (422, json!({"error": "an object is expected"})),
            "{path}"
        );
    }
    assert_eq!(stored(&office).await, before);
}

#[tokio::test]
async fn forms_are_looked_at_as_closely_as_json() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let before = stored(&office).await;
    let path = "/conversations/1/messages";
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for body in ["content=a%00b", "content=1&content[a]=2"] {
        let answer = office
            .admin
            .send(Method::POST, path, &form, Body::from(body))
            .await;
        assert_eq!(answer.pair(), plain(400, "Bad Request"), "{body}");
    }
    let multipart = [("content-type", "multipart/form-data; boundary=xx")];
    let part = "--xx\r\ncontent-disposition: form-data; name=\"content\"\r\n\r\n";
    for body in [
        [part.as_bytes(), b"a\0b\r\n--xx--\r\n"].concat(),
        [part.as_bytes(), b"\xff\r\n--xx--\r\n"].concat(),
        [part.as_bytes(), b"cut off"].concat(),
        b"no parts at all".to_vec(),
    ] {
        let answer = office
            .admin
            .send(Method::POST, path, &multipart, Body::from(body))
            .await;
        assert_eq!(answer.pair(), plain(400, "Bad Request"));
    }
    let no_boundary = [("content-type", "multipart/form-data")];
    let answer = office
        .admin
        .send(Method::POST, path, &no_boundary, Body::from("x"))
        .await;
    assert_eq!(answer.pair(), plain(400, "Bad Request"));
    assert_eq!(stored(&office).await, before);
}

#[tokio::test]
async fn a_body_of_another_type_or_size_is_refused() {
    let app = TestApp::with("[http]\nbody_limit_bytes = 1000\n").await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let before = stored(&office).await;
    let large = json!({"content": "x".repeat(2000)}).to_string();
    for path in WRITES {
        let text = [("content-type", "text/plain")];
        let answer = office
            .admin
            .send(Method::POST, path, &text, Body::from("{}"))
            .await;
        assert_eq!(
            answer.pair(),
            plain(415, "Unsupported Media Type"),
            "{path}"
        );
        let whole = Body::from(large.clone());
        let answer = office.admin.send(Method::POST, path, &JSON, whole).await;
        assert_eq!(answer.pair(), plain(413, "Payload Too Large"), "{path}");
        let chunks: Vec<Result<String, std::io::Error>> = vec![Ok(large.clone())];
        let chunked = Body::from_stream(futures_util::stream::iter(chunks));
        let answer = office.admin.send(Method::POST, path, &JSON, chunked).await;
        assert_eq!(answer.pair(), plain(413, "Payload Too Large"), "{path}");
    }
    assert_eq!(stored(&office).await, before);
}

#[tokio::test]
async fn numbers_over_two_to_the_63_are_no_ids() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let before = stored(&office).await;
    let huge = 9_223_372_036_854_775_808_u64;
    for (path, field) in [
        ("/contacts", "inbox_id"),
        ("/conversations", "inbox_id"),
        ("/conversations", "contact_id"),
        ("/conversations", "assignee_id"),
        ("/conversations", "team_id"),
    ] {
        let refusal = json!({"error": format!("{field}: an id is expected")});
        let body = json!({"source_id": "p-1", field: huge});
        assert_eq!(
            office.admin.post(path, &body).await.pair(),
            (422, refusal),
            "{path} {field}"
        );
    }
    for path in ["/contacts/", "/conversations/", "/inboxes/"] {
        assert_eq!(
            office.admin.get(&format!("{path}{huge}")).await.status,
            404,
            "{path}"
        );
    }
    let kept = json!({"content": "x", "content_attributes": {"n": huge}});
    let message = office
        .admin
        .post("/conversations/1/messages", &kept)
        .await
        .json();
    assert_eq!(message["content_attributes"]["n"], huge);
    assert_ne!(stored(&office).await, before);
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_refused_in_its_shapes() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let missing = (404, json!({"error": "Resource could not be found"}));
    for path in [
        "/api/v1/accounts/1/campaigns",
        "/api/v9",
        "/api/v1/accounts/1/contacts/1/else",
        "/public/api/v1/x",
        "/platform/api/v1/x",
        "/auth/x",
        "/cable",
        "/chatlake/x",
    ] {
        assert_eq!(app.get(path).await.pair(), missing, "{path}");
    }
    for (method, path) in [
        (Method::DELETE, "/conversations"),
        (Method::PUT, "/inboxes"),
        (Method::GET, "/conversations/1/toggle_status"),
        (Method::POST, "/contacts/1"),
    ] {
        let answer = office.admin.send(method, path, &[], Body::empty()).await;
        assert_eq!(answer.pair(), plain(405, "Method Not Allowed"), "{path}");
        assert!(answer.header("allow").is_some());
    }
    for path in [
        "/api/v1/accounts/%00/inboxes",
        "/api/v1/accounts/1/inboxes?x=%ff",
    ] {
        let request = Request::get(path).header("api_access_token", &office.admin.token);
        let answer = app.call(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.pair(), plain(400, "Bad Request"), "{path}");
    }
}

#[tokio::test]
async fn a_failure_of_ours_has_a_request_id_and_no_cause() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let mut conn = app.database.connect().await;
    crate::database::execute(
        &mut conn,
        "alter table inboxes rename to elsewhere".to_owned(),
    )
    .await;
    let answer = office.admin.get("/inboxes").await;
    let id = answer.header("x-request-id").unwrap().to_owned();
    assert_eq!(
        answer.pair(),
        (
            500,
            json!({"status": 500, "error": "Internal Server Error", "request_id": id})
        )
    );
}

#[tokio::test]
async fn a_database_that_is_away_is_worth_another_try() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    app.store().close().await;
    let answer = office.admin.get("/inboxes").await;
    let id = answer.header("x-request-id").unwrap().to_owned();
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(
        answer.pair(),
        (
            503,
            json!({"status": 503, "error": "Service Unavailable", "request_id": id})
        )
    );
    let version = app.get("/api").await.json();
    assert_eq!(version["data_services"], "failing");
}

/// An object of so many levels.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!("deep"), |within, _| json!({"a": within}))
}

#[tokio::test]
async fn what_is_nested_as_deeply_as_is_taken_is_told_everywhere() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let conversation = office.conversation("deep").await;
    let messages = format!("/conversations/{conversation}/messages");
    let attributes = format!("/conversations/{conversation}/custom_attributes");
    let posts = |levels| {
        [
            (
                "/contacts",
                json!({"name": "Ann", "custom_attributes": nested(levels)}),
            ),
            (
                messages.as_str(),
                json!({"content": "hi", "content_attributes": nested(levels)}),
            ),
            (
                attributes.as_str(),
                json!({"custom_attributes": nested(levels)}),
            ),
        ]
    };
    for (path, body) in posts(109) {
        assert_eq!(office.admin.post(path, &body).await.status, 200, "{path}");
    }
    for (path, body) in posts(110) {
        assert_eq!(
            office.admin.post(path, &body).await.pair(),
            plain(400, "Bad Request")
        );
    }
    let key = app.key(office.account, &[Scope::Admin]).await;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let path = "/admin/v1/events?limit=100";
    let feed = app.send(Method::GET, path, &headers, &json!({})).await;
    assert_eq!(feed.status, 200);
    assert!(feed.text().contains("deep"));
}
