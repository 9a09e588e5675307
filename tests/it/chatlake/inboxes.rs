//! Inboxes.

use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

fn hours() -> Vec<Value> {
    let day = |day: usize| {
        let open = (1..=5).contains(&day);
        let only_open = |number: i64| if open { json!(number) } else { json!(null) };
        json!({
            "day_of_week": day, "closed_all_day": !open, "open_hour": only_open(9), "open_minutes": only_open(0),
            "close_hour": only_open(17), "close_minutes": only_open(0), "open_all_day": false
        })
    };
    (0..7).map(day).collect()
}

#[tokio::test]
async fn an_api_inbox_has_all_its_keys_and_its_secrets_are_the_administrators() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({
        "name": "Gateway", "greeting_enabled": true, "greeting_message": "Welcome", "enable_auto_assignment": "false",
        "channel": {
            "type": "api", "webhook_url": "https://gateway.example.org/hook", "hmac_mandatory": true,
            "additional_attributes": {"agent_reply_time_window": 24}
        }
    });
    let made = office.admin.post("/inboxes", &new).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let mut body = made.json();
    assert_eq!(office.admin.get("/inboxes/2/").await.json(), body);
    let list = office.admin.get("/inboxes").await.json();
    assert_eq!(list["payload"].as_array().unwrap().len(), 2);
    assert_eq!(list["payload"][1], body);

    assert!(
        body["secret"]
            .take()
            .as_str()
            .unwrap()
            .starts_with("whsec_")
    );
    assert_eq!(body["hmac_token"].take().as_str().unwrap().len(), 43);
    assert_eq!(body["inbox_identifier"].take().as_str().unwrap().len(), 32);
    let mut expected = json!({
        "additional_attributes": {"agent_reply_time_window": 24}, "allow_messages_after_resolved": true,
        "allowed_domains": null, "auto_assignment_config": {}, "avatar_url": "", "business_name": null,
        "callback_webhook_url": null, "channel_id": 2, "channel_type": "Channel::Api", "csat_config": {},
        "csat_survey_enabled": false, "enable_auto_assignment": false, "enable_email_collect": true,
        "greeting_enabled": true, "greeting_message": "Welcome", "hmac_mandatory": true, "hmac_token": null, "id": 2,
        "inbox_identifier": null, "lock_to_single_conversation": false, "messaging_service_sid": null,
        "name": "Gateway", "out_of_office_message": null, "phone_number": null, "provider": null, "reply_time": null,
        "secret": null, "selected_feature_flags": null, "sender_name_type": "friendly", "timezone": "UTC",
        "web_widget_script": null, "webhook_url": "https://gateway.example.org/hook", "website_token": null,
        "website_url": null, "welcome_tagline": null, "welcome_title": null, "widget_color": null,
        "working_hours": hours(), "working_hours_enabled": false
    });
    assert_eq!(body, expected);

    let members = vec![office.jane.id];
    let inbox = quartet::model::InboxId(2);
    quartet::store::inboxes::add_members(app.store(), office.account, inbox, members, app.now())
        .await
        .unwrap();
    let mut seen = office.agent.get("/inboxes/2").await.json();
    seen["inbox_identifier"].take();
    for secret in ["hmac_token", "secret"] {
        expected.as_object_mut().unwrap().remove(secret);
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn agents_make_no_inboxes_and_see_their_own() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"name": "Gateway", "channel": {"type": "api"}});
    let refusal = json!({"error": "You are not authorized to do this action"});
    assert_eq!(
        office.agent.post("/inboxes", &new).await.pair(),
        (401, refusal.clone())
    );
    assert_eq!(office.admin.post("/inboxes", &new).await.status, 200);
    let names = |list: Value| -> Vec<String> {
        let inboxes = list["payload"].as_array().unwrap().iter();
        inboxes
            .map(|inbox| inbox["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names(office.admin.get("/inboxes").await.json()),
        ["Inbox", "Gateway"]
    );
    assert_eq!(names(office.agent.get("/inboxes").await.json()), ["Inbox"]);
    assert_eq!(
        names(office.outsider.get("/inboxes").await.json()),
        [] as [&str; 0]
    );
    assert_eq!(office.agent.get("/inboxes/2").await.pair(), (401, refusal));
    assert_eq!(office.agent.get("/inboxes/99").await.status, 404);
}

#[tokio::test]
async fn an_inbox_that_does_not_hold_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for (body, refusal) in [
        (
            json!({"name": "x"}),
            json!({"error": "param is missing or the value is empty: channel"}),
        ),
        (
            json!({"name": "x", "channel": {"type": "smoke"}}),
            json!({"message": "Channel must exist", "attributes": ["channel"]}),
        ),
        (
            json!({"name": "null", "channel": {"type": "api"}}),
            json!({"message": "Name can't be blank", "attributes": ["name"]}),
        ),
        (
            json!({"name": "x", "channel": {"type": "api", "webhook_url": "file:///etc/passwd"}}),
            json!({"message": "Webhook url is invalid", "attributes": ["webhook_url"]}),
        ),
        (
            json!({"name": "x", "channel": "api"}),
            json!({"error": "channel: invalid type: string \"api\", expected an object"}),
        ),
    ] {
        assert_eq!(
            office.admin.post("/inboxes", &body).await.pair(),
            (422, refusal),
            "{body}"
        );
    }
    let list = office.admin.get("/inboxes").await.json();
    assert_eq!(
        list["payload"].as_array().unwrap().len(),
        1,
        "nothing was stored"
    );
}

#[tokio::test]
async fn an_inbox_without_a_webhook_says_null() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"name": "Quiet", "channel": {"type": "api", "webhook_url": "null"}});
    let made = office.admin.post_once("k", "/inboxes", &new).await.json();
    assert_eq!(
        (&made["webhook_url"], &made["secret"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(
        office.admin.post_once("k", "/inboxes", &new).await.json(),
        made
    );
}
