//! Inboxes, apps and page filters.

use axum::http::StatusCode;
use quartet::model::{Channel, Role};
use serde_json::{Value, json};

use super::{Actor, take};
use crate::app::TestApp;

#[tokio::test]
async fn an_inbox_of_every_channel_can_be_made() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    for channel in Channel::ALL {
        let new = json!({"name": "Inbox", "channel": channel.as_str()});
        let made = administrator.post("/inboxes", &new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{channel}");
        assert_eq!(made.json()["channel"], channel.as_str());
    }
    let listed = administrator.get("/inboxes").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 12);
    assert!(listed["data"][0].get("hmac_token").is_none());
}

#[tokio::test]
async fn an_inbox_is_shown_with_what_another_system_needs() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let bot = administrator
        .post("/bots", &json!({"name": "Helper"}))
        .await
        .json();
    let new = json!({
        "name": "Shop", "channel": "general", "bot_id": bot["id"], "webhook_url": "https://example.org/hook",
        "greeting": "Hi!", "hmac_mandatory": true, "lock_to_single_conversation": true
    });

    let made = administrator.post("/inboxes", &new).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let shown = administrator.get("/inboxes/1").await;
    assert_eq!(made.json(), shown.json());
    let mut inbox = shown.json();
    take(&mut inbox, "identifier", "");
    take(&mut inbox, "hmac_token", "");
    take(&mut inbox["webhook"], "secret", "whsec_");
    assert_eq!(
        inbox,
        json!({
            "id": 1, "name": "Shop", "channel": "general", "bot_id": bot["id"], "greeting": "Hi!",
            "hmac_mandatory": true, "lock_to_single_conversation": true, "created_at": "2026-03-10T12:00:00Z",
            "webhook": {"url": "https://example.org/hook"}
        })
    );
}

#[tokio::test]
async fn agents_are_given_an_inbox_and_lose_it() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let jane = app.agent(account, "Jane Doe", Role::Agent).await.id.0;
    app.inbox(account, Channel::General).await;

    let added = administrator
        .post("/inboxes/1/members", &json!({"agent_ids": [jane]}))
        .await;
    assert_eq!(added.pair(), (200, json!({"agent_ids": [jane]})));
    for _ in 0..2 {
        let removed = administrator
            .delete(&format!("/inboxes/1/members/{jane}"))
            .await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT);
    }
    let listed = administrator.get("/inboxes/1/members").await;
    assert_eq!(listed.pair(), (200, json!({"agent_ids": []})));
}

#[tokio::test]
async fn an_app_logs_in_until_it_is_disabled_or_has_another_secret() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let bot = administrator
        .post("/bots", &json!({"name": "Helper"}))
        .await
        .json()["id"]
        .clone();

    let made = administrator.post("/apps", &json!({"bot_id": bot})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mut body = made.json();
    let (id, secret) = (
        take(&mut body, "app_id", "qa_"),
        take(&mut body, "app_secret", "qs_"),
    );
    assert_eq!(body, json!({"id": 1, "bot_id": bot, "disabled_at": null}));
    let log_in = |secret: String| {
        let body = json!({"appId": id, "appSecret": secret});
        let app = &app;
        async move { app.post("/login", &body).await.status.as_u16() }
    };
    assert_eq!(log_in(secret.clone()).await, 200);

    let disabled = administrator
        .post("/apps/1/disable", &json!({}))
        .await
        .json();
    assert_eq!(disabled["disabled_at"], "2026-03-10T12:00:00Z");
    assert_eq!(log_in(secret.clone()).await, 409);
    let enabled = administrator
        .post("/apps/1/enable", &json!({}))
        .await
        .json();
    assert_eq!(enabled["disabled_at"], Value::Null);
    let mut changed = administrator
        .post("/apps/1/secret", &json!({}))
        .await
        .json();
    let another = take(&mut changed, "app_secret", "qs_");
    assert_eq!(log_in(secret).await, 400);
    assert_eq!(log_in(another).await, 200);

    let listed = administrator.get("/apps").await;
    let shown = json!({"id": 1, "bot_id": bot, "app_id": id, "disabled_at": null});
    assert_eq!(listed.pair(), (200, json!({"data": [shown]})));
    assert_eq!(administrator.get("/apps/1").await.pair(), (200, shown));
}

#[tokio::test]
async fn a_page_filter_is_made_listed_and_deleted() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let filter =
        json!({"id": 1, "name": "Prices", "pattern": "^https://.*/pricing", "match_type": "regex"});

    let new = json!({"name": "Prices", "pattern": "^https://.*/pricing", "match_type": "regex"});
    let made = administrator.post("/page-filters", &new).await;
    assert_eq!(made.pair(), (201, filter.clone()));
    let listed = administrator.get("/page-filters").await;
    assert_eq!(listed.pair(), (200, json!({"data": [filter]})));
    let deleted = administrator.delete("/page-filters/1").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let gone = administrator.delete("/page-filters/1").await;
    assert_eq!(
        gone.json()["detail"],
        "this account has no such page filter"
    );

    for (new, detail) in [
        (
            json!({"name": "a", "pattern": "(", "match_type": "regex"}),
            "pattern: is not a regular expression that the server takes",
        ),
        (
            json!({"name": "a", "pattern": "", "match_type": "like"}),
            "pattern: must have 1 to 2048 characters and no NUL",
        ),
        (
            json!({"name": "a", "pattern": "a", "match_type": "glob"}),
            "match_type: `glob` is none of like, equals, starts_with, ends_with, regex",
        ),
    ] {
        let refused = administrator.post("/page-filters", &new).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json()["detail"], detail);
    }
}
