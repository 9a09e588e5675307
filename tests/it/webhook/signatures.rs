//! The headers of a delivery, judged by others' code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use quartet::store::endpoints;
use secrecy::ExposeSecret;
use sha2::Sha256;

use super::{DELIVERED, EXACT, Scene};
use crate::app::TestApp;
use crate::receiver::{Received, Receiver};

impl Scene {
    async fn secret(&self) -> String {
        let (_, secret) = endpoints::find_of_inbox(self.app.store(), self.account, self.inbox)
            .await
            .unwrap()
            .unwrap();
        secret.expose_secret().to_owned()
    }
}

/// Whether a receiver that knows the secret takes the request, one signature being enough.
fn verifies(received: &Received, secret: &str) -> bool {
    let webhook = standardwebhooks::Webhook::new(secret).unwrap();
    let id = received.header("webhook-id");
    let timestamp = received.header("webhook-timestamp").parse().unwrap();
    let expected = webhook.sign(id, timestamp, &received.body).unwrap();
    received
        .header("webhook-signature")
        .split(' ')
        .any(|signature| signature == expected)
}

/// What the vendor's receivers compute: the secret's text is the key.
fn vendors_signature(received: &Received, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(received.header("x-chatwoot-timestamp").as_bytes());
    mac.update(b".");
    mac.update(&received.body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn every_request_is_signed_in_both_ways_over_the_bytes_that_are_sent() {
    let scene = Scene::new().await;
    scene.say("Grüße, <b>\"quoted\"</b> & more").await;
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);

    let received = scene.receiver.take().pop().unwrap();
    let secret = scene.secret().await;
    assert!(verifies(&received, &secret));
    assert_eq!(
        received.header("x-chatwoot-signature"),
        vendors_signature(&received, &secret)
    );
    assert_eq!(
        received.header("x-chatwoot-delivery"),
        received.header("webhook-id")
    );
    let now = scene.app.now().timestamp().to_string();
    assert_eq!(received.header("webhook-timestamp"), now);
    assert_eq!(received.header("x-chatwoot-timestamp"), now);
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("accept"), "application/json");
    assert_eq!(
        received.header("user-agent"),
        concat!("quartet/", env!("CARGO_PKG_VERSION"))
    );
    assert!(!received.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_repeat_has_the_same_id_and_body_and_a_time_of_its_own() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500]);
    scene.say("Hello").await;
    scene.app.drain_webhooks().await;
    scene.app.advance(TimeDelta::seconds(5));
    scene.app.drain_webhooks().await;

    let received = scene.receiver.take();
    let [first, second] = received.as_slice() else {
        panic!("{received:?}")
    };
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.body, second.body);
    assert_ne!(
        first.header("webhook-timestamp"),
        second.header("webhook-timestamp")
    );
    let secret = scene.secret().await;
    assert!(verifies(first, &secret) && verifies(second, &secret));
}

#[tokio::test]
async fn a_secret_that_was_changed_signs_too_for_a_while() {
    let scene = Scene::new().await;
    let previous: [u8; 32] = [9; 32];
    let until = scene.app.now() + TimeDelta::hours(1);
    let sealed = scene.app.store().vault().seal(&previous, "endpoint secret");
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update endpoints set previous_secret_sealed = $1, previous_secret_until = $2")
        .bind(sealed)
        .bind(until)
        .execute(&mut conn)
        .await
        .unwrap();
    let previous = format!("whsec_{}", STANDARD.encode(previous));
    let present = scene.secret().await;

    scene.say("Hello").await;
    scene.app.drain_webhooks().await;
    let received = scene.receiver.take().pop().unwrap();
    assert!(verifies(&received, &present) && verifies(&received, &previous));
    assert_eq!(
        received.header("x-chatwoot-signature"),
        vendors_signature(&received, &present)
    );

    scene.app.clock.set(until);
    scene.say("Hello again").await;
    scene.app.drain_webhooks().await;
    let received = scene.receiver.take().pop().unwrap();
    assert!(verifies(&received, &present) && !verifies(&received, &previous));
}

#[tokio::test]
async fn a_user_and_password_in_the_url_become_basic_authentication() {
    let app = TestApp::with(EXACT).await;
    let receiver = Receiver::start().await;
    let url = receiver.url.replace("http://", "http://ann:s%40cret@");
    let scene = Scene::on(app, receiver, &url).await;
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);

    let received = scene.receiver.take().pop().unwrap();
    let expected = format!("Basic {}", STANDARD.encode("ann:s@cret"));
    assert_eq!(received.header("authorization"), expected);
}

#[tokio::test]
async fn a_secret_of_another_key_sends_nothing_unsigned() {
    let scene = Scene::new().await;
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update endpoints set secret_sealed = 'garbage'")
        .execute(&mut conn)
        .await
        .unwrap();
    scene.say("Hello").await;
    scene.app.drain_webhooks().await;
    assert!(scene.receiver.take().is_empty());
    let classes = scene
        .rows("select to_jsonb(error_class) from attempts where error_class is not null")
        .await;
    assert_eq!(classes, ["secret"]);
}
