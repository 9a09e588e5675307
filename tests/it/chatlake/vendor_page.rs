//! The three calls of the vendor's page, key by key and type by type.

use std::mem::discriminant;

use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

/// Every key of the sample is in the answer, with a value of its type. What is null in a sample has no type.
fn assert_holds(answer: &Value, sample: &Value, at: &str) {
    match (answer, sample) {
        (_, Value::Null) => {}
        (Value::Object(answer), Value::Object(sample)) => {
            for (key, sample) in sample {
                let found = answer
                    .get(key)
                    .unwrap_or_else(|| panic!("{at}.{key} is missing"));
                assert_holds(found, sample, &format!("{at}.{key}"));
            }
        }
        (Value::Array(answer), Value::Array(sample)) => {
            assert!(!answer.is_empty(), "{at} is empty");
            for answer in answer {
                assert_holds(answer, &sample[0], &format!("{at}[]"));
            }
        }
        _ => assert_eq!(discriminant(answer), discriminant(sample), "{at}: {answer}"),
    }
}

#[tokio::test]
async fn the_three_calls_answer_with_the_keys_and_types_of_the_page() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;

    let contact = office
        .admin
        .post(
            "/contacts",
            &json!({
                "inbox_id": office.inbox.0, "name": "Pranav", "email": "pranav@example.org",
                "phone_number": "+14155552671", "avatar": null, "avatar_url": "https://example.org/p.png",
                "identifier": "p-1", "custom_attributes": {}
            }),
        )
        .await;
    assert_eq!(contact.status, 200);
    let contact = contact.json();
    assert_holds(
        &contact,
        &json!({
            "email": "string", "name": "string", "phone_number": "string", "thumbnail": "string",
            "additional_attributes": {},
            "contact_inboxes": [{
                "source_id": "string",
                "inbox": {
                    "id": 0, "name": "string", "website_url": "string", "channel_type": "string", "avatar_url": "string",
                    "widget_color": "string", "website_token": "string", "enable_auto_assignment": true,
                    "web_widget_script": "string", "welcome_title": "string", "welcome_tagline": "string",
                    "greeting_enabled": true, "greeting_message": "string"
                }
            }],
            "id": 0, "availability_status": "string"
        }),
        "contact",
    );

    let conversation = office
        .admin
        .post(
            "/conversations",
            &json!({
                "source_id": contact["contact_inboxes"][0]["source_id"],
                "inbox_id": office.inbox.0.to_string(), "contact_id": contact["id"].to_string(),
                "additional_attributes": {},
                "custom_attributes": {"attribute_key": "attribute_value", "priority_conversation_number": 3},
                "status": "open", "assignee_id": office.jane.id.to_string(), "team_id": ""
            }),
        )
        .await;
    assert_eq!(conversation.status, 200);
    let conversation = conversation.json();
    assert_holds(&conversation, &json!({"id": 0}), "conversation");

    let path = format!("/conversations/{}/messages", conversation["id"]);
    let actions = json!([{"type": "link", "text": "Open", "uri": "https://example.org"}]);
    let outgoing = json!({
        "content": "string", "message_type": "outgoing", "private": true, "content_type": "cards",
        "content_attributes": {"items": [{"title": "A card", "actions": actions}]}
    });
    assert_eq!(office.admin.post(&path, &outgoing).await.status, 200);
    let incoming = json!({"content": "This is a incoming message from API Channel", "message_type": "incoming"});
    let incoming = office.admin.post(&path, &incoming).await;
    assert_eq!(incoming.status, 200);
    assert_holds(
        &incoming.json(),
        &json!({
            "id": 0, "content": "This is a incoming message from API Channel", "inbox_id": 0, "conversation_id": 0,
            "message_type": 0, "content_type": null, "content_attributes": {}, "created_at": 0, "private": false,
            "sender": {"id": 0, "name": "Pranav", "type": "contact"}
        }),
        "message",
    );
}
