//! Files that come with messages: what is kept of them, how they are shown, and what is refused.

mod bucket;
mod hostile;
mod kept;
mod pictures;
mod served;
mod views;

use axum::body::{Body, Bytes};
use axum::http::{Method, Request};
use futures_util::stream;
use quartet::model::AccountId;
use serde_json::{Value, json};

use super::{Caller, Office};
use crate::app::{Answer, TestApp};

pub(super) const MESSAGES: &str = "/conversations/1/messages";

const FORM: [(&str, &str); 1] = [("content-type", "multipart/form-data; boundary=xx")];

/// A picture of one red pixel.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(width, height, image::Rgb([200, 0, 0]))
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    file.into_inner()
}

/// The parts of a form, as they go over the wire.
#[derive(Default)]
pub(super) struct Form(Vec<u8>);

impl Form {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        let part =
            format!("--xx\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        self.0.extend(part.as_bytes());
        self
    }

    pub(super) fn file(
        mut self,
        name: &str,
        file_name: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Self {
        let head = format!(
            "--xx\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             content-type: {media_type}\r\n\r\n"
        );
        self.0.extend(head.as_bytes());
        self.0.extend(bytes);
        self.0.extend(b"\r\n");
        self
    }

    /// A picture under the name of an attachment.
    pub(super) fn attachment(self, file_name: &str, bytes: &[u8]) -> Self {
        self.file("attachments[]", file_name, "image/png", bytes)
    }

    pub(super) fn bytes(mut self) -> Vec<u8> {
        self.0.extend(b"--xx--\r\n");
        self.0
    }

    /// In pieces of which nobody knows how many come.
    pub(super) fn chunked(self, size: usize) -> Body {
        let bytes = self.bytes();
        let chunks: Vec<_> = bytes
            .chunks(size)
            .map(|chunk| Ok::<_, std::io::Error>(Bytes::copy_from_slice(chunk)))
            .collect();
        Body::from_stream(stream::iter(chunks))
    }
}

impl Caller<'_> {
    /// Posts a form.
    pub(super) async fn post_form(&self, path: &str, form: Form) -> Answer {
        self.send(Method::POST, path, &FORM, Body::from(form.bytes()))
            .await
    }

    /// Posts a message with one file; its attachment.
    pub(super) async fn attach(&self, file_name: &str, media_type: &str, bytes: &[u8]) -> Value {
        let form = Form::new().file("attachments[]", file_name, media_type, bytes);
        let answer = self.post_form(MESSAGES, form).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["attachments"][0].clone()
    }
}

/// The path of a link.
pub(super) fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    url.strip_prefix("http://127.0.0.1:8080")
        .unwrap()
        .to_owned()
}

/// Follows a link.
pub(super) async fn follow(app: &TestApp, url: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path_of(url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.call(request.body(Body::empty()).unwrap()).await
}

/// How many files there are rows of.
pub(super) async fn rows(app: &TestApp, account: AccountId) -> i64 {
    let mut conn = app.database.connect().await;
    sqlx::query_scalar("select count(*) from blobs where account_id = $1")
        .bind(account.0)
        .fetch_one(&mut conn)
        .await
        .unwrap()
}

/// The files in the storage, without their folders.
pub(super) fn stored(app: &TestApp) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![app.data_dir().join("files")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_message_comes_with_files() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let form = Form::new()
        .text("content", "See")
        .text("private", "false")
        .text("content_attributes", "{\"in\":1}")
        .attachment("red.png", &png(300, 150))
        .file(
            "attachments[]",
            "notes.txt",
            "application/pdf",
            b"plain words",
        );
    let answer = office
        .agent
        .send(Method::POST, MESSAGES, &FORM, form.chunked(7))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let message = answer.json();
    assert_eq!(
        (&message["content"], &message["content_attributes"]),
        (&json!("See"), &json!({"in": 1}))
    );
    let attachments = message["attachments"].clone();
    let [image, text] = [&attachments[0], &attachments[1]];
    assert_eq!(
        attachments,
        json!([
            {
                "id": image["id"], "message_id": message["id"], "file_type": "image", "account_id": office.account.0,
                "extension": "png", "content_type": "image/png", "data_url": image["data_url"],
                "thumb_url": image["thumb_url"], "file_size": png(300, 150).len(), "width": 300, "height": 150
            },
            {
                "id": text["id"], "message_id": message["id"], "file_type": "file", "account_id": office.account.0,
                "extension": "txt", "content_type": "text/plain", "data_url": text["data_url"], "thumb_url": "",
                "file_size": 11, "width": null, "height": null
            }
        ])
    );
    assert!(path_of(&image["data_url"]).ends_with("/red.png"));
    assert_eq!(
        follow(&app, &image["data_url"], &[]).await.body,
        png(300, 150)
    );
    assert_eq!(
        follow(&app, &text["data_url"], &[]).await.body,
        b"plain words"
    );
    let thumb =
        image::load_from_memory(&follow(&app, &image["thumb_url"], &[]).await.body).unwrap();
    assert_eq!((thumb.width(), thumb.height()), (250, 125));

    let listed = office.agent.get(MESSAGES).await.json();
    assert_eq!(listed["payload"][0]["attachments"], attachments);
}

#[tokio::test]
async fn a_file_may_be_uploaded_first() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let form = Form::new().file("attachment", "red.png", "image/png", &png(3, 2));
    let uploaded = office.agent.post_form("/upload", form).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text());
    let uploaded = uploaded.json();
    let keys: Vec<_> = uploaded.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["blob_id", "blob_key", "file_url"]);
    assert_eq!(
        follow(&app, &uploaded["file_url"], &[]).await.body,
        png(3, 2)
    );

    let named = json!({"content": "See", "attachments": [uploaded["blob_id"]]});
    let message = office.agent.post(MESSAGES, &named).await.json();
    assert_eq!(message["attachments"][0]["width"], 3);
    let both = Form::new()
        .text("attachments[]", uploaded["blob_id"].as_str().unwrap())
        .attachment("other.png", &png(4, 4));
    let message = office.agent.post_form(MESSAGES, both).await.json();
    let widths = [0, 1].map(|at| message["attachments"][at]["width"].clone());
    assert_eq!(widths, [3, 4]);

    let nothing = Form::new().text("x", "y");
    assert_eq!(
        office.agent.post_form("/upload", nothing).await.pair(),
        (
            422,
            json!({"error": "param is missing or the value is empty: attachment"})
        )
    );
}

