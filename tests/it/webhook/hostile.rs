//! Receivers that do what they should not. None holds a place longer than its time-out, or the server's memory.

use std::convert::Infallible;
use std::future::pending;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::routing::post;
use futures_util::{StreamExt, stream};
use quartet::config::Config;
use quartet::outbound::{Client, Lookup};
use quartet::webhook::Dispatcher;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{DELIVERED, EXACT, POSTPONED, Scene};
use crate::app::TestApp;
use crate::receiver::Receiver;
use crate::server::{Server, soon};

/// What one attempt at a URL leads to: the report, and status, error and length of the answer that are kept.
async fn attempt(url: &str) -> (Vec<quartet::webhook::Report>, Value) {
    let app = TestApp::with(&format!("{EXACT}timeout_secs = 1")).await;
    let scene = Scene::on(app, Receiver::start().await, url).await;
    let reports = soon(scene.app.drain_webhooks()).await;
    let mut kept = scene
        .rows("select jsonb_build_array(status, error_class, length(response_head)) from attempts")
        .await;
    (reports, kept.pop().unwrap())
}

async fn server() -> Server {
    let drip = || async {
        let byte = stream::iter([Ok::<_, Infallible>("a")]);
        Body::from_stream(byte.chain(stream::pending()))
    };
    let flood = || async {
        let chunk = Bytes::from_static(&[b'a'; 32_768]);
        Body::from_stream(stream::repeat(Ok::<_, Infallible>(chunk)))
    };
    let metadata = "http://169.254.169.254/latest/meta-data/";
    let router = Router::new()
        .route("/hang", post(pending::<()>))
        .route("/drip", post(drip))
        .route("/flood", post(flood))
        .route(
            "/redirect",
            post(move || async move { (StatusCode::TEMPORARY_REDIRECT, [("location", metadata)]) }),
        );
    Server::start(router, "").await
}

#[tokio::test]
async fn one_that_hangs_or_drips_is_given_up_in_time() {
    let server = server().await;
    for path in ["hang", "drip"] {
        let (reports, kept) = attempt(&format!("http://{}/{path}", server.address)).await;
        assert_eq!(reports, [POSTPONED], "{path}");
        let words = "no complete answer in time";
        assert_eq!(kept, json!([null, "timeout", words.len()]), "{path}");
    }
}

#[tokio::test]
async fn one_that_floods_is_read_no_further_than_it_takes() {
    let server = server().await;
    let (reports, kept) = attempt(&format!("http://{}/flood", server.address)).await;
    assert_eq!(reports, [DELIVERED]);
    assert_eq!(kept, json!([200, null, 4096]));
}

#[tokio::test]
async fn one_that_redirects_to_a_metadata_address_is_not_followed() {
    let server = server().await;
    let (reports, kept) = attempt(&format!("http://{}/redirect", server.address)).await;
    assert_eq!(reports, [POSTPONED]);
    assert_eq!(kept, json!([307, "status", 0]));
}

#[tokio::test]
async fn one_whose_headers_never_end_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut endless = JoinSet::new();
    endless.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"x-more: and more\r\n").await.is_ok() {}
    });
    let (reports, kept) = attempt(&url).await;
    assert_eq!(reports, [POSTPONED]);
    assert_eq!(kept[0], Value::Null);
}

#[tokio::test]
async fn one_that_speaks_no_http_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut rude = JoinSet::new();
    rude.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"220 mail.example.com ESMTP\r\n").await;
        let _ = stream.read(&mut [0; 1024]).await;
    });
    let (reports, kept) = attempt(&url).await;
    assert_eq!(reports, [POSTPONED]);
    assert_eq!(kept[1], "exchange");
}

/// A host that is at another address each time somebody asks.
#[derive(Clone)]
struct Moving(Arc<Mutex<Vec<IpAddr>>>);

impl Lookup for Moving {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let next = self.0.lock().unwrap().pop();
        Ok(Vec::from_iter(next))
    }
}

#[tokio::test]
async fn one_whose_name_changes_its_address_is_called_at_the_one_that_was_checked() {
    let here = "[outbound]\nallow = [\"127.0.0.1/32\"]\n[webhook]\njitter_percent = 0\n";
    let app = TestApp::with(here).await;
    let receiver = Receiver::start().await;
    let url = receiver.url.replace("127.0.0.1", "moving.example");
    let scene = Scene::on(app, receiver, &url).await;
    let config = Config::from_toml(here).unwrap();
    // The first answer is allowed. Whoever asked again between the check and the call would be sent inside, ...
    let answers: [IpAddr; 2] = [[10, 0, 0, 7].into(), [127, 0, 0, 1].into()];
    let moving = Moving(Arc::new(Mutex::new(answers.to_vec())));
    let dispatcher = async || {
        let client = Client::with_lookup(&config.outbound, moving.clone()).unwrap();
        let (store, clock) = (scene.app.store().clone(), scene.app.clock.clone());
        let dispatcher = Dispatcher::new(store, clock, client, config.webhook.clone());
        dispatcher.step().await.unwrap()
    };
    assert_eq!(dispatcher().await, DELIVERED);
    assert_eq!(scene.receiver.take().len(), 1);
    assert_eq!(moving.0.lock().unwrap().len(), 1, "asked once");

    // ... and whoever asks anew is refused.
    scene.say("Hello").await;
    assert_eq!(dispatcher().await, POSTPONED);
    let errors = scene
        .rows("select to_jsonb(response_head) from attempts order by delivery_id desc limit 1")
        .await;
    assert_eq!(
        errors,
        ["the host has a private address, which is not allowed"]
    );
    assert!(scene.receiver.take().is_empty());
}
