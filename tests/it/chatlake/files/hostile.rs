//! Files that somebody made to do harm, and bodies that do not come as they should.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Method;
use chrono::TimeDelta;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{FORM, Form, MESSAGES, follow, path_of, png, rows, stored};
use crate::app::TestApp;
use crate::chatlake::Office;

fn refusal(text: &str) -> (u16, Value) {
    (
        422,
        json!({ "error": format!("Validation failed: {text}") }),
    )
}

#[tokio::test]
async fn what_a_browser_would_run_is_given_back_as_a_download() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for (bytes, found) in [
        (
            &b"<!doctype html><script>alert(1)</script>"[..],
            "text/html",
        ),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            "image/svg+xml",
        ),
        (
            b"<?xml version='1.0'?><x:html xmlns:x='http://www.w3.org/1999/xhtml'/>",
            "text/xml",
        ),
    ] {
        let attachment = office.agent.attach("cat.png", "image/png", bytes).await;
        assert_eq!(
            (&attachment["content_type"], &attachment["file_type"]),
            (&json!(found), &json!("file"))
        );
        assert_eq!(attachment["thumb_url"], "");
        let answer = follow(&app, &attachment["data_url"], &[]).await;
        assert_eq!(answer.body, bytes);
        assert_eq!(
            answer.header("content-type"),
            Some("application/octet-stream")
        );
        assert!(
            answer
                .header("content-disposition")
                .unwrap()
                .starts_with("attachment; ")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .ends_with("; sandbox")
        );
    }
}

#[tokio::test]
async fn a_picture_that_claims_to_be_vast_is_kept_and_never_opened() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let mut bomb = png(4, 4);
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let attachment = office.agent.attach("bomb.png", "image/png", &bomb).await;
    assert_eq!(
        (&attachment["file_type"], &attachment["thumb_url"]),
        (&json!("image"), &json!(""))
    );
    let broken = office
        .agent
        .attach("half.png", "image/png", &png(40, 40)[..60])
        .await;
    assert_eq!(
        (&broken["width"], &broken["thumb_url"]),
        (&json!(40), &json!(""))
    );
}

#[tokio::test]
async fn a_name_is_a_name_and_no_path() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for (given, kept) in [
        ("../../../etc/cron.d/evil", "evil"),
        ("..\\\\..\\\\boot.ini", "boot.ini"),
        ("a%00b.txt", "a_00b.txt"),
        ("\u{202e}txt.exe", "txt.exe"),
        ("...", "file"),
    ] {
        let attachment = office.agent.attach(given, "text/plain", b"words").await;
        let path = path_of(&attachment["data_url"]);
        assert_eq!(path.rsplit('/').next(), Some(kept), "{given}");
        assert_eq!(
            follow(&app, &attachment["data_url"], &[]).await.body,
            b"words"
        );
    }
    assert_eq!(stored(&app), ["file"; 5]);
}

#[tokio::test]
async fn a_message_has_at_most_fifteen_files() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let form = |count| {
        (0..count).fold(Form::new(), |form, at| {
            form.file("attachments[]", "a.txt", "text/plain", &[b'a' + at])
        })
    };
    let full = office.agent.post_form(MESSAGES, form(15)).await.json();
    assert_eq!(full["attachments"].as_array().unwrap().len(), 15);
    let refused = refusal("Attachments exceeded maximum allowed");
    assert_eq!(
        office.agent.post_form(MESSAGES, form(16)).await.pair(),
        refused
    );
    let named = json!({"attachments": vec!["x"; 16]});
    assert_eq!(office.agent.post(MESSAGES, &named).await.pair(), refused);
    let listed = office.agent.get(MESSAGES).await.json();
    assert_eq!(listed["payload"].as_array().unwrap().len(), 1);

    // What came of the one that was refused is removed in a day.
    app.advance(TimeDelta::days(2));
    assert_eq!(app.sweep_files().await, 15);
    assert_eq!(
        (rows(&app, office.account).await, stored(&app).len()),
        (15, 15)
    );
}

