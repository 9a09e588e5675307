//! Contacts changed and deleted.

use axum::body::Body;
use axum::http::Method;
use chrono::TimeDelta;
use quartet::model::EventKind;
use quartet::store::endpoints;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;
use crate::receiver::Receiver;

/// Ann, with all that a contact can have.
async fn ann(office: &Office<'_>) -> i64 {
    let ann = json!({
        "name": "Ann", "email": "ann@example.org", "phone_number": "+14155552671", "identifier": "crm-1",
        "avatar_url": "https://example.org/a.png", "additional_attributes": {"city": "Oslo"},
        "custom_attributes": {"plan": "gold", "seats": 3}, "inbox_id": office.inbox.0, "source_id": "a-1"
    });
    let made = office.admin.post("/contacts", &ann).await.json();
    made["id"].as_i64().unwrap()
}

#[tokio::test]
async fn what_is_sent_is_changed_and_attributes_are_put_beside_the_others() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    ann(&office).await;
    let change = json!({
        "name": "Ann B", "email": " ANN.B@Example.org ", "phone_number": null, "identifier": "", "blocked": "true",
        "additional_attributes": {"country": "Norway"}, "custom_attributes": {"plan": "silver"}, "id": 7
    });
    let changed = json!({
        "additional_attributes": {"city": "Oslo", "country": "Norway"}, "availability_status": "offline",
        "blocked": true, "created_at": 1_773_144_000, "custom_attributes": {"plan": "silver", "seats": 3},
        "email": "ann.b@example.org", "id": 1, "identifier": null, "name": "Ann B", "phone_number": null,
        "thumbnail": "https://example.org/a.png",
        "contact_inboxes": [{
            "source_id": "a-1",
            "inbox": {
                "avatar_url": "", "channel_id": 1, "channel_type": "Channel::Api", "id": 1, "name": "Inbox",
                "provider": null
            }
        }]
    });
    let answer = office.agent.patch("/contacts/1", &change).await;
    assert_eq!(answer.pair(), (200, json!({"payload": changed})));
    let put = [("content-type", "application/x-www-form-urlencoded")];
    let body = Body::from("name=Ann+C&custom_attributes%5Bplan%5D=gold");
    let answer = office.agent.send(Method::PUT, "/contacts/1", &put, body);
    let answer = answer.await.json();
    assert_eq!(answer["payload"]["name"], "Ann C");
    assert_eq!(answer["payload"]["blocked"], true);
    assert_eq!(
        answer["payload"]["custom_attributes"],
        json!({"plan": "gold", "seats": 3})
    );
    let shown = office.agent.get("/contacts/1").await.json();
    assert_eq!(shown, answer);
}

#[tokio::test]
async fn keys_that_are_no_longer_kept_and_the_picture_are_taken_away() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    ann(&office).await;
    let path = "/contacts/1/destroy_custom_attributes";
    let answer = office
        .agent
        .post(path, &json!({"custom_attributes": ["plan", "unheard_of"]}))
        .await;
    assert_eq!(answer.status, 200);
    let payload = &answer.json()["payload"];
    assert_eq!(payload["custom_attributes"], json!({"seats": 3}));
    assert_eq!(payload["contact_inboxes"][0]["source_id"], "a-1");
    let answer = office.agent.delete("/contacts/1/avatar").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["payload"]["thumbnail"], "");
}

#[tokio::test]
async fn what_is_taken_or_does_not_hold_changes_nothing() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    ann(&office).await;
    office.contact("Bob", "b-1").await;
    for (change, message, attribute) in [
        (
            json!({"name": "X", "email": "ANN@example.org"}),
            "Email has already been taken",
            "email",
        ),
        (
            json!({"phone_number": "+14155552671"}),
            "Phone number has already been taken",
            "phone_number",
        ),
        (
            json!({"identifier": "crm-1"}),
            "Identifier has already been taken",
            "identifier",
        ),
        (
            json!({"phone_number": "0415"}),
            "Phone number should be in e164 format",
            "phone_number",
        ),
        (json!({"email": "x"}), "Email is invalid", "email"),
        (
            json!({"identifier": "x".repeat(256)}),
            "Identifier is too long (maximum is 255 characters)",
            "identifier",
        ),
    ] {
        let answer = office.agent.patch("/contacts/2", &change).await;
        let refusal = json!({"message": message, "attributes": [attribute]});
        assert_eq!(answer.pair(), (422, refusal), "{change}");
    }
    let bob = office.agent.get("/contacts/2").await.json();
    assert_eq!(bob["payload"]["name"], "Bob");
    let missing = (404, json!({"error": "Resource could not be found"}));
    for path in ["/contacts/3", "/contacts/x"] {
        assert_eq!(office.agent.patch(path, &json!({})).await.pair(), missing);
    }
}

