//! Requests that their client names are done once.

use futures_util::future::join_all;
use serde_json::json;

use super::{OPTION_1, Scene, reply_body};
use crate::app::{call, json_request};

#[tokio::test]
async fn a_repeated_start_gets_the_first_answer() {
    let scene = Scene::new().await;
    let body = scene.start_body();
    let first = scene.send_once("start-1", &body).await;
    let second = scene.send_once("start-1", &body).await;
    assert_eq!(first.pair(), second.pair());
    let other = scene.send_once("start-2", &body).await;
    assert_ne!(first.json()["streamId"], other.json()["streamId"]);
    let latest = other.json()["streamId"].as_str().unwrap().to_owned();
    assert_eq!(scene.conversation(&latest).await.0, 2);
}

#[tokio::test]
async fn a_repeated_reply_does_not_advance_the_flow() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let body = reply_body(&stream, "Option 1", Some(OPTION_1));
    let first = scene.send_once("reply-1", &body).await;
    let second = scene.send_once("reply-1", &body).await;
    assert_eq!(first.text(), second.text());
    let id = scene.conversation(&stream).await;
    assert_eq!(scene.transcript(id).await.len(), 4);
}

#[tokio::test]
async fn the_last_reply_of_a_chat_can_be_repeated_too() {
    let scene = Scene::with(
        "
version: 1
start: ask
nodes:
  ask:
    free_text: { text: Well?, next: thanks }
  thanks:
    say: { text: Thanks, next: end }
",
    )
    .await;
    let stream = scene.start().await;
    let body = reply_body(&stream, "So", None);
    let first = scene.send_once("last", &body).await;
    assert_eq!(first.json()["messages"], json!([{ "text": "Thanks" }]));
    let second = scene.send_once("last", &body).await;
    assert_eq!((second.status, second.text()), (first.status, first.text()));
    assert_eq!(scene.send(&body).await.status, 409);
}

#[tokio::test]
async fn repeats_at_the_same_moment_are_done_once() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let body = reply_body(&stream, "Option 1", Some(OPTION_1));
    let routers = [scene.app.router(), scene.app.second_router()];
    let repeats = (0..8).map(|at| {
        let headers = [("idempotency-key", "same")];
        let request = json_request(axum::http::Method::POST, "/secure/send", &headers, &body);
        call(routers[at % 2].clone(), request)
    });
    for answer in join_all(repeats).await {
        assert_eq!(
            answer.json(),
            json!({ "messages": [{ "text": "What is your name?" }], "streamId": stream })
        );
    }
    let id = scene.conversation(&stream).await;
    assert_eq!(scene.transcript(id).await.len(), 4);
}

#[tokio::test]
async fn a_name_is_good_for_one_request() {
    let scene = Scene::new().await;
    let stream = scene.start().await;
    let first = reply_body(&stream, "Option 1", Some(OPTION_1));
    scene.send_once("one", &first).await;
    let other = reply_body(&stream, "Ann", None);
    assert_eq!(
        scene.send_once("one", &other).await.pair(),
        (
            409,
            json!({
                "apiStatusCode": "IdempotencyKeyReused",
                "apiStatusMessage": "the Idempotency-Key came with another request before",
            })
        )
    );
    let long = "k".repeat(256);
    for bad in ["", &long] {
        let answer = scene.send_once(bad, &other).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_name_that_was_forgotten_names_another_write() {
    let scene = Scene::new().await;
    let first = scene.send_once("a", &scene.start_body()).await.json();
    let (store, now) = (scene.app.store(), scene.app.now());
    assert_eq!(
        quartet::store::forget_outcomes(store, now, 10)
            .await
            .unwrap(),
        0
    );
    let repeated = scene.send_once("a", &scene.start_body()).await.json();
    assert_eq!(repeated, first);

    let later = now + chrono::TimeDelta::seconds(1);
    assert_eq!(
        quartet::store::forget_outcomes(store, later, 10)
            .await
            .unwrap(),
        1
    );
    let another = scene.send_once("a", &scene.start_body()).await.json();
    assert_ne!(another["streamId"], first["streamId"]);
}
