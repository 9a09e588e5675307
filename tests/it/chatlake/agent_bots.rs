//! Bots and the systems behind them.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Caller, Office, contents};
use crate::app::TestApp;
use crate::receiver::Receiver;

const MISSING: &str = "Resource could not be found";

/// A bot's token and secret, taken out of an answer.
fn take(body: &mut Value) -> (String, String) {
    let mut text = |key: &str| body[key].take().as_str().unwrap_or_default().to_owned();
    (text("access_token"), text("secret"))
}

#[tokio::test]
async fn a_bot_is_made_changed_and_removed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({
        "name": "Robo", "description": "Answers", "outgoing_url": "https://robo.example.org/hook",
        "bot_type": "webhook", "bot_config": {"language": "en"}
    });
    let made = office.admin.post_once("k", "/agent_bots", &new).await;
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(
        office
            .admin
            .post_once("k", "/agent_bots", &new)
            .await
            .json(),
        made.json()
    );
    assert_eq!(office.admin.get("/agent_bots/1").await.json(), made.json());
    let mut made = made.json();
    let (token, secret) = take(&mut made);
    let mut expected = json!({
        "id": 1, "name": "Robo", "description": "Answers", "thumbnail": "",
        "outgoing_url": "https://robo.example.org/hook", "bot_type": "webhook", "bot_config": {"language": "en"},
        "account_id": office.account.0, "access_token": null, "secret": null, "system_bot": false
    });
    assert_eq!(made, expected);
    assert!(secret.starts_with("whsec_"), "{secret}");

    for method in [Method::PATCH, Method::PUT] {
        let patch = json!({"name": "Rob", "bot_config": {}});
        let mut changed = office
            .admin
            .call(method, "/agent_bots/1", &patch)
            .await
            .json();
        assert_eq!(take(&mut changed), (token.clone(), secret.clone()));
        expected["name"] = json!("Rob");
        expected["bot_config"] = json!({});
        assert_eq!(changed, expected);
    }
    let silenced = json!({"outgoing_url": null});
    let mut silenced = office
        .admin
        .call(Method::PATCH, "/agent_bots/1", &silenced)
        .await
        .json();
    assert_eq!(take(&mut silenced), (token.clone(), String::new()));
    assert_eq!(silenced["outgoing_url"], json!(null));

    let removed = office
        .admin
        .call(Method::DELETE, "/agent_bots/1", &json!({}))
        .await;
    assert_eq!((removed.status.as_u16(), removed.text()), (200, ""));
    assert_eq!(office.admin.get("/agent_bots/1").await.status, 404);
    assert_eq!(office.admin.get("/agent_bots").await.json(), json!([]));
    let bot = Caller {
        app: &app,
        account: office.account,
        token,
    };
    let refusal = json!({"error": "Invalid Access Token"});
    assert_eq!(bot.get("/conversations/1").await.pair(), (401, refusal));
}

#[tokio::test]
async fn a_bots_token_and_secret_are_the_administrators_and_can_be_reset() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let conversation = office.conversation("s").await;
    let new = json!({"name": "Robo", "outgoing_url": "https://robo.example.org/hook"});
    let mut made = office.admin.post("/agent_bots", &new).await.json();
    let mut seen = office.agent.get("/agent_bots").await.json();
    let (token, secret) = take(&mut made);
    for key in ["access_token", "secret"] {
        assert_eq!(seen[0].get(key), None);
        seen[0][key] = json!(null);
    }
    assert_eq!(seen, json!([made]));

    let path = format!("/conversations/{conversation}");
    let bot = |token: &str| Caller {
        app: &app,
        account: office.account,
        token: token.to_owned(),
    };
    assert_eq!(bot(&token).get(&path).await.status, 200);
    let mut reset = office
        .admin
        .post("/agent_bots/1/reset_access_token", &json!({}))
        .await
        .json();
    let (new_token, same) = take(&mut reset);
    assert_eq!((reset, same), (made.clone(), secret.clone()));
    assert_eq!(bot(&token).get(&path).await.status, 401);
    assert_eq!(bot(&new_token).get(&path).await.status, 200);
    let mut reset = office
        .admin
        .post("/agent_bots/1/reset_secret", &json!({}))
        .await
        .json();
    let (same, new_secret) = take(&mut reset);
    assert_eq!((reset, same), (made, new_token));
    assert_ne!(new_secret, secret);
}

