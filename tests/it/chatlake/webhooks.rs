//! Webhooks of an account.

use axum::http::Method;
use chrono::TimeDelta;
use quartet::model::{ConversationId, FileType, MessageKind, NewAttachment, Rich, RichKind};
use quartet::store::messages::{self, From, NewMessage};
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;
use crate::receiver::Receiver;

const USUAL: [&str; 8] = [
    "conversation_status_changed",
    "conversation_updated",
    "conversation_created",
    "contact_created",
    "contact_updated",
    "message_created",
    "message_updated",
    "webwidget_triggered",
];

/// The webhook of an answer, its secret taken out.
fn webhook(mut answer: Value) -> (String, Value) {
    let mut webhook = answer["payload"]["webhook"].take();
    let secret = webhook["secret"].take().as_str().unwrap().to_owned();
    (secret, webhook)
}

#[tokio::test]
async fn a_webhook_is_made_changed_and_removed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let url = "https://hooks.example.org/one";
    let new =
        json!({"webhook": {"url": url, "name": "Sync", "inbox_id": office.inbox.0.to_string()}});
    let made = office.admin.post("/webhooks", &new).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let (secret, made) = webhook(made.json());
    assert!(secret.starts_with("whsec_"));
    let mut expected = json!({
        "id": 1, "name": "Sync", "url": url, "account_id": office.account.0, "subscriptions": USUAL, "secret": null,
        "inbox": {"id": office.inbox.0, "name": "Inbox"}
    });
    assert_eq!(made, expected);
    for method in [Method::PATCH, Method::PUT] {
        let patch = json!({
            "url": "https://hooks.example.org/two", "subscriptions": ["inbox_created", "conversation_typing_on"],
            "inbox_id": null, "name": null, "secret": "mine"
        });
        let changed = office.admin.call(method, "/webhooks/1", &patch).await;
        let (same, changed) = webhook(changed.json());
        assert_eq!(same, secret, "nobody chooses a secret");
        expected["url"] = json!("https://hooks.example.org/two");
        expected["subscriptions"] = json!(["inbox_created", "conversation_typing_on"]);
        expected["name"] = json!(null);
        expected.as_object_mut().unwrap().remove("inbox");
        assert_eq!(changed, expected);
    }
    expected["secret"] = json!(secret);
    let list = json!({"payload": {"webhooks": [expected]}});
    assert_eq!(office.admin.get("/webhooks/").await.pair(), (200, list));
    assert_eq!(office.admin.get("/webhooks/1").await.status, 405);

    let removed = office
        .admin
        .call(Method::DELETE, "/webhooks/1", &json!({}))
        .await;
    assert_eq!((removed.status.as_u16(), removed.text()), (200, ""));
    let again = office
        .admin
        .call(Method::DELETE, "/webhooks/1", &json!({}))
        .await;
    assert_eq!(again.status, 404);
    let none = json!({"payload": {"webhooks": []}});
    assert_eq!(office.admin.get("/webhooks").await.json(), none);
    let same_url = json!({"url": "https://hooks.example.org/two"});
    assert_eq!(
        office.admin.post("/webhooks", &same_url).await.status,
        200,
        "it is free again"
    );
}

#[tokio::test]
async fn a_webhook_that_does_not_hold_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let url = "https://hooks.example.org/one";
    let made = office
        .admin
        .post("/webhooks", &json!({"url": url, "subscriptions": null}))
        .await;
    assert_eq!(
        made.json()["payload"]["webhook"]["subscriptions"],
        json!(USUAL)
    );
    let another = "https://hooks.example.org/two";
    for (body, message, attribute) in [
        (json!({"name": "x"}), "Url is invalid", "url"),
        (json!({"url": "ftp://example.org"}), "Url is invalid", "url"),
        (json!({"url": url}), "Url has already been taken", "url"),
        (
            json!({"url": another, "subscriptions": []}),
            "Subscriptions Invalid events",
            "subscriptions",
        ),
        (
            json!({"url": another, "subscriptions": ["smoke"]}),
            "Subscriptions Invalid events",
            "subscriptions",
        ),
    ] {
        let expected = json!({"message": message, "attributes": [attribute]});
        assert_eq!(
            office.admin.post("/webhooks", &body).await.pair(),
            (422, expected),
            "{body}"
        );
    }
    let missing = json!({"error": "param is missing or the value is empty: webhook"});
    assert_eq!(
        office.admin.post("/webhooks", &json!({})).await.pair(),
        (422, missing)
    );
    let other = Office::open(&app).await;
    let foreign = json!({"url": another, "inbox_id": other.inbox.0});
    assert_eq!(office.admin.post("/webhooks", &foreign).await.status, 404);
}

