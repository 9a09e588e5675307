//! Contacts.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

fn pranav() -> Value {
    json!({
        "additional_attributes": {"city": "Oslo"}, "availability_status": "offline", "blocked": false,
        "created_at": 1_773_144_000, "custom_attributes": {"plan": "gold"}, "email": "pranav@example.org",
        "id": 1, "identifier": "crm-7", "name": "Pranav", "phone_number": "+14155552671",
        "thumbnail": "https://example.org/p.png",
        "contact_inboxes": [{
            "source_id": "p-1",
            "inbox": {
                "avatar_url": "", "channel_id": 1, "channel_type": "Channel::Api", "id": 1, "name": "Inbox",
                "provider": null
            }
        }]
    })
}

fn new_pranav() -> Value {
    json!({
        "name": "Pranav", "email": " Pranav@Example.org", "phone_number": "+14155552671", "identifier": "crm-7",
        "avatar_url": "https://example.org/p.png", "inbox_id": "1", "source_id": "p-1", "blocked": "false",
        "additional_attributes": {"city": "Oslo"}, "custom_attributes": "{\"plan\":\"gold\"}", "unheard_of": [1]
    })
}

#[tokio::test]
async fn a_new_contact_is_answered_as_live_and_as_on_the_page() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let answer = office.admin.post("/contacts", &new_pranav()).await;
    assert_eq!(
        answer.pair(),
        (
            200,
            json!({
                "payload": {
                    "contact": pranav(),
                    "contact_inbox": {
                        "inbox": {
                            "account_id": 1, "allow_messages_after_resolved": true, "auto_assignment_config": {},
                            "business_name": null, "channel_id": 1, "channel_type": "Channel::Api",
                            "created_at": "2026-03-10T12:00:00.000Z", "csat_config": {}, "csat_survey_enabled": false,
                            "email_address": null, "enable_auto_assignment": true, "enable_email_collect": true,
                            "greeting_enabled": false, "greeting_message": null, "id": 1,
                            "lock_to_single_conversation": false, "name": "Inbox", "out_of_office_message": null,
                            "portal_id": null, "sender_name_type": "friendly", "timezone": "UTC",
                            "updated_at": "2026-03-10T12:00:00.000Z", "working_hours_enabled": false
                        },
                        "source_id": "p-1"
                    }
                },
                "id": 1, "name": "Pranav", "email": "pranav@example.org", "phone_number": "+14155552671",
                "thumbnail": "https://example.org/p.png", "additional_attributes": {"city": "Oslo"},
                "availability_status": "offline",
                "contact_inboxes": [{
                    "source_id": "p-1",
                    "inbox": {
                        "id": 1, "name": "Inbox", "website_url": "", "channel_type": "Channel::Api", "avatar_url": "",
                        "widget_color": "", "website_token": "", "enable_auto_assignment": true,
                        "web_widget_script": "", "welcome_title": "", "welcome_tagline": "",
                        "greeting_enabled": false, "greeting_message": ""
                    }
                }]
            })
        )
    );
    assert_eq!(
        office.agent.get("/contacts/1").await.pair(),
        (200, json!({"payload": pranav()}))
    );
    let mut alone = pranav();
    alone.as_object_mut().unwrap().remove("contact_inboxes");
    assert_eq!(
        office
            .agent
            .get("/contacts/1?include_contact_inboxes=no")
            .await
            .json(),
        json!({"payload": alone})
    );
}

#[tokio::test]
async fn a_contact_without_an_inbox_has_no_way_in() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let answer = office
        .agent
        .post("/contacts/", &json!({"name": "Ann", "email": ""}))
        .await
        .json();
    assert_eq!(
        answer["payload"]["contact_inbox"],
        json!({"inbox": null, "source_id": null})
    );
    assert_eq!(answer["contact_inboxes"], json!([]));
    assert_eq!(answer["email"], json!(null));
}

#[tokio::test]
async fn a_source_id_is_made_up_where_none_is_given() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let answer = office
        .agent
        .post("/contacts", &json!({"inbox_id": 1}))
        .await
        .json();
    let source_id = answer["contact_inboxes"][0]["source_id"].as_str().unwrap();
    assert_eq!(source_id.len(), 36, "{source_id}");
}

#[tokio::test]
async fn what_is_taken_is_refused_with_its_name() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.admin.post("/contacts", &new_pranav()).await;
    for (body, message, attribute) in [
        (
            json!({"email": "PRANAV@example.org"}),
            "Email has already been taken",
            "email",
        ),
        (
            json!({"phone_number": "+14155552671"}),
            "Phone number has already been taken",
            "phone_number",
        ),
        (
            json!({"identifier": "crm-7"}),
            "Identifier has already been taken",
            "identifier",
        ),
        (
            json!({"phone_number": "4155552671"}),
            "Phone number should be in e164 format",
            "phone_number",
        ),
        (json!({"email": "pranav"}), "Email is invalid", "email"),
        (
            json!({"name": "x".repeat(256)}),
            "Name is too long (maximum is 255 characters)",
            "name",
        ),
    ] {
        let refusal = json!({"message": message, "attributes": [attribute]});
        assert_eq!(
            office.admin.post("/contacts", &body).await.pair(),
            (422, refusal),
            "{body}"
        );
    }
    let both = json!({"email": "x", "phone_number": "y"});
    assert_eq!(
        office.admin.post("/contacts", &both).await.pair(),
        (
            422,
            json!({
                "message": "Email is invalid, Phone number should be in e164 format",
                "attributes": ["email", "phone_number"]
            })
        )
    );
    let same_source = json!({"inbox_id": 1, "source_id": "p-1"});
    assert_eq!(
        office.admin.post("/contacts", &same_source).await.pair(),
        (422, json!({"error": "source_id should be unique"}))
    );
    let unknown_inbox = json!({"name": "Ann", "inbox_id": 99});
    assert_eq!(
        office.admin.post("/contacts", &unknown_inbox).await.status,
        404
    );
    assert_eq!(
        office.admin.get("/contacts/2").await.status,
        404,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_contact_may_come_as_a_form() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = "name=Ann+B&custom_attributes%5Bplan%5D=gold&inbox_id=1&source_id=a-1";
    let answer = office
        .agent
        .send(Method::POST, "/contacts", &form, Body::from(body))
        .await
        .json();
    let contact = &answer["payload"]["contact"];
    assert_eq!(contact["name"], "Ann B");
    assert_eq!(contact["custom_attributes"], json!({"plan": "gold"}));
    assert_eq!(contact["contact_inboxes"][0]["source_id"], "a-1");
}

#[tokio::test]
async fn a_repeat_of_a_named_write_makes_nothing_new() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let first = office
        .admin
        .post_once("k", "/contacts", &new_pranav())
        .await;
    let again = office
        .admin
        .post_once("k", "/contacts", &new_pranav())
        .await;
    assert_eq!(again.pair(), first.pair());
    assert_eq!(
        office
            .admin
            .post_once("k", "/contacts", &json!({"name": "Ann"}))
            .await
            .pair(),
        (
            422,
            json!({"error": "Idempotency-Key was used for another request"})
        )
    );
    let long = "k".repeat(256);
    assert_eq!(
        office
            .admin
            .post_once(&long, "/contacts", &json!({}))
            .await
            .status,
        422
    );
}
