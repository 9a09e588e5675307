//! What is tried again, when, and what happens when it never arrives.

use chrono::TimeDelta;
use quartet::model::{DeliveryId, MessageKind};
use quartet::store::messages::{From, NewMessage};
use quartet::store::{delivery_log, endpoints};
use serde_json::json;

use super::{DELIVERED, EXACT, FAILED, POSTPONED, SCHEDULE_SECS, Scene};
use crate::app::TestApp;
use crate::receiver::Receiver;

/// Says nothing is due before the pause is over, and something then.
async fn is_due_after(scene: &Scene, pause_secs: i64) {
    scene.app.advance(TimeDelta::seconds(pause_secs - 1));
    assert_eq!(scene.app.drain_webhooks().await, [], "{pause_secs}");
    scene.app.advance(TimeDelta::seconds(1));
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_by_the_schedule_until_its_end() {
    let scene = Scene::new().await;
    scene.receiver.answer_by(|_| 500);
    scene.say("Hello").await;

    assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
    for (index, pause) in SCHEDULE_SECS.into_iter().enumerate() {
        is_due_after(&scene, pause).await;
        let expected = if index == 9 { FAILED } else { POSTPONED };
        assert_eq!(scene.app.drain_webhooks().await, [expected]);
    }

    scene.app.advance(TimeDelta::days(2));
    assert_eq!(scene.app.drain_webhooks().await, []);
    let received = scene.receiver.take();
    assert_eq!(received.len(), 11);
    let id = received[0].header("webhook-id");
    assert!(received.iter().all(|one| one.header("webhook-id") == id));
}

#[tokio::test]
async fn every_attempt_is_in_the_log() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[503]);
    scene.say("Hello").await;
    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::seconds(5));
    scene.app.drain_webhooks().await;

    let log = scene
        .rows(
            "select jsonb_build_object('number', a.number, 'status', a.status, 'error', a.error_class)
             from attempts a join deliveries d using (account_id) join events e on e.id = d.event_id
             where d.id = a.delivery_id and e.kind = 'message.created' order by a.number",
        )
        .await;
    assert_eq!(
        log,
        [
            json!({"number": 1, "status": 503, "error": "status"}),
            json!({"number": 2, "status": 200, "error": null}),
        ]
    );
}

#[tokio::test]
async fn a_receiver_that_names_a_time_is_given_it() {
    let scene = Scene::new().await;
    for (named, pause_secs) in [
        ("90", 90),
        ("Tue, 10 Mar 2026 12:05:00 GMT", 210),
        ("31536000", 86_400),
    ] {
        scene.receiver.answer_later(503, named);
        scene.say(named).await;
        assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
        is_due_after(&scene, pause_secs).await;
        assert_eq!(scene.app.drain_webhooks().await, [DELIVERED], "{named}");
    }
}

#[tokio::test]
async fn a_receiver_that_has_too_much_to_do_is_left_alone_for_a_minute() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[429]);
    scene.say("Hello").await;
    assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
    is_due_after(&scene, 60).await;
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
}