#[tokio::test]
async fn webhooks_are_the_administrators() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"url": "https://hooks.example.org/one"});
    office.admin.post("/webhooks", &new).await;
    let refusal = (
        401,
        json!({"error": "You are not authorized to do this action"}),
    );
    for (method, path) in [
        (Method::GET, "/webhooks"),
        (Method::POST, "/webhooks"),
        (Method::PATCH, "/webhooks/1"),
        (Method::PUT, "/webhooks/1"),
        (Method::DELETE, "/webhooks/1"),
    ] {
        let answer = office.agent.call(method.clone(), path, &new).await;
        assert_eq!(answer.pair(), refusal, "{method} {path}");
    }
}

#[tokio::test]
async fn a_webhook_hears_of_inboxes_that_are_made_and_changed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let receiver = Receiver::start().await;
    let new = json!({"url": receiver.url, "subscriptions": ["inbox_created", "inbox_updated"]});
    office.admin.post("/webhooks", &new).await;
    let channel = json!({"type": "api", "webhook_url": "https://gateway.example.org/hook"});
    let inbox = json!({"name": "Gateway", "channel": channel});
    office.admin.post("/inboxes", &inbox).await;
    let patch = json!({"name": "Door", "greeting_enabled": true});
    office.admin.call(Method::PATCH, "/inboxes/2", &patch).await;
    app.drain_webhooks().await;
    let mut got: Vec<Value> = receiver.take().iter().map(|one| one.json()).collect();
    got.sort_by_key(|body| body["event"].as_str().unwrap().to_owned());
    let hours = got[0]["working_hours"].clone();
    let mut expected = json!({
        "id": 2, "channel_id": 2, "channel_type": "Channel::Api", "name": "Gateway", "avatar_url": "",
        "greeting_enabled": false, "greeting_message": null, "enable_auto_assignment": true,
        "auto_assignment_config": {}, "enable_email_collect": true, "csat_survey_enabled": false, "csat_config": {},
        "allow_messages_after_resolved": true, "lock_to_single_conversation": false, "working_hours_enabled": false,
        "out_of_office_message": null, "timezone": "UTC", "sender_name_type": "friendly", "business_name": null,
        "working_hours": hours, "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z",
        "channel": {
            "id": 2, "account_id": office.account.0, "webhook_url": "https://gateway.example.org/hook",
            "hmac_mandatory": false, "additional_attributes": {}
        },
        "account": {"id": office.account.0, "name": "Acme"}, "event": "inbox_created"
    });
    assert_eq!(hours.as_array().unwrap().len(), 7);
    assert_eq!(got[0], expected);
    expected["name"] = json!("Door");
    expected["greeting_enabled"] = json!(true);
    expected["event"] = json!("inbox_updated");
    expected["changed_attributes"] = json!([
        {"greeting_enabled": {"previous_value": false, "current_value": true}},
        {"name": {"previous_value": "Gateway", "current_value": "Door"}}
    ]);
    assert_eq!(got[1], expected);
    assert_eq!(got.len(), 2);
}

/// What goes to a webhook of these subscriptions while something is done.
async fn heard(office: &Office<'_>, subscriptions: Value, doing: impl AsyncFnOnce()) -> Value {
    let receiver = Receiver::start().await;
    let hook = json!({"url": receiver.url.as_str(), "subscriptions": subscriptions});
    let made = office.admin.post("/webhooks", &hook).await;
    assert_eq!(made.status, 200, "{}", made.text());
    doing().await;
    office.app.drain_webhooks().await;
    receiver.take().pop().unwrap().json()
}

#[tokio::test]
async fn a_webhook_is_told_of_the_bot_that_a_conversation_is_given_to() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let contact = office.contact("Pranav", "s").await;
    let start = json!({"source_id": "s"});
    office.admin.post("/conversations", &start).await;
    let bot = json!({"name": "Robo", "avatar_url": "https://robo.example.org/face.png"});
    let bot = office.admin.post("/agent_bots", &bot).await.json()["id"].clone();
    let body = heard(&office, json!(["conversation_updated"]), async || {
        let assign = json!({"assignee_id": bot, "assignee_type": "AgentBot"});
        let path = "/conversations/1/assignments";
        let answer = office.admin.post(path, &assign).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    })
    .await;
    let at = 1_773_144_000;
    let iso = "2026-03-10T12:00:00.000Z";
    assert_eq!(
        body,
        json!({
            "event": "conversation_updated", "account": {"id": office.account.0, "name": "Acme"},
            "changed_attributes": [{"assignee_agent_bot_id": {"previous_value": null, "current_value": bot}}],
            "additional_attributes": {}, "can_reply": true, "channel": "Channel::Api",
            "contact_inbox": {
                "id": 1, "contact_id": contact, "inbox_id": office.inbox.0, "source_id": "s", "hmac_verified": false,
                "created_at": iso, "updated_at": iso
            },
            "id": 1, "inbox_id": office.inbox.0, "messages": [], "labels": [],
            "meta": {
                "sender": {
                    "additional_attributes": {}, "custom_attributes": {}, "email": null, "id": contact,
                    "identifier": null, "name": "Pranav", "phone_number": null, "thumbnail": "",
                    "blocked": false, "type": "contact"
                },
                "assignee": {
                    "id": bot, "name": "Robo", "avatar_url": "https://robo.example.org/face.png", "type": "agent_bot"
                },
                "assignee_type": "AgentBot", "team": null, "hmac_verified": false
            },
            "status": "open", "custom_attributes": {}, "snoozed_until": null, "unread_count": 0,
            "first_reply_created_at": null, "priority": null, "waiting_since": 0, "agent_last_seen_at": 0,
            "contact_last_seen_at": 0, "last_activity_at": at, "timestamp": at, "created_at": at,
            "updated_at": 1_773_144_000.0
        })
    );
}

