//! What is kept of attempts that are recorded together.

use std::time::Duration;

use chrono::TimeDelta;
use quartet::store::deliveries::{self, Attempted, Claimed, Next, Recorded, Room};
use serde_json::json;

use super::Scene;
use crate::database::execute;

const LEASE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

async fn claim(scene: &Scene) -> Claimed {
    let (store, now) = (scene.app.store(), scene.app.now());
    let claimed = deliveries::claim(store, &Room::for_any(10), LEASE, now).await;
    claimed.unwrap().pop().unwrap()
}

/// An attempt that took a tenth of a second.
fn attempted(scene: &Scene, claimed: &Claimed, status: u16, next: Next) -> Attempted {
    Attempted {
        account: claimed.account,
        id: claimed.id,
        attempt: claimed.attempt,
        replayed: claimed.replayed,
        endpoint: claimed.endpoint,
        conversation: claimed.conversation,
        failing: claimed.failing,
        started_at: scene.app.now(),
        duration: Duration::from_millis(100),
        status: Some(status),
        error_class: None,
        error: None,
        response_head: String::new(),
        next,
    }
}

async fn record(scene: &Scene, attempts: Vec<Attempted>) -> Recorded {
    let (store, now) = (scene.app.store(), scene.app.now());
    let recorded = deliveries::finish(store, attempts, DAY, now).await;
    recorded.unwrap()
}

const LOG: &str = "select to_jsonb(a) from (select number, status from attempts
                   where delivery_id = (select max(id) from deliveries) order by number) a";
const STATE: &str =
    "select to_jsonb(d) from (select attempt, state from deliveries order by id desc limit 1) d";

#[tokio::test]
async fn of_two_attempts_at_one_delivery_both_are_logged_and_the_newer_decides() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let overtaken = claim(&scene).await;
    scene.app.advance(TimeDelta::seconds(61));
    let newest = claim(&scene).await;
    let again = Next::Retry(scene.app.now() + TimeDelta::seconds(5));
    let attempts = vec![
        attempted(&scene, &overtaken, 200, Next::Delivered),
        attempted(&scene, &newest, 503, again),
    ];

    let recorded = record(&scene, attempts).await;
    assert_eq!(recorded.late, 1);
    assert!(!recorded.freed);
    let log = [
        json!({"number": 1, "status": 200}),
        json!({"number": 2, "status": 503}),
    ];
    assert_eq!(scene.rows(LOG).await, log);
    assert_eq!(
        scene.rows(STATE).await,
        [json!({"attempt": 2, "state": "due"})]
    );
}

#[tokio::test]
async fn an_attempt_that_is_recorded_twice_is_logged_once() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let claimed = claim(&scene).await;
    let attempt = attempted(&scene, &claimed, 200, Next::Delivered);
    assert_eq!(record(&scene, vec![attempt.clone()]).await.late, 0);
    assert_eq!(record(&scene, vec![attempt]).await.late, 1);
    assert_eq!(scene.rows(LOG).await, [json!({"number": 1, "status": 200})]);
    assert_eq!(
        scene.rows(STATE).await,
        [json!({"attempt": 1, "state": "delivered"})]
    );
}

#[tokio::test]
async fn an_attempt_whose_delivery_was_removed_leaves_nothing() {
    let scene = Scene::new().await;
    let before = "select to_jsonb(count(*)) from attempts";
    let count = scene.rows(before).await;
    scene.say("Hello").await;
    let claimed = claim(&scene).await;
    let mut conn = scene.app.database.connect().await;
    let remove = format!("delete from deliveries where id = {}", claimed.id.0);
    execute(&mut conn, remove).await;

    let attempt = attempted(&scene, &claimed, 200, Next::Delivered);
    assert_eq!(record(&scene, vec![attempt]).await.late, 1);
    assert_eq!(scene.rows(before).await, count);
}
