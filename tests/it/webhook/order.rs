//! In order within a conversation, whatever fails; and one claimer a delivery, whoever freezes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use quartet::store::deliveries::{self, Room};
use serde_json::json;
use tokio::task::JoinSet;

use super::{DELIVERED, POSTPONED, Scene};

#[tokio::test]
async fn a_conversations_messages_wait_for_the_first_and_others_do_not() {
    let scene = Scene::new().await;
    let other = scene.converse().await;
    scene.app.drain_webhooks().await;
    scene.receiver.take();
    scene.receiver.answer_next(&[503]);
    for text in ["one", "two", "three"] {
        scene.say(text).await;
    }
    assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
    scene.say_in(other, "elsewhere").await;
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    assert_eq!(scene.heard(), ["one", "elsewhere"]);

    scene.app.advance(TimeDelta::seconds(5));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED; 3]);
    assert_eq!(scene.heard(), ["one", "two", "three"]);
}

#[tokio::test]
async fn what_waits_goes_on_when_the_first_is_given_up() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500; 11]);
    scene.say("one").await;
    scene.say("two").await;
    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::seconds(2));
    scene.app.dispatcher().tidy().await.unwrap();
    scene.exhaust().await;
    let mut heard = scene.heard();
    heard.dedup();
    assert_eq!(heard, ["one", "two"]);
}

#[tokio::test]
async fn fifty_conversations_keep_their_order_under_failure() {
    const MESSAGES: usize = 4;
    let scene = Scene::new().await;
    let mut conversations = Vec::new();
    for _ in 0..50 {
        conversations.push(scene.converse().await);
    }
    scene.app.drain_webhooks().await;
    for number in 0..MESSAGES {
        for conversation in &conversations {
            scene.say_in(*conversation, &number.to_string()).await;
        }
    }
    scene.receiver.take();
    // About two of five attempts fail, by what their id and time happen to be.
    scene.receiver.answer_by(|received| {
        let id = received.header("webhook-id").as_bytes();
        let time = received.header("webhook-timestamp").bytes();
        let sum: u32 = id.iter().copied().chain(time).map(u32::from).sum();
        if sum % 5 < 2 { 503 } else { 200 }
    });

    let mut arrived = 0;
    while arrived < 50 * MESSAGES {
        let reports = scene.app.drain_webhooks().await;
        arrived += reports.iter().map(|report| report.delivered).sum::<usize>();
        assert!(reports.iter().all(|report| report.failed == 0));
        scene.app.advance(TimeDelta::seconds(2));
        scene.app.dispatcher().tidy().await.unwrap();
        scene.app.advance(TimeDelta::hours(1));
    }

    let mut heard: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for received in scene.receiver.take() {
        let body = received.json();
        let texts = heard
            .entry(body["conversation"]["id"].as_i64().unwrap())
            .or_default();
        texts.push(body["content"].as_str().unwrap().to_owned());
    }
    assert_eq!(heard.len(), 50);
    assert!(heard.values().any(|texts| texts.len() > MESSAGES));
    for (conversation, mut texts) in heard {
        texts.dedup();
        assert_eq!(texts, ["0", "1", "2", "3"], "{conversation}");
    }
}

#[tokio::test]
async fn what_waits_behind_another_is_parked_and_woken_by_it() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[503]);
    for text in ["one", "two", "three"] {
        scene.say(text).await;
    }
    scene.app.drain_webhooks().await;
    let parked = "select to_jsonb(count(*)) from deliveries where parked";
    scene.app.dispatcher().tidy().await.unwrap();
    assert_eq!(
        scene.rows(parked).await,
        [0],
        "a short wait is not worth it"
    );
    scene.app.advance(TimeDelta::seconds(4));
    scene.app.dispatcher().tidy().await.unwrap();
    assert_eq!(scene.rows(parked).await, [2]);

    scene.app.advance(TimeDelta::seconds(1));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED; 3]);
    assert_eq!(scene.heard(), ["one", "one", "two", "three"]);
    assert_eq!(scene.rows(parked).await, [0]);
}

#[tokio::test]
async fn what_was_forgotten_while_parked_is_found() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[503]);
    scene.say("one").await;
    scene.say("two").await;
    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::seconds(4));
    scene.app.dispatcher().tidy().await.unwrap();
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update deliveries set state = 'cancelled' where state = 'due' and not parked")
        .execute(&mut conn)
        .await
        .unwrap();

    assert_eq!(scene.app.drain_webhooks().await, []);
    scene.app.dispatcher().tidy().await.unwrap();
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    assert_eq!(scene.heard(), ["one", "two"]);
}

#[tokio::test]
async fn a_claim_whose_claimer_died_is_taken_over_after_its_lease() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let lease = Duration::from_secs(60);
    let room = Room::for_any(10);
    let claimed = deliveries::claim(scene.app.store(), &room, lease, scene.app.now())
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);

    assert_eq!(scene.app.drain_webhooks().await, []);
    scene.app.advance(TimeDelta::seconds(60));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    assert_eq!(scene.heard(), ["Hello"]);
}

#[tokio::test]
async fn a_server_that_freezes_past_its_lease_decides_nothing_any_more() {
    let scene = Scene::new().await;
    let told = scene.receiver.answer_when_told(500);
    scene.say("Hello").await;
    let frozen = scene.app.dispatcher();
    let mut late = JoinSet::new();
    late.spawn(async move { frozen.step().await.unwrap() });
    scene.receiver.wait_for(2).await;

    scene.app.advance(TimeDelta::seconds(61));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    told.notify_one();
    assert_eq!(late.join_next().await.unwrap().unwrap(), POSTPONED);

    let deliveries = scene
        .rows(
            "select jsonb_build_object('state', d.state, 'attempt', d.attempt, 'logged',
                    (select jsonb_agg(jsonb_build_array(a.number, a.status) order by a.number)
                     from attempts a where a.delivery_id = d.id))
             from deliveries d join events e on e.id = d.event_id where e.kind = 'message.created'",
        )
        .await;
    assert_eq!(
        deliveries,
        [json!({"state": "delivered", "attempt": 2, "logged": [[1, 500], [2, 200]]})]
    );
    assert_eq!(scene.app.drain_webhooks().await, []);
    let ids: BTreeSet<_> = scene
        .receiver
        .take()
        .iter()
        .map(|one| one.header("webhook-id").to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn servers_that_claim_at_once_share_the_work() {
    let scene = Scene::new().await;
    for _ in 0..40 {
        scene.converse().await;
    }
    let (lease, now) = (Duration::from_secs(60), scene.app.now());
    let (one, two) = (scene.app.database.store(), scene.app.database.store());
    let room = Room::for_any(15);
    let (mine, yours) = tokio::join!(
        deliveries::claim(&one, &room, lease, now),
        deliveries::claim(&two, &room, lease, now),
    );
    let rest = deliveries::claim(&one, &Room::for_any(100), lease, now).await;
    let claimed: Vec<_> = [mine, yours, rest]
        .into_iter()
        .flat_map(Result::unwrap)
        .map(|claimed| claimed.id)
        .collect();
    assert_eq!(claimed.len(), 40);
    assert_eq!(BTreeSet::from_iter(&claimed).len(), 40);
}
