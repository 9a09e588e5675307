//! Files in a bucket: a small server that speaks as much S3 as that takes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use chrono::TimeDelta;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Form, MESSAGES, follow, png};
use crate::app::TestApp;
use crate::chatlake::Office;

#[derive(Clone, Default)]
struct Bucket {
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    parts: Arc<Mutex<BTreeMap<u32, Vec<u8>>>>,
    /// Answers nothing but that it is out of order.
    broken: Arc<Mutex<bool>>,
}

impl Bucket {
    fn names(&self) -> Vec<String> {
        let objects = self.objects.lock().unwrap();
        objects
            .keys()
            .map(|key| key.rsplit('/').next().unwrap().to_owned())
            .collect()
    }

    /// A server with the bucket behind it, and the one that keeps files there.
    async fn serve(&self) -> (TestApp, JoinSet<()>) {
        let router = Router::new()
            .route("/chat/{*key}", any(answer))
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let mut running = JoinSet::new();
        running.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let app = TestApp::with(&format!(
            "[files]\nstorage = \"s3\"\nbucket = \"chat\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"me\"\n\
             secret_access_key = \"s3cret\"\n"
        ))
        .await;
        (app, running)
    }

    fn put(&self, key: String, part: Option<&String>, body: &Bytes) {
        match part {
            Some(number) => {
                self.parts
                    .lock()
                    .unwrap()
                    .insert(number.parse().unwrap(), body.to_vec());
            }
            None => {
                self.objects.lock().unwrap().insert(key, body.to_vec());
            }
        }
    }

    fn complete(&self, key: String) {
        let parts = std::mem::take(&mut *self.parts.lock().unwrap());
        let whole = parts.into_values().flatten().collect();
        self.objects.lock().unwrap().insert(key, whole);
    }

    fn get(&self, key: &str, range: Option<&str>) -> Response {
        let Some(whole) = self.objects.lock().unwrap().get(key).cloned() else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let dated = [
            ("last-modified", "Tue, 10 Mar 2026 12:00:00 GMT"),
            ("etag", "\"1\""),
        ];
        let Some((first, last)) =
            range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
        else {
            return (dated, whole).into_response();
        };
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        let said = [(
            "content-range",
            format!("bytes {first}-{last}/{}", whole.len()),
        )];
        (
            StatusCode::PARTIAL_CONTENT,
            dated,
            said,
            whole[first..=last].to_vec(),
        )
            .into_response()
    }
}

async fn answer(
    State(bucket): State<Bucket>,
    Path(key): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if *bucket.broken.lock().unwrap() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let signature = headers["authorization"].to_str().unwrap();
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 Credential=me/"),
        "{signature}"
    );
    match method {
        Method::PUT => {
            bucket.put(key, query.get("partNumber"), &body);
            [("etag", "\"1\"")].into_response()
        }
        Method::POST if query.contains_key("uploads") => {
            "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
                .into_response()
        }
        Method::POST => {
            bucket.complete(key);
            "<CompleteMultipartUploadResult><ETag>\"1\"</ETag></CompleteMultipartUploadResult>"
                .into_response()
        }
        Method::DELETE => {
            bucket.objects.lock().unwrap().remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => bucket.get(
            &key,
            headers.get("range").map(|range| range.to_str().unwrap()),
        ),
    }
}

#[tokio::test]
async fn files_may_be_kept_in_a_bucket() {
    let bucket = Bucket::default();
    let (app, _running) = bucket.serve().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let image = office
        .agent
        .attach("red.png", "image/png", &png(600, 30))
        .await;
    assert_eq!(bucket.names(), ["file", "thumb"]);
    assert_eq!(
        follow(&app, &image["data_url"], &[]).await.body,
        png(600, 30)
    );
    let thumb = follow(&app, &image["thumb_url"], &[]).await;
    assert_eq!(image::load_from_memory(&thumb.body).unwrap().width(), 250);

    // Larger than what is held in memory of a file.
    let large: Vec<u8> = (0..12_000_000_u32)
        .map(|at| (at % 251) as u8 & 0x7F | 0x20)
        .collect();
    let large = office.agent.attach("large.bin", "text/plain", &large).await;
    assert_eq!(large["file_size"], 12_000_000);
    let part = follow(
        &app,
        &large["data_url"],
        &[("range", "bytes=5999999-6000001")],
    )
    .await;
    let expected: Vec<u8> = (5_999_999..6_000_002_u32)
        .map(|at| (at % 251) as u8 & 0x7F | 0x20)
        .collect();
    assert_eq!((part.status.as_u16(), part.body), (206, expected));

    let unused = Form::new().file("attachment", "a.txt", "text/plain", b"x");
    assert_eq!(office.agent.post_form("/upload", unused).await.status, 200);
    assert_eq!(bucket.names().len(), 4);
    app.advance(TimeDelta::days(2));
    assert_eq!((app.sweep_files().await, bucket.names().len()), (1, 3));
}

#[tokio::test]
async fn a_bucket_out_of_order_refuses_the_message_for_now() {
    let bucket = Bucket::default();
    let (app, _running) = bucket.serve().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    *bucket.broken.lock().unwrap() = true;
    let form = Form::new().attachment("red.png", &png(3, 2));
    let answer = office.agent.post_form(MESSAGES, form).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(
        office.agent.get(MESSAGES).await.json()["payload"],
        json!([])
    );
}