#[tokio::test]
async fn faults_of_dns_and_tls_and_refused_connections_are_tried_again() {
    let receiver = Receiver::start().await;
    let tls = receiver.url.replace("http://", "https://");
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    for (url, class) in [
        ("http://no-such-host.invalid/", "resolve"),
        (&tls, "connect"),
        (&closed, "connect"),
    ] {
        let app = TestApp::with(EXACT).await;
        let scene = Scene::on(app, Receiver::start().await, url).await;
        assert_eq!(scene.app.drain_webhooks().await, [POSTPONED], "{url}");
        let classes = scene
            .rows("select to_jsonb(error_class) from attempts")
            .await;
        assert_eq!(classes, [class], "{url}");
        is_due_after(&scene, 5).await;
        assert_eq!(scene.app.drain_webhooks().await, [POSTPONED], "{url}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_called_is_tried_again_as_it_may_change() {
    for url in [
        "http://127.0.0.1:9/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
    ] {
        let scene = Scene::on(TestApp::with("").await, Receiver::start().await, url).await;
        assert_eq!(scene.app.drain_webhooks().await, [POSTPONED], "{url}");
        let heads = scene
            .rows("select jsonb_build_array(error_class, response_head) from attempts")
            .await;
        assert_eq!(heads[0][0], "forbidden", "{url}");
        let text = heads[0][1].as_str().unwrap();
        assert!(text.starts_with("the host has "), "{text}");
        assert!(!text.contains("10.0") && !text.contains("254"), "{text}");
    }
}

#[tokio::test]
async fn a_url_that_can_never_be_called_is_given_up_at_once() {
    let url = "ftp://files.example.com/";
    let scene = Scene::on(TestApp::with(EXACT).await, Receiver::start().await, url).await;
    assert_eq!(scene.app.drain_webhooks().await, [FAILED]);
}

/// Status and error of the message, and what its inbox heard of it last.
async fn standing(scene: &Scene) -> (serde_json::Value, serde_json::Value) {
    let rows = scene
        .rows(
            "select jsonb_build_array(status, content_attributes->'external_error')
             from messages order by id limit 1",
        )
        .await;
    let heard = scene.receiver.take().pop().map(|last| last.json());
    let heard = heard.map_or(json!(null), |body| {
        json!({
            "event": body["event"],
            "status": body["conversation"]["messages"][0]["status"],
            "external_error": body["content_attributes"]["external_error"],
        })
    });
    (rows[0].clone(), heard)
}

#[tokio::test]
async fn an_outgoing_message_that_never_arrives_becomes_failed_and_says_so() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500; 11]);
    scene.answer("Hello").await;
    let reports = scene.exhaust().await;
    assert_eq!(reports[9..], [POSTPONED, FAILED, DELIVERED]);

    let (message, heard) = standing(&scene).await;
    assert_eq!(message, json!(["failed", "500 Internal Server Error"]));
    assert_eq!(
        heard,
        json!({
            "event": "message_updated",
            "status": "failed",
            "external_error": "500 Internal Server Error",
        })
    );
}

#[tokio::test]
async fn a_message_whose_delivery_is_replayed_and_arrives_is_failed_no_more() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500; 11]);
    scene.answer("Hello").await;
    scene.exhaust().await;
    assert_eq!(standing(&scene).await.0[0], "failed");

    let given_up = scene
        .rows(
            "select to_jsonb(d.id) from deliveries d join events e on e.id = d.event_id
             where e.kind = 'message.created'",
        )
        .await;
    let id = DeliveryId(given_up[0].as_i64().unwrap());
    delivery_log::replay_one(scene.app.store(), scene.account, id, scene.app.now())
        .await
        .unwrap();
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED, DELIVERED]);
    let (message, heard) = standing(&scene).await;
    assert_eq!(message, json!(["sent", null]));
    assert_eq!(
        heard,
        json!({"event": "message_updated", "status": "sent", "external_error": null})
    );
}

#[tokio::test]
async fn an_incoming_message_and_a_private_note_never_become_failed() {
    let scene = Scene::new().await;
    let elsewhere = scene.converse().await;
    scene.app.drain_webhooks().await;
    scene.receiver.answer_by(|_| 500);
    scene.say("Hello").await;
    let note = NewMessage {
        private: true,
        ..NewMessage::text(MessageKind::Outgoing, From::System, "a note")
    };
    scene.post_in(elsewhere, note).await;
    scene.exhaust().await;
    let statuses = scene.rows("select to_jsonb(status) from messages").await;
    assert_eq!(statuses, ["sent", "sent"]);
    let states = "select to_jsonb(state) from deliveries d join events e on e.id = d.event_id
                  where e.kind = 'message.created'";
    assert_eq!(scene.rows(states).await, ["failed", "failed"]);
}

#[tokio::test]
async fn a_message_that_was_read_has_arrived_whatever_becomes_of_its_delivery() {
    let scene = Scene::new().await;
    scene.receiver.answer_by(|_| 500);
    scene.answer("Hello").await;
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update messages set status = 'read'")
        .execute(&mut conn)
        .await
        .unwrap();
    scene.exhaust().await;
    assert_eq!(standing(&scene).await.0, json!(["read", null]));
}

#[tokio::test]
async fn an_integration_of_the_account_that_is_down_fails_no_message() {
    let scene = Scene::new().await;
    let down = Receiver::start().await;
    down.answer_by(|_| 500);
    endpoints::subscribe(
        scene.app.store(),
        scene.account,
        down.url.clone(),
        &endpoints::ACCOUNT_EVENTS,
        scene.app.now(),
    )
    .await
    .unwrap();
    scene.answer("Hello").await;
    scene.exhaust().await;
    assert_eq!(down.take().len(), 11);
    assert_eq!(standing(&scene).await.0, json!(["sent", null]));
}