#[tokio::test]
async fn large_files_and_types_that_are_not_taken_are_refused() {
    let toml = "[files]\nfile_limit_bytes = 1000\nrequest_limit_bytes = 5000\nallowed_types = [\"image/*\", \"text/*\"]\n\
                denied_types = [\"text/html\", \"image/gif\"]\n";
    let app = TestApp::with(toml).await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let post = async |name: &str, bytes: &[u8]| {
        office
            .agent
            .post_form(MESSAGES, Form::new().attachment(name, bytes))
            .await
    };
    assert_eq!(post("a.txt", &[b'a'; 1000]).await.status, 200);
    let large = refusal("Attachments file size is too big");
    assert_eq!(post("a.txt", &[b'a'; 1001]).await.pair(), large);
    let form = Form::new().attachment("a.txt", &[b'a'; 2000]).chunked(100);
    assert_eq!(
        office
            .agent
            .send(Method::POST, MESSAGES, &FORM, form)
            .await
            .pair(),
        large
    );
    let unsupported = refusal("Attachments file type is not supported");
    for bytes in [
        &b"<html>"[..],
        b"GIF89a\x01\0\x01\0",
        b"%PDF-1.7",
        b"\0\x01\x02",
    ] {
        assert_eq!(post("a.png", bytes).await.pair(), unsupported, "{bytes:?}");
    }
    // Larger than any request, with and without saying so.
    let files = (0..6).fold(Form::new(), |form, _| {
        form.attachment("a.txt", &[b'a'; 900])
    });
    let answer = office
        .agent
        .send(Method::POST, MESSAGES, &FORM, files.chunked(64))
        .await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    let length = [FORM[0], ("content-length", "5001")];
    assert_eq!(
        office
            .agent
            .send(Method::POST, MESSAGES, &length, Body::empty())
            .await
            .status,
        413
    );
    let listed = office.agent.get(MESSAGES).await.json();
    assert_eq!(listed["payload"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_texts_of_a_form_have_the_limit_of_other_bodies() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let long = "a".repeat(1_100_000);
    let one = Form::new().text("content", &long);
    assert_eq!(office.agent.post_form(MESSAGES, one).await.status, 413);
    let elsewhere = Form::new().text("name", &long);
    assert_eq!(
        office.agent.post_form("/contacts", elsewhere).await.status,
        413
    );
    let many = (0..1001).fold(Form::new(), |form, _| form.text("a", ""));
    assert_eq!(office.agent.post_form(MESSAGES, many).await.status, 413);
    let json = [("content-type", "application/json")];
    let answer = office
        .agent
        .send(Method::POST, MESSAGES, &json, Body::from(long))
        .await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn a_file_is_taken_where_files_go_and_with_a_name() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let elsewhere = Form::new().file("picture", "a.png", "image/png", &png(2, 2));
    assert_eq!(
        office.agent.post_form(MESSAGES, elsewhere).await.pair(),
        (422, json!({"error": "picture: no file is taken here"}))
    );
    let nameless = Form::new().attachment("", b"x");
    assert_eq!(
        office.agent.post_form(MESSAGES, nameless).await.pair(),
        (
            422,
            json!({"error": "attachments[]: a file must have a name"})
        )
    );
    // How a browser sends a field in which no file was chosen.
    let none = Form::new().text("content", "Hi").file(
        "attachments[]",
        "",
        "application/octet-stream",
        b"",
    );
    let message = office.agent.post_form(MESSAGES, none).await.json();
    assert_eq!(
        (&message["content"], message.get("attachments")),
        (&json!("Hi"), None)
    );
    assert_eq!(rows(&app, office.account).await, 0);
}

#[tokio::test]
async fn a_file_that_does_not_come_in_whole_is_no_file() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let whole = Form::new().attachment("a.txt", &[b'a'; 500]).bytes();
    let cut = Body::from(whole[..300].to_vec());
    assert_eq!(
        office
            .agent
            .send(Method::POST, MESSAGES, &FORM, cut)
            .await
            .status,
        400
    );
    let reset = [
        Ok(Bytes::copy_from_slice(&whole[..300])),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ];
    let reset = Body::from_stream(futures_util::stream::iter(reset));
    assert_eq!(
        office
            .agent
            .send(Method::POST, MESSAGES, &FORM, reset)
            .await
            .status,
        400
    );

    // A client that goes away in the middle drops its request.
    let start = Bytes::copy_from_slice(&whole[..300]);
    let hangs = futures_util::stream::once(async { Ok::<_, std::io::Error>(start) })
        .chain(futures_util::stream::pending());
    let request = office
        .agent
        .send(Method::POST, MESSAGES, &FORM, Body::from_stream(hangs));
    assert!(
        tokio::time::timeout(Duration::from_millis(300), request)
            .await
            .is_err()
    );

    assert_eq!(
        office.agent.get(MESSAGES).await.json()["payload"],
        json!([])
    );
    let begun = rows(&app, office.account).await;
    assert!(begun > 0 && app.sweep_files().await == 0);
    app.advance(TimeDelta::days(2));
    assert_eq!(i64::try_from(app.sweep_files().await), Ok(begun));
    assert_eq!(
        (rows(&app, office.account).await, stored(&app)),
        (0, Vec::new())
    );
}

#[tokio::test]
async fn a_signed_id_is_good_in_its_account_only() {
    let app = TestApp::start().await;
    let (one, other) = (Office::open(&app).await, Office::open(&app).await);
    one.conversation("p-1").await;
    other.conversation("p-2").await;
    let form = Form::new().file("attachment", "a.txt", "text/plain", b"mine");
    let id = one.agent.post_form("/upload", form).await.json()["blob_id"].clone();
    let refused = refusal("Attachments file must exist");
    for named in [
        id.clone(),
        json!("forged"),
        json!(7),
        json!({"id": id}),
        Value::Null,
    ] {
        let body = json!({"content": "x", "attachments": [named]});
        assert_eq!(
            other.agent.post(MESSAGES, &body).await.pair(),
            refused,
            "{named}"
        );
    }
    let body = json!({"content": "x", "attachments": [id]});
    assert_eq!(one.agent.post(MESSAGES, &body).await.status, 200);
}

#[tokio::test]
async fn uploads_have_a_rate_an_account() {
    let app = TestApp::with("[chatlake]\nuploads_per_hour = 2\n").await;
    let (one, other) = (Office::open(&app).await, Office::open(&app).await);
    let form = || Form::new().file("attachment", "a.txt", "text/plain", b"x");
    for status in [200, 200, 429] {
        assert_eq!(one.agent.post_form("/upload", form()).await.status, status);
    }
    assert_eq!(one.admin.post_form("/upload", form()).await.status, 429);
    assert_eq!(other.agent.post_form("/upload", form()).await.status, 200);
}
