//! Two contacts become one.

use quartet::model::EventKind;
use quartet::store::endpoints;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;
use crate::receiver::Receiver;

/// Ann and, in another account's eyes too, herself once more: each with a conversation, a label and a note.
async fn two(office: &Office<'_>) {
    for (source_id, fields) in [
        (
            "a-1",
            json!({"name": "Ann", "email": "ann@example.org", "custom_attributes": {"plan": "gold"}}),
        ),
        (
            "a-2",
            json!({
                "name": "A.", "email": "a@example.org", "phone_number": "+14155552671", "identifier": "crm-1",
                "custom_attributes": {"plan": "silver", "seats": 3}
            }),
        ),
    ] {
        let mut body = fields;
        body["inbox_id"] = json!(office.inbox.0);
        body["source_id"] = json!(source_id);
        let contact = office.admin.post("/contacts", &body).await.json();
        let made = office
            .admin
            .post("/conversations", &json!({"source_id": source_id}))
            .await
            .json();
        let said = json!({"content": source_id, "message_type": "incoming"});
        office
            .admin
            .post(&format!("/conversations/{}/messages", made["id"]), &said)
            .await;
        let path = format!("/contacts/{}", contact["id"]);
        office
            .admin
            .post(
                &format!("{path}/labels"),
                &json!({"labels": ["vip", source_id]}),
            )
            .await;
        office
            .admin
            .post(&format!("{path}/notes"), &json!({"content": source_id}))
            .await;
    }
}

#[tokio::test]
async fn all_that_hangs_on_one_contact_moves_to_the_other() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    two(&office).await;
    let pair = json!({"base_contact_id": "1", "mergee_contact_id": 2});
    let merged = office.agent.post("/actions/contact_merge", &pair).await;
    let ann = json!({
        "additional_attributes": {}, "availability_status": "offline", "blocked": false,
        "created_at": 1_773_144_000, "custom_attributes": {"plan": "gold", "seats": 3}, "email": "ann@example.org",
        "id": 1, "identifier": "crm-1", "last_activity_at": 1_773_144_000, "name": "Ann",
        "phone_number": "+14155552671", "thumbnail": ""
    });
    assert_eq!(merged.pair(), (200, ann.clone()));
    assert_eq!(office.admin.get("/contacts/2").await.status, 404);
    let shown = office.admin.get("/contacts/1").await.json();
    let sources: Vec<&Value> = shown["payload"]["contact_inboxes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|way| &way["source_id"])
        .collect();
    assert_eq!(sources, ["a-1", "a-2"]);
    let labels = office.admin.get("/contacts/1/labels").await.json();
    assert_eq!(labels, json!({"payload": ["a-1", "a-2", "vip"]}));
    let notes = office.admin.get("/contacts/1/notes").await.json();
    assert_eq!(notes.as_array().unwrap().len(), 2);
    let moved = office.admin.get("/contacts/1/conversations").await.json();
    assert_eq!(moved["payload"].as_array().unwrap().len(), 2);
    let messages = office.admin.get("/conversations/2/messages").await.json();
    assert_eq!(messages["payload"][0]["sender"]["id"], 1);
    for q in ["crm-1", "5552671", "ann@"] {
        let found = office
            .admin
            .get(&format!("/contacts/search?q={q}"))
            .await
            .json();
        assert_eq!(found["payload"][0]["id"], 1, "{q}");
    }
    let found = office
        .admin
        .get("/contacts/search?q=a@example")
        .await
        .json();
    assert_eq!(found["meta"]["count"], 0);
}

#[tokio::test]
async fn a_merge_is_told_as_a_change() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    two(&office).await;
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
    let pair = json!({"base_contact_id": 1, "mergee_contact_id": 2});
    office
        .agent
        .post_once("k", "/actions/contact_merge", &pair)
        .await;
    let again = office
        .agent
        .post_once("k", "/actions/contact_merge", &pair)
        .await;
    assert_eq!(again.status, 200, "a repeat is answered");
    app.drain_webhooks().await;
    let told: Vec<Value> = receiver.take().iter().map(|told| told.json()).collect();
    assert_eq!(told.len(), 1);
    let changed: Vec<&String> = told[0]["changed_attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change.as_object().unwrap().keys().next().unwrap())
        .collect();
    assert_eq!(changed, ["phone_number", "identifier", "custom_attributes"]);
}

#[tokio::test]
async fn only_contacts_that_are_there_are_merged() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    two(&office).await;
    let theirs = Office::open(&app).await;
    let foreign = theirs.contact("Eve", "e-1").await;
    let before = office.admin.get("/contacts").await.json();
    for (base, other) in [
        (json!(1), json!(foreign)),
        (json!(foreign), json!(1)),
        (json!(1), json!(99)),
        (json!(1), json!(null)),
    ] {
        let pair = json!({"base_contact_id": base, "mergee_contact_id": other});
        let answer = office.admin.post("/actions/contact_merge", &pair).await;
        assert_eq!(
            answer.pair(),
            (404, json!({"error": "Resource could not be found"})),
            "{pair}"
        );
    }
    let same = json!({"base_contact_id": 1, "mergee_contact_id": 1});
    assert_eq!(
        office
            .admin
            .post("/actions/contact_merge", &same)
            .await
            .json()["id"],
        1
    );
    assert_eq!(office.admin.get("/contacts").await.json(), before);
    assert_eq!(
        theirs
            .admin
            .get(&format!("/contacts/{foreign}"))
            .await
            .status,
        200
    );
}