#[tokio::test]
async fn a_bot_that_does_not_hold_is_refused_and_agents_change_none() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office
        .admin
        .post("/agent_bots", &json!({"name": "Robo"}))
        .await;
    for (body, message, attribute) in [
        (json!({"outgoing_url": ""}), "Name can't be blank", "name"),
        (
            json!({"name": "x", "outgoing_url": "smoke"}),
            "Outgoing url is invalid",
            "outgoing_url",
        ),
        (
            json!({"name": "x", "avatar_url": "smoke"}),
            "Avatar url is invalid",
            "avatar_url",
        ),
    ] {
        let expected = json!({"message": message, "attributes": [attribute]});
        assert_eq!(
            office.admin.post("/agent_bots", &body).await.pair(),
            (422, expected),
            "{body}"
        );
    }
    let unknown = office
        .admin
        .post("/agent_bots", &json!({"name": "x", "bot_type": "smoke"}))
        .await;
    assert_eq!(
        unknown.pair(),
        (422, json!({"error": "'smoke' is not a valid bot_type"}))
    );
    let refusal = (
        401,
        json!({"error": "You are not authorized to do this action"}),
    );
    for (method, path) in [
        (Method::POST, "/agent_bots"),
        (Method::PATCH, "/agent_bots/1"),
        (Method::PUT, "/agent_bots/1"),
        (Method::DELETE, "/agent_bots/1"),
        (Method::POST, "/agent_bots/1/reset_access_token"),
        (Method::POST, "/agent_bots/1/reset_secret"),
        (Method::POST, "/inboxes/1/set_agent_bot"),
    ] {
        let answer = office
            .agent
            .call(method.clone(), path, &json!({"name": "x"}))
            .await;
        assert_eq!(answer.pair(), refusal, "{method} {path}");
    }
    assert_eq!(office.agent.get("/agent_bots/1").await.status, 200);
}

#[tokio::test]
async fn a_bot_is_put_into_an_inbox_and_taken_out() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let made = office
        .admin
        .post("/agent_bots", &json!({"name": "Robo"}))
        .await
        .json();
    let path = format!("/inboxes/{}", office.inbox);
    let (get, set) = (format!("{path}/agent_bot"), format!("{path}/set_agent_bot"));
    assert_eq!(
        office.agent.get(&get).await.pair(),
        (200, json!({"agent_bot": {}}))
    );
    let answer = office.admin.post(&set, &json!({"agent_bot": 1})).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert_eq!(
        office.admin.get(&get).await.json(),
        json!({"agent_bot": made})
    );
    let conversation = office.conversation("s").await;
    let begun = office
        .admin
        .get(&format!("/conversations/{conversation}"))
        .await
        .json();
    assert_eq!(begun["status"], "pending");

    let other = Office::open(&app).await;
    let foreign = other
        .admin
        .post("/agent_bots", &json!({"name": "x"}))
        .await
        .json();
    for bot in [&foreign["id"], &json!(999)] {
        let answer = office.admin.post(&set, &json!({"agent_bot": bot})).await;
        assert_eq!(answer.pair(), (404, json!({"error": MISSING})));
    }
    assert_eq!(
        office
            .admin
            .post(&set, &json!({"agent_bot": null}))
            .await
            .status,
        200
    );
    assert_eq!(
        office.admin.get(&get).await.json(),
        json!({"agent_bot": {}})
    );
    assert_eq!(office.outsider.get(&get).await.status, 401);
}

#[tokio::test]
async fn a_conversation_whose_bot_fails_goes_to_the_agents_unless_the_account_waits() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer_by(|_| 410);
    let said = json!({"content": "Anybody?", "message_type": "incoming"});
    // One after the other, as whoever answers so is told nothing more.
    let status = async |source_id: &str| {
        let new = json!({"name": "Robo", "outgoing_url": receiver.url.as_str()});
        let bot = office.admin.post("/agent_bots", &new).await.json();
        let path = format!("/inboxes/{}/set_agent_bot", office.inbox);
        let bot = json!({"agent_bot": bot["id"]});
        assert_eq!(office.admin.post(&path, &bot).await.status, 200);
        let id = office.conversation(source_id).await;
        let path = format!("/conversations/{id}/messages");
        assert_eq!(office.admin.post(&path, &said).await.status, 200);
        app.drain_webhooks().await;
        let list = office.admin.get(&path).await.json();
        let notes = contents(&list)[1..].join(" ");
        let shown = office.admin.get(&format!("/conversations/{id}")).await;
        (shown.json()["status"].clone(), notes)
    };
    let opened = "System opened the conversation due to an error of its bot.";
    assert_eq!(status("a").await, (json!("open"), opened.to_owned()));
    let wait = json!({"keep_pending_on_bot_failure": true});
    assert_eq!(office.admin.patch("", &wait).await.status, 200);
    assert_eq!(status("b").await, (json!("pending"), String::new()));
}
