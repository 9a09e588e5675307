//! How inboxes behave.

use axum::http::Method;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

#[tokio::test]
async fn everything_about_an_inbox_can_be_changed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let path = format!("/inboxes/{}", office.inbox);
    let mut expected = office.admin.get(&path).await.json();
    let patch = json!({
        "name": "Door", "greeting_enabled": true, "greeting_message": "Welcome", "enable_auto_assignment": false,
        "auto_assignment_config": {"max_assignment_limit": 5}, "enable_email_collect": "false",
        "csat_survey_enabled": true, "csat_config": {"display_type": "star"}, "allow_messages_after_resolved": false,
        "lock_to_single_conversation": true, "working_hours_enabled": true, "out_of_office_message": "Tomorrow",
        "timezone": "Europe/Berlin", "sender_name_type": "professional", "business_name": "Acme",
        "channel": {
            "webhook_url": "https://gateway.example.org/hook", "hmac_mandatory": true,
            "additional_attributes": {"agent_reply_time_window": 24}
        }
    });
    for method in [Method::PATCH, Method::PUT] {
        let changed = office.admin.call(method, &path, &patch).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        let mut told = patch.clone();
        let channel = told.as_object_mut().unwrap().remove("channel").unwrap();
        for (key, value) in told
            .as_object()
            .unwrap()
            .iter()
            .chain(channel.as_object().unwrap())
        {
            expected[key] = value.clone();
        }
        expected["enable_email_collect"] = json!(false);
        let changed = changed.json();
        expected["secret"] = changed["secret"].clone();
        assert!(changed["secret"].as_str().unwrap().starts_with("whsec_"));
        assert_eq!(changed, expected);
    }
    let cleared = json!({
        "greeting_message": null, "out_of_office_message": "", "business_name": "null", "channel": {"webhook_url": null}
    });
    let changed = office
        .admin
        .call(Method::PATCH, &path, &cleared)
        .await
        .json();
    for key in [
        "greeting_message",
        "out_of_office_message",
        "business_name",
        "webhook_url",
        "secret",
    ] {
        expected[key] = json!(null);
    }
    assert_eq!(changed, expected);
    assert_eq!(office.admin.get(&path).await.json(), expected);
}

#[tokio::test]
async fn each_weekday_has_its_hours() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let path = format!("/inboxes/{}", office.inbox);
    let before = office.admin.get(&path).await.json()["working_hours"].clone();
    let patch = json!({"working_hours": [
        {"day_of_week": 0, "open_all_day": true},
        {"day_of_week": "1", "open_hour": 8, "open_minutes": 30, "close_hour": 12, "close_minutes": 15},
        {"day_of_week": 2, "closed_all_day": true, "open_hour": 9, "close_hour": 17}
    ]});
    let changed = office.admin.call(Method::PATCH, &path, &patch).await.json();
    let mut expected = before;
    expected[0] = json!({
        "day_of_week": 0, "closed_all_day": false, "open_hour": 0, "open_minutes": 0, "close_hour": 23,
        "close_minutes": 59, "open_all_day": true
    });
    expected[1] = json!({
        "day_of_week": 1, "closed_all_day": false, "open_hour": 8, "open_minutes": 30, "close_hour": 12,
        "close_minutes": 15, "open_all_day": false
    });
    expected[2] = json!({
        "day_of_week": 2, "closed_all_day": true, "open_hour": null, "open_minutes": null, "close_hour": null,
        "close_minutes": null, "open_all_day": false
    });
    assert_eq!(changed["working_hours"], expected);
    assert_eq!(
        office.admin.get(&path).await.json()["working_hours"],
        expected
    );
}

#[tokio::test]
async fn settings_that_do_not_hold_are_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let path = format!("/inboxes/{}", office.inbox);
    let before = office.admin.get(&path).await.json();
    let hours = |day: Value| json!({"working_hours": [day]});
    for (body, message, attribute) in [
        (json!({"name": " "}), "Name can't be blank", "name"),
        (
            json!({"timezone": "Mars/Base"}),
            "Timezone is not included in the list",
            "timezone",
        ),
        (
            json!({"channel": {"webhook_url": "smoke"}}),
            "Webhook url is invalid",
            "webhook_url",
        ),
        (
            json!({"channel": {"additional_attributes": {"agent_reply_time_window": 0}}}),
            "Agent reply time window must be greater than 0",
            "agent_reply_time_window",
        ),
        (
            hours(json!({"day_of_week": 7, "closed_all_day": true})),
            "Working hours day of week must be from 0 to 6",
            "working_hours",
        ),
        (
            hours(json!({"day_of_week": 1, "closed_all_day": true, "open_all_day": true})),
            "Working hours open_all_day and closed_all_day cannot be true at the same time",
            "working_hours",
        ),
        (
            hours(json!({"day_of_week": 1, "open_hour": 17, "close_hour": 9})),
            "Working hours closing time cannot be before opening time",
            "working_hours",
        ),
        (
            hours(json!({"day_of_week": 1, "open_hour": 24, "close_hour": 9})),
            "Working hours need an hour from 0 to 23 and minutes from 0 to 59",
            "working_hours",
        ),
    ] {
        let expected = json!({"message": message, "attributes": [attribute]});
        let answer = office.admin.call(Method::PATCH, &path, &body).await;
        assert_eq!(answer.pair(), (422, expected), "{body}");
    }
    let unknown = office
        .admin
        .call(Method::PATCH, &path, &json!({"sender_name_type": "rude"}))
        .await;
    assert_eq!(
        unknown.pair(),
        (
            422,
            json!({"error": "'rude' is not a valid sender_name_type"})
        )
    );
    assert_eq!(office.admin.get(&path).await.json(), before);
}