#[tokio::test]
async fn a_repeated_post_with_files_is_answered_and_not_done_again() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let headers = [FORM[0], ("idempotency-key", "k-1")];
    let post = async |bytes: &[u8]| {
        let form = Form::new().attachment("red.png", bytes).bytes();
        office
            .agent
            .send(Method::POST, MESSAGES, &headers, Body::from(form))
            .await
    };
    let first = post(&png(3, 2)).await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(post(&png(3, 2)).await.json(), first.json());
    assert_eq!(post(&png(3, 3)).await.status, 422);
    let listed = office.agent.get(MESSAGES).await.json();
    assert_eq!(listed["payload"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_conversation_may_begin_with_files() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "p-1").await;
    let form = Form::new()
        .text("source_id", "p-1")
        .text("message[content]", "Your invoice")
        .file("message[attachments][]", "a.png", "image/png", &png(1, 1));
    let began = office.agent.post_form("/conversations", form).await;
    assert_eq!(began.status, 200, "{}", began.text());
    let first = &began.json()["messages"][0];
    assert_eq!(first["content"], "Your invoice");
    assert_eq!(first["attachments"][0]["file_type"], "image");

    let form = Form::new().text("source_id", "p-1").file(
        "message[attachments][]",
        "a.png",
        "image/png",
        &png(1, 1),
    );
    let began = office.agent.post_form("/conversations", form).await.json();
    assert_eq!(began["messages"][0]["content"], json!(null));
    assert_eq!(
        began["messages"][0]["attachments"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let form = Form::new().file("attachment", "a.png", "image/png", &png(1, 1));
    let uploaded = office.agent.post_form("/upload", form).await.json();
    let message = json!({"attachments": [uploaded["blob_id"]]});
    let began = office
        .agent
        .post(
            "/conversations",
            &json!({"source_id": "p-1", "message": message}),
        )
        .await;
    assert_eq!(
        began.json()["messages"][0]["attachments"][0]["file_type"],
        "image"
    );
}

#[tokio::test]
async fn files_that_a_conversation_cannot_begin_with_are_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "p-1").await;
    let mut form = Form::new().text("source_id", "p-1");
    for _ in 0..16 {
        form = form.file("message[attachments][]", "a.png", "image/png", &png(1, 1));
    }
    let refused = office.agent.post_form("/conversations", form).await;
    let sentence = "Validation failed: Attachments exceeded maximum allowed";
    assert_eq!(refused.pair(), (422, json!({"error": sentence})));
    let message = json!({"attachments": ["nonsense"]});
    let refused = office
        .agent
        .post(
            "/conversations",
            &json!({"source_id": "p-1", "message": message}),
        )
        .await;
    let sentence = "Validation failed: Attachments file must exist";
    assert_eq!(refused.pair(), (422, json!({"error": sentence})));
    let list = office.agent.get("/conversations?status=all").await.json();
    assert_eq!(list["data"]["payload"], json!([]));
}
