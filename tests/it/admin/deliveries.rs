//! What was sent, and sending it once more.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::scene::{Scene, begin};
use super::take;

/// The ids of a list of deliveries.
fn ids(list: &Value) -> Vec<i64> {
    let rows = list["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_i64().unwrap()).collect()
}

/// The newest delivery's id.
async fn newest(scene: &Scene) -> i64 {
    ids(&scene.get("/deliveries?limit=1").await)[0]
}

#[tokio::test]
async fn a_delivery_is_shown_with_every_attempt() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500]);
    scene.say("Hello").await;
    let id = newest(&scene).await;
    let mut due = scene.get(&format!("/deliveries/{id}")).await;
    take(&mut due, "webhook_id", "");
    assert_eq!(
        due,
        json!({
            "id": id, "state": "due", "event_id": due["event_id"], "event_kind": "message.created", "endpoint_id": 1,
            "conversation_id": 1, "attempts": 0, "due_at": "2026-03-10T12:00:00Z", "finished_at": null,
            "created_at": "2026-03-10T12:00:00Z", "log": []
        })
    );

    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::minutes(1));
    scene
        .post(&format!("/deliveries/{id}/replay"), json!({}))
        .await;
    scene.app.drain_webhooks().await;

    let mut shown = scene.get(&format!("/deliveries/{id}")).await;
    assert_eq!(
        (&shown["state"], &shown["attempts"]),
        (&json!("delivered"), &json!(2))
    );
    assert_eq!(
        (&shown["due_at"], &shown["finished_at"]),
        (&Value::Null, &json!("2026-03-10T12:01:00Z"))
    );
    for attempt in shown["log"].as_array_mut().unwrap() {
        assert!(attempt["duration_ms"].take().is_i64());
    }
    assert_eq!(
        shown["log"],
        json!([
            {"number": 1, "started_at": "2026-03-10T12:00:00Z", "duration_ms": null, "status": 500, "error": "status",
             "response": ""},
            {"number": 2, "started_at": "2026-03-10T12:01:00Z", "duration_ms": null, "status": 200, "error": null,
             "response": ""},
        ])
    );
}

#[tokio::test]
async fn deliveries_are_found_by_state_endpoint_conversation_and_time() {
    let scene = Scene::new().await;
    let other = begin(&scene.app, scene.account, scene.inbox).await;
    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::hours(1));
    scene.receiver.answer_next(&[500]);
    scene.say("fails").await;
    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::hours(1));
    scene.say_in(other, "waits").await;
    let all = ids(&scene.get("/deliveries").await);
    let [waits, fails, begun_second, begun_first] = all[..] else {
        panic!("{all:?}")
    };

    for (query, found) in [
        ("state=failed", vec![fails]),
        ("state=due", vec![waits]),
        ("state=delivered", vec![begun_second, begun_first]),
        ("state=cancelled", vec![]),
        ("endpoint_id=1", all.clone()),
        ("endpoint_id=2", vec![]),
        ("conversation_id=1", vec![fails, begun_first]),
        ("conversation_id=2&state=due", vec![waits]),
        ("from=2026-03-10T13:00:00Z", vec![waits, fails]),
        (
            "from=2026-03-10T13:00:00Z&until=2026-03-10T14:00:00Z",
            vec![fails],
        ),
    ] {
        let list = scene.get(&format!("/deliveries?{query}")).await;
        assert_eq!(ids(&list), found, "{query}");
        assert_eq!(list["next"], Value::Null, "{query}");
    }
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page() {
    let scene = Scene::new().await;
    for text in ["one", "two", "three", "four"] {
        scene.say(text).await;
    }
    let all = ids(&scene.get("/deliveries").await);

    let mut read = Vec::new();
    let mut path = "/deliveries?limit=2".to_owned();
    loop {
        let page = scene.get(&path).await;
        read.extend(ids(&page));
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/deliveries?limit=2&after={next}");
        // What comes meanwhile is newer, and moves nothing.
        scene.say("more").await;
    }
    assert_eq!(read, all);
}