#[tokio::test]
async fn a_webhook_is_told_whether_agents_may_still_answer() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let window = json!({"additional_attributes": {"agent_reply_time_window": 24}});
    let path = format!("/inboxes/{}", office.inbox.0);
    let set = json!({"channel": window});
    assert_eq!(office.admin.patch(&path, &set).await.status, 200);
    office.conversation("s").await;
    let incoming = json!({"content": "Hello", "message_type": "incoming"});
    office
        .admin
        .post("/conversations/1/messages", &incoming)
        .await;
    for (hours, can_reply) in [(23, true), (1, false)] {
        app.advance(TimeDelta::hours(hours));
        let body = heard(
            &office,
            json!(["conversation_status_changed"]),
            async || {
                office
                    .admin
                    .post("/conversations/1/toggle_status", &json!({}))
                    .await;
            },
        )
        .await;
        assert_eq!(body["can_reply"], can_reply, "after {hours} hours more");
    }
}

#[tokio::test]
async fn a_webhook_is_told_what_stands_beside_a_message() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("s").await;
    let params = json!({"name": "welcome", "language": "de"});
    let body = heard(&office, json!(["message_created"]), async || {
        let new = json!({"content": "Hi", "template_params": params, "campaign_id": 7});
        let path = "/conversations/1/messages";
        let answer = office.agent.post(path, &new).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    })
    .await;
    let beside = json!({"template_params": params, "campaign_id": 7});
    assert_eq!(body["additional_attributes"], beside);
    let pushed = &body["conversation"]["messages"][0];
    assert_eq!(pushed["additional_attributes"], beside);
}

#[tokio::test]
async fn a_webhook_is_told_of_files_places_and_rich_content_as_the_api_shows_them() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("s").await;
    let at = |file_type, media_type, url| NewAttachment {
        name: "Harbour.ogg".to_owned(),
        meta: json!({"latitude": 59.3, "longitude": 18.1, "first_name": "Ann"}),
        ..NewAttachment::at(file_type, media_type, url)
    };
    let body = json!({"title": "Tea", "options": [{"title": "Green", "payload": "1"}]});
    let new = NewMessage {
        attachments: vec![
            at(FileType::Location, "", "https://maps.example.org/1"),
            at(FileType::Contact, "", ""),
            at(FileType::Audio, "audio/ogg", "https://example.org/1.ogg"),
        ],
        rich: Some(Rich {
            kind: RichKind::Card,
            body: body.clone(),
        }),
        ..NewMessage::text(MessageKind::Outgoing, From::Agent(office.jane.id), "Tea?")
    };
    let told = heard(&office, json!(["message_created"]), async || {
        let (store, id) = (app.store(), ConversationId(1));
        let posted = messages::post(store, office.account, id, new, None, app.now());
        posted.await.unwrap();
    })
    .await;
    let shown = office.agent.get("/conversations/1/messages").await.json();
    let shown = &shown["payload"][0];
    let pushed = &told["conversation"]["messages"][0];
    for part in ["attachments", "content_attributes"] {
        assert_eq!(told[part], shown[part]);
        assert_eq!(pushed[part], shown[part]);
    }
    assert_eq!(
        told["content_attributes"],
        json!({"type": "card", "card": body})
    );
    let [place, contact, sound] = [0, 1, 2].map(|at| &told["attachments"][at]);
    assert_eq!(place["coordinates_lat"], 59.3);
    assert_eq!(place["data_url"], "https://maps.example.org/1");
    assert_eq!(contact["meta"]["first_name"], "Ann");
    assert_eq!(contact["fallback_title"], "Harbour.ogg");
    assert_eq!(sound["extension"], "ogg");
    assert_eq!(sound["transcribed_text"], "");
}