#[tokio::test]
async fn a_change_is_told_with_what_was_and_is_and_nothing_is_told_of_none() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    ann(&office).await;
    let receiver = Receiver::start().await;
    let kinds = [EventKind::ContactUpdated];
    endpoints::subscribe(
        app.store(),
        office.account,
        receiver.url.clone(),
        &kinds,
        app.now(),
    )
    .await
    .unwrap();
    let change = json!({"name": "Ann", "custom_attributes": {"plan": "silver"}, "blocked": true});
    for _ in 0..2 {
        office.agent.patch("/contacts/1", &change).await;
    }
    app.drain_webhooks().await;
    let told: Vec<Value> = receiver.take().iter().map(|told| told.json()).collect();
    let told_now = json!({
        "account": {"id": office.account.0, "name": "Acme"},
        "additional_attributes": {"city": "Oslo"},
        "avatar": "https://example.org/a.png",
        "custom_attributes": {"plan": "silver", "seats": 3},
        "email": "ann@example.org",
        "id": 1,
        "identifier": "crm-1",
        "name": "Ann",
        "phone_number": "+14155552671",
        "thumbnail": "https://example.org/a.png",
        "blocked": true,
        "event": "contact_updated",
        "changed_attributes": [
            {"blocked": {"previous_value": false, "current_value": true}},
            {"custom_attributes": {
                "previous_value": {"plan": "gold", "seats": 3}, "current_value": {"plan": "silver", "seats": 3}
            }}
        ],
    });
    assert_eq!(told, [told_now]);
}

#[tokio::test]
async fn a_named_change_is_made_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    ann(&office).await;
    let named = [
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    for _ in 0..2 {
        let body = Body::from(json!({"name": "Once"}).to_string());
        let answer = office
            .agent
            .send(Method::PATCH, "/contacts/1", &named, body);
        assert_eq!(answer.await.status, 200);
        office
            .agent
            .patch("/contacts/1", &json!({"name": "Later"}))
            .await;
    }
    let shown = office.agent.get("/contacts/1").await.json();
    assert_eq!(shown["payload"]["name"], "Later");
}

#[tokio::test]
async fn a_deleted_contact_takes_its_conversations_along() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let conversation = office.conversation("p-1").await;
    office.conversation("q-1").await;
    let message = json!({"content": "hello", "message_type": "incoming"});
    let messages = format!("/conversations/{conversation}/messages");
    office.admin.post(&messages, &message).await;
    office
        .admin
        .post("/contacts/1/notes", &json!({"content": "x"}))
        .await;
    office
        .admin
        .post("/contacts/1/labels", &json!({"labels": ["vip"]}))
        .await;
    let refusal = json!({"error": "You are not authorized to do this action"});
    assert_eq!(
        office.agent.delete("/contacts/1").await.pair(),
        (401, refusal)
    );
    app.advance(TimeDelta::minutes(1));
    let answer = office.admin.delete("/contacts/1").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    for path in [
        "/contacts/1",
        "/contacts/1/notes",
        "/conversations/1",
        &messages,
    ] {
        assert_eq!(office.admin.get(path).await.status, 404, "{path}");
    }
    assert_eq!(office.admin.delete("/contacts/1").await.status, 404);
    assert_eq!(office.admin.get("/conversations/2").await.status, 200);
    let again = office.contact("Pranav", "p-1").await;
    assert_eq!(again, 3, "what it was called by is free");
}