#[tokio::test]
async fn what_an_endpoint_failed_to_take_is_sent_once_more_in_order_under_the_same_ids() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500, 500]);
    for text in ["one", "two", "three"] {
        scene.say(text).await;
    }
    while !scene.app.drain_webhooks().await.is_empty() {}
    let first: Vec<String> = scene
        .receiver
        .take()
        .iter()
        .map(|one| one.header("webhook-id").to_owned())
        .collect();
    scene.say("four").await;

    let failed = json!({"endpoint_id": 1, "state": "failed"});
    let replayed = scene.post("/deliveries/replay", failed.clone()).await;
    assert_eq!(replayed, json!({"replayed": 2, "next": null}));
    while !scene.app.drain_webhooks().await.is_empty() {}

    let received = scene.receiver.take();
    let texts: Vec<_> = received
        .iter()
        .map(|one| one.json()["content"].clone())
        .collect();
    assert_eq!(texts, ["one", "two", "four"]);
    assert_eq!(received[0].header("webhook-id"), first[0]);
    assert_eq!(received[1].header("webhook-id"), first[1]);
    let again = scene.post("/deliveries/replay", failed).await;
    assert_eq!(again, json!({"replayed": 0, "next": null}));
}

#[tokio::test]
async fn a_conversation_or_a_span_of_time_is_replayed_part_by_part() {
    let scene = Scene::new().await;
    let other = begin(&scene.app, scene.account, scene.inbox).await;
    scene.app.advance(TimeDelta::hours(1));
    scene.say("one").await;
    scene.say_in(other, "elsewhere").await;
    scene.say("two").await;
    while !scene.app.drain_webhooks().await.is_empty() {}
    scene.heard();

    let part = json!({"conversation_id": 1, "limit": 2});
    let part = scene.post("/deliveries/replay", part).await;
    assert_eq!(part["replayed"], 2);
    let rest = json!({"conversation_id": 1, "limit": 2, "after": part["next"]});
    let rest = scene.post("/deliveries/replay", rest).await;
    assert_eq!(rest, json!({"replayed": 1, "next": null}));
    while !scene.app.drain_webhooks().await.is_empty() {}
    assert_eq!(scene.heard(), ["one", "two"]);

    let span = json!({"from": "2026-03-10T13:00:00Z", "until": "2026-03-10T14:00:00Z"});
    assert_eq!(scene.post("/deliveries/replay", span).await["replayed"], 3);
    while !scene.app.drain_webhooks().await.is_empty() {}
    let mut heard = scene.heard();
    heard.sort();
    assert_eq!(heard, ["elsewhere", "one", "two"]);
}

#[tokio::test]
async fn one_that_is_still_due_stays_as_it_is() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let id = newest(&scene).await;
    scene.app.advance(TimeDelta::minutes(1));

    let replayed = scene
        .post(&format!("/deliveries/{id}/replay"), json!({}))
        .await;
    assert_eq!(replayed["due_at"], "2026-03-10T12:00:00Z");
    let all = scene
        .post("/deliveries/replay", json!({"conversation_id": 1}))
        .await;
    assert_eq!(all["replayed"], 1);
}

#[tokio::test]
async fn a_search_that_makes_no_sense_is_refused() {
    let scene = Scene::new().await;
    let administrator = scene.administrator();
    for (query, detail) in [
        ("limit=0", "limit: from 1 to 500"),
        ("limit=501", "limit: from 1 to 500"),
        ("after=1", "after: no cursor of this list"),
        ("after=x.y", "after: no cursor of this list"),
    ] {
        let refused = administrator.get(&format!("/deliveries?{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
        assert_eq!(refused.json()["detail"], detail, "{query}");
    }
    for query in ["state=lost", "endpoint_id=x", "from=yesterday", "unknown=1"] {
        let refused = administrator.get(&format!("/deliveries?{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
    }
    for body in [
        json!({}),
        json!({"state": "failed"}),
        json!({"until": "2026-03-10T14:00:00Z"}),
        json!({"endpoint_id": 1, "limit": 1001}),
        json!({"endpoint_id": 1, "after": "x"}),
        json!({"endpoint": 1}),
    ] {
        let refused = administrator.post("/deliveries/replay", &body).await;
        assert_eq!(refused.status, 422, "{body}");
    }
}

#[tokio::test]
async fn nobody_sees_or_replays_the_deliveries_of_others() {
    let scene = Scene::new().await;
    let id = newest(&scene).await;
    scene
        .is_closed_to_others(&[
            (Method::GET, &format!("/deliveries/{id}"), json!({})),
            (Method::POST, &format!("/deliveries/{id}/replay"), json!({})),
        ])
        .await;
    let other = scene.app.account().await;
    let stranger = super::Actor::administrator(&scene.app, other).await;
    let listed = stranger.get("/deliveries").await.json();
    assert_eq!(listed, json!({"data": [], "next": null}));
    for body in [json!({"endpoint_id": 1}), json!({"conversation_id": 1})] {
        let replayed = stranger.post("/deliveries/replay", &body).await.json();
        assert_eq!(replayed, json!({"replayed": 0, "next": null}));
    }
}
