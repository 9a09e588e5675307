//! Who gets the places of attempts: shown by what is claimed, not by the time it takes.

use std::time::Duration;

use quartet::store::deliveries::{self, Room};
use quartet::webhook::Report;

use super::{DELIVERED, POSTPONED, Scene, converse, place};
use crate::app::TestApp;
use crate::database::execute;
use crate::receiver::Receiver;

/// Copies of the newest delivery to an endpoint, each in a conversation of its own as far as order is concerned.
pub(super) async fn pile_up(app: &TestApp, endpoint_url: &str, count: usize) {
    let mut conn = app.database.connect().await;
    execute(
        &mut conn,
        format!(
            "insert into deliveries (account_id, uuid, event_id, endpoint_id, conversation_id, due_at, created_at)
             select d.account_id, gen_random_uuid(), d.event_id, d.endpoint_id, 1000000 + n, d.due_at, d.created_at
             from deliveries d join endpoints p on p.id = d.endpoint_id and p.url = '{endpoint_url}',
                  generate_series(1, {count}) n;
             analyze deliveries"
        ),
    )
    .await;
}

/// An address of this machine at which nobody listens.
fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// Another inbox of the scene's account, with something due to it.
async fn due_to(scene: &Scene, url: &str) {
    let (_, way) = place(&scene.app, scene.account, url, "ann-2").await;
    converse(&scene.app, scene.account, way).await;
}

#[tokio::test]
async fn ten_thousand_deliveries_to_a_dead_endpoint_hold_up_nobody() {
    let scene = Scene::new().await;
    let dead = closed();
    due_to(&scene, &dead).await;
    pile_up(&scene.app, &dead, 9_999).await;
    scene.say("one").await;

    let dispatcher = scene.app.dispatcher();
    let first = Report {
        delivered: 1,
        postponed: 50,
        failed: 0,
    };
    assert_eq!(dispatcher.step().await.unwrap(), first);
    assert_eq!(scene.heard(), ["one"]);

    // Now it is known to fail, and has its share of the places that are not reserved.
    for text in ["two", "three", "four"] {
        scene.say(text).await;
        assert_eq!(dispatcher.step().await.unwrap(), first);
        assert_eq!(scene.heard(), [text]);
    }
}

#[tokio::test]
async fn retries_leave_places_to_first_attempts() {
    let scene =
        Scene::with("in_flight = 4\nin_flight_per_endpoint = 4\nin_flight_reserved = 1").await;
    let failing = Receiver::start().await;
    failing.answer_by(|_| 500);
    due_to(&scene, &failing.url).await;
    pile_up(&scene.app, &failing.url, 20).await;
    let dispatcher = scene.app.dispatcher();
    assert_eq!(dispatcher.step().await.unwrap().postponed, 4);

    // From here on it is failing: at most three at once, and the fourth place is for others.
    let storm = Report {
        delivered: 0,
        postponed: 3,
        failed: 0,
    };
    assert_eq!(dispatcher.step().await.unwrap(), storm);
    scene.say("Hello").await;
    let beside = Report {
        delivered: 1,
        ..storm
    };
    assert_eq!(dispatcher.step().await.unwrap(), beside);
    assert_eq!(scene.heard(), ["Hello"]);
}

#[tokio::test]
async fn endpoints_that_hang_take_no_more_than_their_places() {
    let scene = Scene::with(
        "in_flight = 6\nin_flight_per_endpoint = 2\nin_flight_reserved = 1\ntimeout_secs = 0.3",
    )
    .await;
    let hanging = Receiver::start().await;
    let _never = [(); 2].map(|()| hanging.answer_when_told(200));
    due_to(&scene, &hanging.url).await;
    pile_up(&scene.app, &hanging.url, 20).await;
    for _ in 0..3 {
        let conversation = scene.converse().await;
        scene.say_in(conversation, "Hello").await;
    }

    let first = scene.app.dispatcher().step().await.unwrap();
    let expected = Report {
        delivered: 2,
        postponed: 2,
        failed: 0,
    };
    assert_eq!(first, expected);
}

#[tokio::test]
async fn an_endpoint_that_takes_something_again_is_in_good_standing() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500]);
    scene.say("one").await;
    assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
    let failing = "select to_jsonb(failing_since is not null) from endpoints";
    assert_eq!(scene.rows(failing).await, [true]);
    scene.app.advance(chrono::TimeDelta::seconds(5));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    assert_eq!(scene.rows(failing).await, [false]);
}

#[tokio::test]
async fn a_claim_takes_no_more_than_there_is_room_for() {
    let scene = Scene::new().await;
    for _ in 0..9 {
        scene.converse().await;
    }
    let claim = async |room: &Room| {
        let lease = Duration::from_secs(60);
        deliveries::claim(scene.app.store(), room, lease, scene.app.now())
            .await
            .unwrap()
    };
    let bounded = Room {
        per_endpoint: 4,
        ..Room::for_any(100)
    };
    let claimed = claim(&bounded).await;
    assert_eq!(claimed.len(), 4);

    let full = Room {
        endpoints: vec![(scene.account, claimed[0].endpoint, 0)],
        ..bounded.clone()
    };
    assert!(claim(&full).await.is_empty());
    let nearly_full = Room {
        endpoints: vec![(scene.account, claimed[0].endpoint, 1)],
        ..bounded
    };
    assert_eq!(claim(&nearly_full).await.len(), 1);
    assert_eq!(claim(&Room::for_any(2)).await.len(), 2);
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update endpoints set failing_since = now()")
        .execute(&mut conn)
        .await
        .unwrap();
    let reserved_only = Room {
        common: 0,
        ..Room::for_any(100)
    };
    assert!(claim(&reserved_only).await.is_empty());
    assert_eq!(claim(&Room::for_any(100)).await.len(), 2);
}