#[tokio::test]
async fn an_inbox_is_removed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let conversation = office.conversation("s").await;
    let path = format!("/inboxes/{}", office.inbox);
    let removed = office.admin.call(Method::DELETE, &path, &json!({})).await;
    let message = "Your inbox deletion request will be processed in some time.";
    assert_eq!(removed.pair(), (200, json!({"message": message})));
    assert_eq!(office.admin.get(&path).await.status, 404);
    assert_eq!(
        office.admin.get("/inboxes").await.json(),
        json!({"payload": []})
    );
    let again = office.admin.call(Method::DELETE, &path, &json!({})).await;
    assert_eq!(
        again.pair(),
        (404, json!({"error": "Resource could not be found"}))
    );
    let conversation = format!("/conversations/{conversation}");
    assert_eq!(
        office.admin.get(&conversation).await.status,
        200,
        "what was said stays"
    );
    assert_eq!(office.agent.get(&conversation).await.status, 401);
}

#[tokio::test]
async fn agents_change_no_inbox() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let path = format!("/inboxes/{}", office.inbox);
    let secret = format!("{path}/reset_secret");
    let refusal = (
        401,
        json!({"error": "You are not authorized to do this action"}),
    );
    for (method, path) in [
        (Method::PATCH, &path),
        (Method::PUT, &path),
        (Method::DELETE, &path),
        (Method::POST, &secret),
    ] {
        let answer = office
            .agent
            .call(method.clone(), path, &json!({"name": "x"}))
            .await;
        assert_eq!(answer.pair(), refusal, "{method} {path}");
    }
}

#[tokio::test]
async fn the_secret_of_an_api_inbox_is_reset() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let path = format!("/inboxes/{}", office.inbox);
    let url = json!({"channel": {"webhook_url": "https://gateway.example.org/hook"}});
    let mut before = office.admin.call(Method::PATCH, &path, &url).await.json();
    let mut reset = office
        .admin
        .post(&format!("{path}/reset_secret"), &json!({}))
        .await
        .json();
    let (old, new) = (before["secret"].take(), reset["secret"].take());
    assert_eq!(reset, before);
    assert!(new.as_str().unwrap().starts_with("whsec_"));
    assert_ne!(new, old);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one whole answer")]
async fn a_website_has_a_chat_window() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"name": "Site", "channel": {
        "type": "web_widget", "website_url": "https://example.org", "widget_color": "#ff0000", "welcome_title": "Hi",
        "welcome_tagline": "Ask us", "selected_feature_flags": ["attachments"], "reply_time": "in_a_day",
        "allowed_domains": "example.org"
    }});
    let made = office.admin.post("/inboxes", &new).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    assert_eq!(made["website_token"].as_str().unwrap().len(), 32);
    assert_eq!(made["hmac_token"].as_str().unwrap().len(), 43);
    for key in [
        "inbox_identifier",
        "webhook_url",
        "secret",
        "additional_attributes",
    ] {
        assert_eq!(made.get(key), None, "{key}");
    }
    let window = |inbox: &Value| {
        let keys = [
            "channel_type",
            "website_url",
            "widget_color",
            "welcome_title",
            "welcome_tagline",
            "web_widget_script",
            "selected_feature_flags",
            "reply_time",
            "allowed_domains",
        ];
        json!(keys.map(|key| inbox[key].clone()))
    };
    assert_eq!(
        window(&made),
        json!([
            "Channel::WebWidget",
            "https://example.org",
            "#ff0000",
            "Hi",
            "Ask us",
            null,
            ["attachments"],
            "in_a_day",
            "example.org"
        ])
    );
    let patch =
        json!({"channel": {"welcome_title": null, "reply_time": 1, "selected_feature_flags": []}});
    let changed = office
        .admin
        .call(Method::PATCH, "/inboxes/2", &patch)
        .await
        .json();
    assert_eq!(
        window(&changed),
        json!([
            "Channel::WebWidget",
            "https://example.org",
            "#ff0000",
            null,
            "Ask us",
            null,
            [],
            "in_a_few_hours",
            "example.org"
        ])
    );
    let reset = office
        .admin
        .post("/inboxes/2/reset_secret", &json!({}))
        .await;
    assert_eq!(reset.status, 404);
}

#[tokio::test]
async fn other_channels_are_not_made_here() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for kind in ["email", "line", "telegram", "whatsapp", "sms"] {
        let new = json!({"name": "x", "channel": {"type": kind}});
        let answer = office.admin.post("/inboxes", &new).await;
        assert_eq!(
            answer.pair(),
            (404, json!({"error": "Resource could not be found"}))
        );
    }
    let no_site = json!({"name": "x", "channel": {"type": "web_widget"}});
    let refusal = json!({"message": "Website url can't be blank", "attributes": ["website_url"]});
    assert_eq!(
        office.admin.post("/inboxes", &no_site).await.pair(),
        (422, refusal)
    );
    let unknown = json!({"name": "x", "channel": {
        "type": "web_widget", "website_url": "https://example.org", "selected_feature_flags": ["smoke"]
    }});
    let refusal = json!({"error": "'smoke' is not a valid selected_feature_flags"});
    assert_eq!(
        office.admin.post("/inboxes", &unknown).await.pair(),
        (422, refusal)
    );
}
