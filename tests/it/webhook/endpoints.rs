//! Endpoints that are gone or fail for days, and what is removed when it is old.

use chrono::TimeDelta;
use quartet::store::delivery_upkeep;
use serde_json::json;

use super::{FAILED, POSTPONED, Scene};

/// Every event of an endpoint, as it is kept.
const DISABLED: &str =
    "select snapshot->'endpoint'->'reason' from events where kind = 'endpoint.disabled'";
const STATES: &str = "select to_jsonb(d.state) from deliveries d join events e on e.id = d.event_id
                      where e.kind = 'message.created' order by d.id";

#[tokio::test]
async fn one_that_says_it_is_gone_is_sent_nothing_any_more() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[410]);
    scene.answer("one").await;
    scene.answer("two").await;
    assert_eq!(scene.app.drain_webhooks().await, [FAILED]);
    assert_eq!(scene.rows(DISABLED).await, ["gone"]);
    scene.answer("three").await;
    assert_eq!(scene.app.drain_webhooks().await, []);
    assert_eq!(scene.rows(STATES).await, ["failed", "due"]);

    // What another server may have under way is not cut off.
    scene.app.dispatcher().tidy().await.unwrap();
    assert_eq!(scene.rows(STATES).await, ["failed", "due"]);
    scene.app.advance(TimeDelta::seconds(60));
    scene.app.dispatcher().tidy().await.unwrap();
    assert_eq!(scene.rows(STATES).await, ["failed", "cancelled"]);

    let messages = scene
        .rows(
            "select jsonb_build_array(content, status, content_attributes->'external_error')
             from messages order by id",
        )
        .await;
    assert_eq!(
        messages,
        [
            json!(["one", "failed", "410 Gone"]),
            json!(["two", "failed", "the webhook answered that it is gone"]),
            json!(["three", "sent", null]),
        ]
    );
    assert_eq!(scene.receiver.take().len(), 1);
}

#[tokio::test]
async fn five_days_of_nothing_but_failure_disable_it() {
    let scene = Scene::new().await;
    scene.receiver.answer_by(|_| 500);
    for hours in [0, 47, 47, 25] {
        scene.app.advance(TimeDelta::hours(hours));
        scene.say("Hello").await;
        assert_eq!(scene.rows(DISABLED).await, [] as [&str; 0], "{hours}");
        assert!(!scene.app.drain_webhooks().await.is_empty());
    }
    assert_eq!(scene.rows(DISABLED).await, [] as [&str; 0]);
    scene.app.advance(TimeDelta::hours(1));
    assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
    assert_eq!(scene.rows(DISABLED).await, ["failing"]);
    let why = scene
        .rows("select jsonb_build_array(disabled_reason, disabled_at is not null) from endpoints")
        .await;
    assert_eq!(why, [json!(["failing", true])]);
}

#[tokio::test]
async fn what_is_due_to_one_that_its_owner_turned_off_is_kept_for_it() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update endpoints set disabled_at = $1, disabled_reason = 'owner'")
        .bind(scene.app.now())
        .execute(&mut conn)
        .await
        .unwrap();
    scene.app.advance(TimeDelta::hours(1));
    scene.app.dispatcher().tidy().await.unwrap();
    assert_eq!(scene.app.drain_webhooks().await, []);

    sqlx::query("update endpoints set disabled_at = null, disabled_reason = null")
        .execute(&mut conn)
        .await
        .unwrap();
    scene.app.drain_webhooks().await;
    assert_eq!(scene.heard(), ["Hello"]);
}

#[tokio::test]
async fn what_came_to_its_end_is_removed_after_its_time_and_nothing_else() {
    let scene = Scene::with("keep_days = 10").await;
    scene.say("old").await;
    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::days(11));
    scene.receiver.answer_by(|_| 500);
    scene.say("waiting").await;
    scene.app.drain_webhooks().await;

    scene.app.dispatcher().tidy().await.unwrap();
    let left = "select jsonb_build_array((select count(*) from deliveries), (select count(*) from attempts),
                                         (select count(*) from events where kind like 'message.%'))";
    assert_eq!(scene.rows(left).await, [json!([1, 1, 1])]);
    scene.app.advance(TimeDelta::days(11));
    scene.app.dispatcher().tidy().await.unwrap();
    assert_eq!(
        scene.rows(left).await,
        [json!([1, 1, 1])],
        "what is due stays, however old"
    );
}

#[tokio::test]
async fn the_longest_wait_is_known() {
    let scene = Scene::new().await;
    let oldest = async || {
        delivery_upkeep::oldest_due(scene.app.store(), scene.app.now())
            .await
            .unwrap()
    };
    assert_eq!(oldest().await, None);
    let since = scene.app.now();
    scene.say("one").await;
    scene.app.advance(TimeDelta::seconds(30));
    scene.say("two").await;
    assert_eq!(oldest().await, Some(since));
    scene.app.drain_webhooks().await;
    assert_eq!(oldest().await, None);
}

#[tokio::test]
async fn how_the_queue_stands_is_among_the_metrics() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    scene.app.dispatcher().tidy().await.unwrap();
    scene.app.drain_webhooks().await;
    let metrics = scene.app.get("/metrics").await;
    for name in [
        "quartet_deliveries_oldest_due_seconds",
        "quartet_deliveries_in_flight",
        "quartet_delivery_attempts_total{error=\"none\"}",
        "quartet_delivery_attempts_late_total",
        "quartet_delivery_attempt_seconds_bucket",
        "quartet_delivery_wait_seconds_bucket",
    ] {
        assert!(metrics.text().contains(name), "{name}");
    }
}
