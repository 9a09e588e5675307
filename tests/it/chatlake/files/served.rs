//! How files are served.

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{FORM, Form, MESSAGES, follow, path_of, png};
use crate::app::{Answer, TestApp};
use crate::chatlake::Office;

const TEXT: &[u8] = b"0123456789";

async fn text_file(app: &TestApp) -> Value {
    let office = Office::open(app).await;
    office.conversation("p-1").await;
    office.agent.attach("digits.txt", "text/plain", TEXT).await["data_url"].clone()
}

fn range(answer: &Answer) -> (u16, &str, Option<&str>) {
    (
        answer.status.as_u16(),
        answer.text(),
        answer.header("content-range"),
    )
}

#[tokio::test]
async fn a_file_says_how_it_is_to_be_taken() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let image = office
        .agent
        .attach("rot & grün.png", "image/png", &png(3, 2))
        .await;
    let answer = follow(&app, &image["data_url"], &[]).await;
    let names = [
        "content-type",
        "content-disposition",
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "access-control-allow-origin",
        "cross-origin-resource-policy",
        "cache-control",
        "accept-ranges",
    ];
    let headers: Vec<_> = names
        .iter()
        .map(|name| format!("{name}: {}", answer.header(name).unwrap()))
        .collect();
    insta::assert_snapshot!(headers.join("\n"), @r#"
    content-type: image/png
    content-disposition: inline; filename="rot & gr_n.png"; filename*=UTF-8''rot%20%26%20gr%C3%BCn.png
    content-security-policy: default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox
    x-content-type-options: nosniff
    referrer-policy: no-referrer
    access-control-allow-origin: *
    cross-origin-resource-policy: cross-origin
    cache-control: private, max-age=734400, immutable
    accept-ranges: bytes
    "#);
    assert_eq!(
        answer.header("content-length"),
        Some(png(3, 2).len().to_string().as_str())
    );

    let thumb = follow(&app, &image["thumb_url"], &[]).await;
    assert_eq!(
        (thumb.status.as_u16(), thumb.header("content-type")),
        (200, Some("image/jpeg"))
    );
    assert_ne!(thumb.header("etag"), answer.header("etag"));

    let pdf = office
        .agent
        .attach("a.pdf", "text/html", b"%PDF-1.7 ...")
        .await;
    let pdf = follow(&app, &pdf["data_url"], &[]).await;
    assert_eq!(pdf.header("content-type"), Some("application/pdf"));
    assert!(
        pdf.header("content-disposition")
            .unwrap()
            .starts_with("inline; ")
    );
    assert!(
        pdf.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
}

#[tokio::test]
async fn a_part_may_be_asked_for() {
    let app = TestApp::start().await;
    let url = text_file(&app).await;
    let get = async |value: &str| follow(&app, &url, &[("range", value)]).await;
    assert_eq!(
        range(&get("bytes=0-0").await),
        (206, "0", Some("bytes 0-0/10"))
    );
    assert_eq!(
        range(&get("bytes=4-").await),
        (206, "456789", Some("bytes 4-9/10"))
    );
    assert_eq!(
        range(&get("bytes=-3").await),
        (206, "789", Some("bytes 7-9/10"))
    );
    assert_eq!(
        range(&get("bytes=8-99").await),
        (206, "89", Some("bytes 8-9/10"))
    );
    assert_eq!(
        range(&get("bytes=10-").await),
        (416, "range not satisfiable", Some("bytes */10"))
    );
    assert_eq!(
        range(&get("bytes=-0").await),
        (416, "range not satisfiable", Some("bytes */10"))
    );
    for whole in ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=x"] {
        assert_eq!(
            range(&get(whole).await),
            (200, "0123456789", None),
            "{whole}"
        );
    }
    let whole = follow(&app, &url, &[]).await;
    let etag = whole.header("etag").unwrap();
    let same = follow(&app, &url, &[("range", "bytes=1-2"), ("if-range", etag)]).await;
    assert_eq!(range(&same), (206, "12", Some("bytes 1-2/10")));
    let other = follow(
        &app,
        &url,
        &[("range", "bytes=1-2"), ("if-range", "\"other\"")],
    )
    .await;
    assert_eq!(range(&other), (200, "0123456789", None));
    let unchanged = follow(&app, &url, &[("if-none-match", &format!("\"x\", {etag}"))]).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text()), (304, ""));
}

#[tokio::test]
async fn its_head_may_be_asked_for() {
    let app = TestApp::start().await;
    let path = path_of(&text_file(&app).await);
    let head = |path: &str| Request::head(path).body(Body::empty()).unwrap();
    let answer = app.call(head(&path)).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert_eq!(answer.header("content-length"), Some("10"));
    assert_eq!(app.call(head("/files/x/y")).await.status, 404);
    let post = Request::builder()
        .method(Method::POST)
        .uri(&path)
        .body(Body::empty())
        .unwrap();
    let answer = app.call(post).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (405, "method not allowed")
    );
}

#[tokio::test]
async fn links_begin_where_the_server_is_reached() {
    for (toml, host, start) in [
        ("", "chat.local:99", "http://chat.local:99/files/"),
        ("", "chat.local/evil?", "http://127.0.0.1:8080/files/"),
        (
            "[http]\npublic_url = \"https://chat.example.com\"\n",
            "evil",
            "https://chat.example.com/files/",
        ),
    ] {
        let app = TestApp::with(toml).await;
        let office = Office::open(&app).await;
        office.conversation("p-1").await;
        let headers = [FORM[0], ("host", host)];
        let form = Form::new().attachment("a.png", &png(2, 2)).chunked(9);
        let answer = office
            .agent
            .send(Method::POST, MESSAGES, &headers, form)
            .await;
        let url = answer.json()["attachments"][0]["data_url"].clone();
        assert!(url.as_str().unwrap().starts_with(start), "{url}");
    }
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let empty = office.agent.attach("empty.txt", "text/plain", b"").await;
    assert_eq!(empty["file_size"], 0);
    let answer = follow(&app, &empty["data_url"], &[]).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    let answer = follow(&app, &empty["data_url"], &[("range", "bytes=0-")]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-range")),
        (416, Some("bytes */0"))
    );
}

#[tokio::test]
async fn a_link_is_good_for_a_while_and_only_as_it_was_made() {
    let app = TestApp::start().await;
    let url = text_file(&app).await;
    let path = path_of(&url);
    let token = path.split('/').nth(2).unwrap();
    assert_eq!(
        app.get(&format!("/files/{token}/any-name")).await.body,
        TEXT
    );
    assert_eq!(app.get(&format!("/quartet{path}")).await.body, TEXT);
    for forged in [
        "x".to_owned(),
        token[1..].to_owned(),
        format!("{token}A"),
        token.replace(&token[30..34], "AAAA"),
    ] {
        let answer = app.get(&format!("/files/{forged}/digits.txt")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (404, "not found"),
            "{forged}"
        );
    }
    app.advance(TimeDelta::days(7));
    assert_eq!(app.get(&path).await.body, TEXT);
    app.advance(TimeDelta::days(7));
    let late = app.get(&path).await;
    assert_eq!(
        (late.status.as_u16(), late.header("cache-control")),
        (404, Some("no-store"))
    );
}

#[tokio::test]
async fn a_lost_file_is_not_found() {
    let app = TestApp::start().await;
    let url = text_file(&app).await;
    std::fs::remove_dir_all(app.data_dir().join("files")).unwrap();
    assert_eq!(follow(&app, &url, &[]).await.status, 404);
    assert_eq!(json!(follow(&app, &url, &[]).await.text()), "not found");
}
