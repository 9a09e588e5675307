//! Many who listen, those who do not keep up, and how a connection ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use futures_util::StreamExt;
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Live, MESSAGES, agent, contact};
use crate::app::TestApp;
use crate::chatlake::Office;
use crate::chatlake::public::Page;
use crate::server::soon;

#[tokio::test]
async fn a_plain_request_is_not_served() {
    let app = TestApp::start().await;
    assert_eq!(
        app.get("/cable").await.pair(),
        (404, json!({"error": "Resource could not be found"}))
    );
}

#[tokio::test]
async fn a_client_is_pinged_and_told_when_the_server_goes() {
    let app = TestApp::with("[cable]\nping_secs = 0.05").await;
    let office = Office::open(&app).await;
    let ann = Page::of(&office).await.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let ping = loop {
        if let Message::Text(text) = soon(client.0.next()).await.unwrap().unwrap() {
            break text;
        }
    };
    assert_eq!(ping.as_str(), r#"{"type":"ping","message":1773144000}"#);
    live.server.shutdown.cancel();
    assert_eq!(
        client.frame().await,
        Some(json!({"type": "disconnect", "reason": "server_restart", "reconnect": true}))
    );
    assert_eq!(client.frame().await, None);
}

#[tokio::test]
async fn only_so_many_are_let_in() {
    let app = TestApp::with("[cable]\nconnections = 2\nconnections_per_account = 1").await;
    let office = Office::open(&app).await;
    let ann = Page::of(&office).await.visitor("a").await;
    let live = Live::start(&app).await;
    let identifier = contact(&ann["pubsub_token"]);
    let first = live.listen(&identifier).await;
    let mut second = live.connect().await;
    second.send("subscribe", &identifier).await;
    assert_eq!(
        second.frame().await,
        Some(json!({"type": "reject_subscription", "identifier": identifier}))
    );
    match live.try_connect().await {
        Err(Error::Http(response)) => assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("one too many"),
    }
    drop(first);
    soon(async {
        loop {
            second.send("subscribe", &identifier).await;
            if second.frame().await.unwrap()["type"] == "confirm_subscription" {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn who_subscribes_to_nothing_or_says_too_much_is_sent_away() {
    let app =
        TestApp::with("[cable]\nsubscribe_timeout_secs = 0.2\nmessage_limit_bytes = 1000").await;
    let office = Office::open(&app).await;
    let ann = Page::of(&office).await.visitor("a").await;
    let live = Live::start(&app).await;
    let mut silent = live.connect().await;
    let mut loud = live.listen(&contact(&ann["pubsub_token"])).await;
    assert_eq!(silent.frame().await, None);
    loud.say(&json!({"command": "x".repeat(1000)})).await;
    assert_eq!(loud.frame().await, None);
    let mut hasty = live.listen(&contact(&ann["pubsub_token"])).await;
    for _ in 0..100 {
        // It may be gone already.
        let frame = Message::text("{}");
        let _ = futures_util::SinkExt::send(&mut hasty.0, frame).await;
    }
    assert_eq!(hasty.frame().await, None);
}

#[tokio::test]
async fn a_client_that_does_not_keep_up_is_cut_off_and_others_are_not() {
    let app = TestApp::with("[cable]\nqueue = 8").await;
    let office = Office::open(&app).await;
    let ann = Page::of(&office).await.visitor("a").await;
    let live = Live::start(&app).await;
    let mut slow = live.listen(&contact(&ann["pubsub_token"])).await;
    let mut quick = live.listen(&contact(&ann["pubsub_token"])).await;
    let body = json!({"content": "x".repeat(150_000)});
    let said = 100;
    for _ in 0..said {
        office.agent.post(MESSAGES, &body).await;
        assert_eq!(quick.told().await.0, "message.created");
    }
    let mut heard = 0;
    while slow.frame().await.is_some() {
        heard += 1;
    }
    assert!(heard < said, "nothing was cut off");
}

/// How many clients there are.
const CROWD: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_all_hear_a_message_at_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let ann = Page::of(&office).await.visitor("a").await;
    let live = Arc::new(Live::start(&app).await);
    let identifiers = [
        contact(&ann["pubsub_token"]),
        agent(&office, &office.jane).await,
    ];
    let ready = Arc::new(Barrier::new(CROWD + 1));
    let mut clients = JoinSet::new();
    for number in 0..CROWD {
        let (live, ready) = (Arc::clone(&live), Arc::clone(&ready));
        let identifier = identifiers[number % 2].clone();
        clients.spawn(async move {
            let mut client = live.connect().await;
            client.send("subscribe", &identifier).await;
            let confirmed = client.patient_frame().await;
            assert_eq!(confirmed["type"], "confirm_subscription");
            client.patient_frame().await;
            ready.wait().await;
            let told = client.patient_frame().await;
            (told["message"]["data"]["content"].clone(), Instant::now())
        });
    }
    ready.wait().await;
    let posted = office
        .agent
        .post(MESSAGES, &json!({"content": "All hands"}))
        .await;
    let committed = Instant::now();
    assert_eq!(posted.status, 200);
    let mut last = committed;
    while let Some(heard) = clients.join_next().await {
        let (content, at) = heard.unwrap();
        assert_eq!(content, "All hands");
        last = last.max(at);
    }
    let took = last.saturating_duration_since(committed);
    eprintln!("the last of {CROWD} clients heard it {took:?} after the answer");
    assert!(took < Duration::from_secs(20), "{took:?}");
}
