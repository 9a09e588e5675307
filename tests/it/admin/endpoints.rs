//! Who hears of what happens, and with which secret.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::scene::Scene;
use super::take;

#[tokio::test]
async fn endpoints_are_listed_without_their_secrets() {
    let scene = Scene::new().await;
    let address = scene.receiver.url.clone();
    let listed = scene.get("/endpoints").await;
    assert_eq!(
        listed,
        json!({"next": null, "data": [{
            "id": 1, "kind": "inbox", "inbox_id": 1, "bot_id": null, "url": address,
            "subscriptions": listed["data"][0]["subscriptions"], "enabled": true, "disabled_at": null,
            "disabled_reason": null, "failing_since": null, "previous_secret_until": null,
            "created_at": "2026-03-10T12:00:00Z", "updated_at": "2026-03-10T12:00:00Z"
        }]})
    );
    assert_eq!(scene.get("/endpoints/1").await, listed["data"][0]);
    let beyond = scene.get("/endpoints?limit=1").await;
    assert_eq!(beyond["next"], "1");
    let beyond = scene.get("/endpoints?limit=1&after=1").await;
    assert_eq!(beyond, json!({"data": [], "next": null}));
}

#[tokio::test]
async fn an_account_and_a_bot_get_endpoints_of_their_own() {
    let scene = Scene::new().await;
    let administrator = scene.administrator();
    let all = json!({"url": "https://example.org/all"});
    let all = administrator.post("/endpoints", &all).await;
    assert_eq!(
        (all.status.as_u16(), &all.json()["kind"]),
        (201, &json!("account"))
    );
    assert_eq!(all.json()["subscriptions"].as_array().unwrap().len(), 8);
    let some = json!({"url": "https://example.org/some", "subscriptions": ["message.created"]});
    let some = administrator.post("/endpoints", &some).await.json();
    assert_eq!(some["subscriptions"], json!(["message.created"]));

    let bot = administrator
        .post("/bots", &json!({"name": "Helper"}))
        .await
        .json()["id"]
        .clone();
    let path = format!("/bots/{bot}/endpoint");
    for url in ["https://example.org/bot", "https://example.org/moved"] {
        let set = administrator
            .send(Method::PUT, &path, &json!({"url": url}))
            .await;
        let (status, set) = set.pair();
        assert_eq!(
            (status, &set["kind"], &set["bot_id"]),
            (200, &json!("bot"), &bot)
        );
        assert_eq!(set["url"], url);
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_is_refused() {
    let scene = Scene::new().await;
    let administrator = scene.administrator();
    let taken = json!({"url": "https://example.org/all"});
    administrator.post("/endpoints", &taken).await;
    for (path, body, status) in [
        ("/endpoints", taken, 409),
        ("/endpoints", json!({"url": "ftp://example.org"}), 422),
        (
            "/endpoints",
            json!({"url": "https://a.example", "subscriptions": ["live.ended"]}),
            422,
        ),
        (
            "/endpoints",
            json!({"url": "https://a.example", "subscriptions": []}),
            422,
        ),
    ] {
        assert_eq!(
            administrator.post(path, &body).await.status,
            status,
            "{body}"
        );
    }
    let body = json!({"url": "https://a.example"});
    let none = administrator
        .send(Method::PUT, "/bots/999/endpoint", &body)
        .await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn a_disabled_endpoint_hears_nothing_until_it_is_enabled() {
    let scene = Scene::new().await;
    scene.app.advance(TimeDelta::minutes(1));
    let disabled = scene.post("/endpoints/1/disable", json!({})).await;
    assert_eq!(disabled["enabled"], false);
    assert_eq!(disabled["disabled_at"], "2026-03-10T12:01:00Z");
    assert_eq!(disabled["disabled_reason"], "owner");
    scene.app.advance(TimeDelta::minutes(1));
    let again = scene.post("/endpoints/1/disable", json!({})).await;
    assert_eq!(again, disabled, "a second time changes nothing");
    scene.say("unheard").await;

    let enabled = scene.post("/endpoints/1/enable", json!({})).await;
    assert_eq!(enabled["enabled"], true);
    assert_eq!(
        (&enabled["disabled_at"], &enabled["disabled_reason"]),
        (&Value::Null, &Value::Null)
    );
    scene.say("heard").await;
    while !scene.app.drain_webhooks().await.is_empty() {}
    assert_eq!(scene.heard(), ["heard"]);
}

#[tokio::test]
async fn a_secret_is_changed_with_an_overlap_of_a_day_or_as_long_as_is_asked() {
    let scene = Scene::new().await;
    let mut first = scene.get("/endpoints/1/secret").await;
    let old = take(&mut first, "secret", "whsec_");
    assert_eq!(
        first,
        json!({"previous_secret": null, "previous_secret_until": null})
    );

    let mut changed = scene.post("/endpoints/1/secret", json!({})).await;
    assert_eq!(scene.get("/endpoints/1/secret").await, changed);
    let new = take(&mut changed, "secret", "whsec_");
    assert_ne!(new, old);
    assert_eq!(
        changed,
        json!({"previous_secret": old, "previous_secret_until": "2026-03-11T12:00:00Z"})
    );
    assert_eq!(scene.get("/inboxes/1").await["webhook"]["secret"], new);

    scene.app.advance(TimeDelta::hours(24));
    let mut later = scene.get("/endpoints/1/secret").await;
    assert_eq!(take(&mut later, "secret", "whsec_"), new);
    assert_eq!(
        later,
        json!({"previous_secret": null, "previous_secret_until": null})
    );

    let short = scene
        .post("/endpoints/1/secret", json!({"overlap_secs": 60}))
        .await;
    assert_eq!(short["previous_secret"], new);
    assert_eq!(short["previous_secret_until"], "2026-03-11T12:01:00Z");
    let at_once = scene
        .post("/endpoints/1/secret", json!({"overlap_secs": 0}))
        .await;
    assert_eq!(at_once["previous_secret"], Value::Null);
}

/// Whether the newest delivery's signature is good for a secret.
fn is_signed(scene: &Scene, secret: &Value) -> bool {
    let received = scene.receiver.take().pop().unwrap();
    let webhook = standardwebhooks::Webhook::new(secret.as_str().unwrap()).unwrap();
    let signature = webhook
        .sign(
            received.header("webhook-id"),
            received.header("webhook-timestamp").parse().unwrap(),
            &received.body,
        )
        .unwrap();
    received
        .header("webhook-signature")
        .split(' ')
        .any(|one| one == signature)
}

#[tokio::test]
async fn both_secrets_sign_during_the_overlap_and_the_new_one_alone_after_it() {
    let scene = Scene::new().await;
    let secrets = scene
        .post("/endpoints/1/secret", json!({"overlap_secs": 3600}))
        .await;
    let [new, old] = [&secrets["secret"], &secrets["previous_secret"]];
    for (pause, secret, good) in [
        (TimeDelta::zero(), old, true),
        (TimeDelta::zero(), new, true),
        (TimeDelta::hours(1), old, false),
        (TimeDelta::zero(), new, true),
    ] {
        scene.app.advance(pause);
        scene.say("Hello").await;
        scene.app.drain_webhooks().await;
        assert_eq!(is_signed(&scene, secret), good);
    }
}

#[tokio::test]
async fn an_overlap_is_no_longer_than_a_month() {
    let scene = Scene::new().await;
    for overlap in [-1, 30 * 86_400 + 1] {
        let body = json!({"overlap_secs": overlap});
        let refused = scene
            .administrator()
            .post("/endpoints/1/secret", &body)
            .await;
        assert_eq!(refused.status, 422);
        assert_eq!(
            refused.json()["detail"],
            "overlap_secs: from 0 to 2592000, which is 30 days"
        );
    }
}

#[tokio::test]
async fn nobody_sees_or_changes_the_endpoints_of_others() {
    let scene = Scene::new().await;
    scene
        .is_closed_to_others(&[
            (Method::GET, "/endpoints/1", json!({})),
            (Method::POST, "/endpoints/1/enable", json!({})),
            (Method::POST, "/endpoints/1/disable", json!({})),
            (Method::GET, "/endpoints/1/secret", json!({})),
            (Method::POST, "/endpoints/1/secret", json!({})),
        ])
        .await;
    let other = scene.app.account().await;
    let stranger = super::Actor::administrator(&scene.app, other).await;
    let listed = stranger.get("/endpoints").await.json();
    assert_eq!(listed, json!({"data": [], "next": null}));
    assert_eq!(scene.get("/endpoints/1").await["enabled"], true);
}
