//! The change feed.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, Response};
use chrono::TimeDelta;
use http_body_util::BodyExt;
use quartet::store::event_feed;
use serde_json::{Value, json};
use sqlx::Row;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::Actor;
use super::scene::{Scene, begin};
use crate::database::execute;
use crate::server::{Client, Server, soon};

/// A stream is found to be working without polling.
const NO_POLLING: &str = "[feed]\npoll_secs = 3600";

/// What the events of a page or their texts are.
fn texts(page: &Value) -> Vec<&str> {
    let events = page["data"].as_array().unwrap().iter();
    events
        .map(|event| event["message"]["content"].as_str().unwrap_or("-"))
        .collect()
}

/// Where the feed goes on.
async fn end(scene: &Scene) -> String {
    let page = scene.get("/events?limit=500").await;
    page["next"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_event_tells_what_happened_and_no_secret() {
    let scene = Scene::new().await;
    let from = end(&scene).await;
    scene.say("Hello").await;

    let page = scene.get(&format!("/events?after={from}")).await;
    let kinds: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .collect();
    let event = &page["data"][0];
    assert_eq!(kinds[0], "message.created");
    assert_eq!(
        event["cursor"],
        (from.parse::<i64>().unwrap() + 1).to_string()
    );
    let now = json!("2026-03-10T12:00:00Z");
    assert_eq!(
        event,
        &json!({
            "cursor": event["cursor"], "id": event["id"], "kind": "message.created", "created_at": now,
            "message": {
                "id": 1, "kind": "incoming", "contact_id": 1, "agent_id": null, "bot_id": null, "content": "Hello",
                "content_type": "text", "content_attributes": {}, "private": false, "status": "sent", "source_id": null,
                "created_at": now, "updated_at": now
            },
            "attachments": [], "labels": [], "agent": null, "bot": null, "assignee": null, "team": null,
            "changed": null, "endpoint": null,
            "conversation": {
                "id": 1, "inbox_id": 1, "contact_id": 1, "status": "open", "priority": null,
                "additional_attributes": {}, "custom_attributes": {}, "snoozed_until": null, "unread_count": 1,
                "waiting_since": event["conversation"]["waiting_since"], "last_activity_at": now,
                "created_at": now, "updated_at": now
            },
            "contact": {
                "id": 1, "name": "Ann", "email": null, "phone_number": null, "identifier": null, "avatar_url": "",
                "blocked": false, "additional_attributes": {}, "custom_attributes": {}
            },
            "inbox": {"id": 1, "name": "Shop", "channel": "general"}
        })
    );
}

#[tokio::test]
async fn a_reader_that_was_away_goes_on_where_it_was() {
    let scene = Scene::new().await;
    let from = end(&scene).await;
    assert_eq!(
        scene.get(&format!("/events?after={from}")).await,
        json!({"data": [], "next": from})
    );
    for text in ["one", "two", "three"] {
        scene.say(text).await;
    }
    let page = scene.get(&format!("/events?after={from}&limit=2")).await;
    assert_eq!(texts(&page), ["one", "two"]);
    let next = page["next"].as_str().unwrap();
    let page = scene.get(&format!("/events?after={next}&limit=2")).await;
    assert_eq!(texts(&page), ["three"]);
    let whole = scene.get("/events").await;
    assert_eq!(whole["data"][0]["cursor"], "1");
}

/// Appends an event as a transaction of its own would, and leaves it open; the event's id.
async fn append(conn: &mut sqlx::PgConnection, account: i64, text: &str) -> i64 {
    sqlx::query(
        "insert into events (account_id, kind, conversation_id, message_id, snapshot, created_at)
         select account_id, kind, conversation_id, message_id,
                jsonb_set(snapshot::jsonb, '{message,content}', to_jsonb($2::text))::json, created_at
         from events where account_id = $1 and kind = 'message.created' order by id limit 1 returning id",
    )
    .bind(account)
    .bind(text)
    .fetch_one(conn)
    .await
    .unwrap()
    .get(0)
}

#[tokio::test]
async fn an_event_that_commits_behind_a_later_one_is_neither_lost_nor_repeated() {
    let scene = Scene::new().await;
    scene.say("first").await;
    let from = end(&scene).await;
    let mut slow = scene.app.database.connect().await;
    let mut quick = scene.app.database.connect().await;
    execute(&mut slow, "begin".to_owned()).await;
    let lower = append(&mut slow, scene.account.0, "slow").await;
    let higher = append(&mut quick, scene.account.0, "quick").await;
    assert!(lower < higher);

    let page = scene.get(&format!("/events?after={from}")).await;
    assert_eq!(texts(&page), ["quick"]);
    let next = page["next"].as_str().unwrap();
    let nothing = scene.get(&format!("/events?after={next}")).await;
    assert_eq!(nothing["data"], json!([]));

    execute(&mut slow, "commit".to_owned()).await;
    let page = scene.get(&format!("/events?after={next}")).await;
    assert_eq!(texts(&page), ["slow"]);
    let whole = scene.get(&format!("/events?after={from}")).await;
    assert_eq!(texts(&whole), ["quick", "slow"], "the order stays");
}

#[tokio::test]
async fn an_event_whose_transaction_is_rolled_back_leaves_no_gap() {
    let scene = Scene::new().await;
    scene.say("first").await;
    let from: i64 = end(&scene).await.parse().unwrap();
    let mut failing = scene.app.database.connect().await;
    execute(&mut failing, "begin".to_owned()).await;
    append(&mut failing, scene.account.0, "never").await;
    scene.say("second").await;
    execute(&mut failing, "rollback".to_owned()).await;

    let page = scene.get(&format!("/events?after={from}")).await;
    assert_eq!(texts(&page), ["second"]);
    assert_eq!(page["next"], (from + 1).to_string());
}

#[tokio::test]
async fn a_reader_beside_many_writers_sees_every_event_once_and_each_conversation_in_order() {
    const WRITERS: i64 = 6;
    const MESSAGES: usize = 25;
    let scene = std::sync::Arc::new(Scene::new().await);
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let conversation = begin(&scene.app, scene.account, scene.inbox).await;
        let scene = std::sync::Arc::clone(&scene);
        writers.spawn(async move {
            for number in 0..MESSAGES {
                scene.say_in(conversation, &number.to_string()).await;
            }
        });
    }
    let mut after = 0;
    let mut said: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut finished = false;
    loop {
        finished = finished || writers.is_empty();
        let page = event_feed::read(scene.app.store(), scene.account, after, 7).await;
        let page = page.unwrap().unwrap();
        if page.is_empty() && finished {
            break;
        }
        for event in page {
            assert_eq!(event.position, after + 1);
            after = event.position;
            if let Some(content) = event.snapshot["message"]["content"].as_str() {
                let conversation = event.snapshot["conversation"]["id"].as_i64().unwrap();
                said.entry(conversation)
                    .or_default()
                    .push(content.to_owned());
            }
        }
        while writers.try_join_next().is_some() {}
    }
    let whole: Vec<String> = (0..MESSAGES).map(|number| number.to_string()).collect();
    assert_eq!(said.len(), 6);
    assert!(said.values().all(|messages| *messages == whole), "{said:?}");
}

#[tokio::test]
async fn a_place_that_the_feed_does_not_have_is_refused() {
    let scene = Scene::new().await;
    end(&scene).await;
    let administrator = scene.administrator();
    for query in ["after=1000", "after=x", "limit=0", "limit=501", "before=1"] {
        let refused = administrator.get(&format!("/events?{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
    }
    for (id, status) in [("1000", 422), ("x", 422), ("1", 200)] {
        let answer = stream(&scene, &scene.key, "", Some(id)).await;
        assert_eq!(answer.status(), status, "{id}");
    }
}

#[tokio::test]
async fn nobody_reads_the_events_of_others() {
    let scene = Scene::new().await;
    let other = scene.app.account().await;
    let stranger = Actor::administrator(&scene.app, other).await;
    assert_eq!(
        stranger.get("/events").await.json(),
        json!({"data": [], "next": "0"})
    );
}

/// Opens a stream past the socket.
async fn stream(scene: &Scene, key: &str, query: &str, last: Option<&str>) -> Response<Body> {
    let mut request = Request::get(format!("/admin/v1/events{query}"))
        .header("authorization", format!("Bearer {key}"))
        .header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let request = request.body(Body::empty()).unwrap();
    soon(scene.app.router().oneshot(request)).await.unwrap()
}

/// The next thing that a stream says; `None` at its end.
async fn frame(stream: &mut Response<Body>) -> Option<String> {
    let frame = soon(stream.frame()).await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

/// Opens a stream over a socket.
async fn connect(server: &Server, scene: &Scene, after: &str) -> Client {
    let mut client = server.connect().await;
    client
        .send(format!(
            "GET /admin/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nAccept: text/event-stream\r\n\
             Last-Event-ID: {after}\r\n\r\n",
            scene.key
        ))
        .await;
    client
}

#[tokio::test]
async fn a_stream_tells_what_was_missed_then_what_happens_and_ends_with_the_server() {
    let scene = Scene::with(NO_POLLING).await;
    let from = end(&scene).await;
    let next: i64 = from.parse().unwrap();
    scene.say("missed").await;
    let server = Server::start(scene.app.router(), "").await;
    let feed = scene.app.state.feed.clone();
    let stop = server.shutdown.clone();
    let mut running = JoinSet::new();
    running.spawn(async move { feed.run(stop).await });
    scene.app.until_it_listens().await;

    let mut client = connect(&server, &scene, &from).await;
    let told = client.read_until("missed").await;
    assert!(
        told.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream"),
        "{told}"
    );
    let head = format!(
        "id: {}\nevent: message.created\ndata: {{\"cursor\":\"{0}\"",
        next + 1
    );
    assert!(told.contains(&head), "{told}");
    scene.say("happens").await;
    let told = client.read_until("happens").await;
    assert!(told.contains(&format!("id: {}\n", next + 2)), "{told}");

    server.shutdown.cancel();
    let rest = String::from_utf8(client.closed().await).unwrap();
    assert!(
        rest.ends_with("0\r\n\r\n"),
        "the stream came to its end: {rest}"
    );
    server.stopped().await;
    soon(running.join_next()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_that_hears_of_no_commit_polls_and_says_that_it_lives() {
    let scene = Scene::with("[feed]\npoll_secs = 0.01\nheartbeat_secs = 0.01").await;
    let from = end(&scene).await;
    let server = Server::start(scene.app.router(), "").await;
    let mut client = connect(&server, &scene, &from).await;
    client.read_until("\n:\n\n").await;
    scene.say("happens").await;
    client.read_until("happens").await;
}

#[tokio::test]
async fn streams_that_nobody_reads_hold_no_connection() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let mut streams = Vec::new();
    for _ in 0..12 {
        let mut opened = stream(&scene, &scene.key, "", None).await;
        frame(&mut opened).await.unwrap();
        streams.push(opened);
    }
    // The pool has four connections.
    let pages = futures_util::future::join_all((0..4).map(|_| scene.get("/events")));
    assert_eq!(soon(pages).await.len(), 4);
}

#[tokio::test]
async fn a_reader_that_falls_behind_is_dropped_and_goes_on_when_it_comes_back() {
    let scene = Scene::new().await;
    let from: i64 = end(&scene).await.parse().unwrap();
    for number in 0..105 {
        scene.say(&number.to_string()).await;
    }
    let mut opened = stream(&scene, &scene.key, &format!("?after={from}"), None).await;
    frame(&mut opened).await.unwrap();
    scene.app.advance(TimeDelta::seconds(61));
    let mut last = String::new();
    let mut count = 1;
    while let Some(told) = frame(&mut opened).await {
        let id = told.lines().next().unwrap();
        last = id.strip_prefix("id: ").unwrap().to_owned();
        count += 1;
    }
    assert_eq!(
        (count, last.as_str()),
        (100, (from + 100).to_string().as_str())
    );

    let mut again = stream(&scene, &scene.key, "", Some(&last)).await;
    let told = frame(&mut again).await.unwrap();
    assert!(told.starts_with(&format!("id: {}\n", from + 101)), "{told}");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off_and_leaves_its_place() {
    let scene = Scene::with("[feed]\nstreams_per_account = 1").await;
    let long = "x".repeat(150_000);
    // More than the system keeps for a socket.
    for _ in 0..100 {
        scene.say(&long).await;
    }
    let server = Server::start(scene.app.router(), "write_timeout_secs = 0.1").await;
    let mut stalled = connect(&server, &scene, "0").await;
    stalled.read_until("event: ").await;

    soon(async { while stream(&scene, &scene.key, "", None).await.status() == 429 {} }).await;
    let rest = stalled.closed().await;
    assert!(rest.len() < 100 * 150_000, "it got everything");
}

#[tokio::test]
async fn a_stream_ends_after_a_while_so_that_its_key_is_looked_at_again() {
    let scene = Scene::with("[feed]\npoll_secs = 0.01").await;
    let from = end(&scene).await;
    let mut opened = stream(&scene, &scene.key, "", Some(&from)).await;
    scene.app.advance(TimeDelta::minutes(15));
    assert_eq!(frame(&mut opened).await, None);
}

#[tokio::test]
async fn an_account_has_only_so_many_streams() {
    let scene = Scene::with("[feed]\nstreams_per_account = 1").await;
    let first = stream(&scene, &scene.key, "", None).await;
    let second = stream(&scene, &scene.key, "", None).await;
    assert_eq!(second.status(), 429);
    assert_eq!(second.headers()["retry-after"], "5");
    let other = scene.app.account().await;
    let key = scene.app.key(other, &[quartet::model::Scope::Admin]).await;
    assert_eq!(stream(&scene, &key, "", None).await.status(), 200);

    drop(first);
    assert_eq!(stream(&scene, &scene.key, "", None).await.status(), 200);
}

#[tokio::test]
async fn streams_end_when_the_server_does_even_without_a_database_to_listen_to() {
    let scene = Scene::with(NO_POLLING).await;
    let from = end(&scene).await;
    let mut opened = stream(&scene, &scene.key, "", Some(&from)).await;
    let stop = CancellationToken::new();
    stop.cancel();
    scene.app.state.feed.run(stop).await;
    assert_eq!(frame(&mut opened).await, None);
}
