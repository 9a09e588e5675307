//! Accounts and the keys that open them.

use axum::http::StatusCode;
use quartet::model::{Role, Scope};
use serde_json::json;

use super::{Actor, server, take};
use crate::app::TestApp;

#[tokio::test]
async fn the_operator_makes_an_account_and_its_first_key_which_opens_it() {
    let app = server().await;
    let operator = Actor::operator(&app);
    let acme = json!({
        "id": 1, "name": "Acme", "status": "active", "locale": "en", "created_at": "2026-03-10T12:00:00Z"
    });

    let made = operator.post("/accounts", &json!({"name": " Acme "})).await;
    assert_eq!(made.pair(), (201, acme.clone()));
    assert_eq!(
        operator.get("/accounts/1").await.pair(),
        (200, acme.clone())
    );
    let listed = operator.get("/accounts").await;
    assert_eq!(listed.pair(), (200, json!({"data": [acme]})));

    let new = json!({"name": "first", "scopes": ["admin", "imbox", "admin"]});
    let made = operator.post("/accounts/1/keys", &new).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mut key = made.json();
    let text = take(&mut key, "key", "qk_");
    assert_eq!(
        key,
        json!({"id": 1, "name": "first", "scopes": ["admin", "imbox"], "agent_id": null, "bot_id": null})
    );
    let own = Actor::with(&app, &text).get("/account").await;
    assert_eq!(own.pair(), (200, acme));
}

#[tokio::test]
async fn a_suspended_account_is_shut_until_it_is_activated() {
    let app = server().await;
    let account = app.account().await;
    let operator = Actor::operator(&app);
    let administrator = Actor::administrator(&app, account).await;

    let suspended = operator.post("/accounts/1/suspend", &json!({})).await;
    assert_eq!(suspended.json()["status"], "suspended");
    let refused = administrator.get("/agents").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.json()["detail"], "this account is suspended");

    let activated = operator.post("/accounts/1/activate", &json!({})).await;
    assert_eq!(activated.json()["status"], "active");
    assert_eq!(administrator.get("/agents").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_account_that_nobody_made_is_not_found() {
    let app = server().await;
    let operator = Actor::operator(&app);
    let new = json!({"name": "k", "scopes": ["admin"]});
    for answer in [
        operator.get("/accounts/7").await,
        operator.post("/accounts/7/suspend", &json!({})).await,
        operator.post("/accounts/7/activate", &json!({})).await,
        operator.post("/accounts/7/keys", &new).await,
    ] {
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.json()["detail"], "this account has no such account");
    }
}

#[tokio::test]
async fn a_key_is_shown_once_listed_by_its_beginning_and_ends_when_revoked() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;

    let new = json!({"name": "reports", "scopes": ["imbox"]});
    let mut made = administrator.post("/keys", &new).await.json();
    let text = take(&mut made, "key", "qk_");
    let listed = administrator.get("/keys").await;
    assert!(!listed.text().contains(&text));
    assert_eq!(
        listed.json()["data"][0],
        json!({
            "id": 2, "name": "reports", "prefix": &text[..8], "scopes": ["imbox"], "agent_id": null, "bot_id": null,
            "revoked_at": null, "created_at": "2026-03-10T12:00:00Z"
        })
    );

    let grab = format!("/message/grabAgents/{text}/{account}");
    assert_eq!(app.get(&grab).await.status, StatusCode::OK);
    for _ in 0..2 {
        let revoked = administrator.delete("/keys/2").await;
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(app.get(&grab).await.status, StatusCode::UNAUTHORIZED);
    let listed = administrator.get("/keys").await.json();
    assert_eq!(listed["data"][0]["revoked_at"], "2026-03-10T12:00:00Z");
}

#[tokio::test]
async fn an_agents_token_opens_chatlake_and_nothing_else() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let jane = app.agent(account, "Jane Doe", Role::Agent).await.id.0;

    let new = json!({"name": "Jane", "scopes": ["chatlake"], "agent_id": jane});
    let mut made = administrator.post("/keys", &new).await.json();
    take(&mut made, "key", "qk_");
    assert_eq!(made["agent_id"], jane);

    let speaks = "a key that speaks for an agent or a bot has the scope chatlake alone";
    let needs = "a key with the scope chatlake speaks for an agent or a bot";
    for (new, detail) in [
        (
            json!({"name": "k", "scopes": ["admin"], "agent_id": jane}),
            speaks,
        ),
        (
            json!({"name": "k", "scopes": ["chatlake", "admin"], "agent_id": jane}),
            speaks,
        ),
        (json!({"name": "k", "scopes": ["chatlake"]}), needs),
        (
            json!({"name": "k", "scopes": ["chatlake"], "agent_id": jane, "bot_id": 1}),
            "a key speaks for an agent or for a bot, not for both",
        ),
        (
            json!({"name": "k", "scopes": ["chatlake"], "agent_id": 999}),
            "this account has no such agent",
        ),
        (
            json!({"name": "k", "scopes": ["chatlake"], "bot_id": 999}),
            "this account has no such bot",
        ),
        (
            json!({"name": "k", "scopes": []}),
            "scopes: a key opens at least one API",
        ),
        (
            json!({"name": "k", "scopes": ["root"]}),
            "scopes: `root` is none of instabot, imbox, chatlake, admin",
        ),
    ] {
        let refused = administrator.post("/keys", &new).await;
        assert_eq!(refused.json()["detail"], detail, "{new}");
    }
    let listed = administrator.get("/keys").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_without_the_scope_and_an_agents_token_are_refused() {
    let app = server().await;
    let account = app.account().await;
    let weak = app.key(account, &[Scope::Instabot, Scope::Imbox]).await;
    let jane = app.agent(account, "Jane Doe", Role::Administrator).await;
    let token = app.token(account, jane.id).await;
    for credential in [weak, token] {
        let refused = Actor::with(&app, &credential).get("/agents").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(
            refused.json()["detail"],
            "this key does not have the scope admin"
        );
    }
}

#[tokio::test]
async fn neither_the_operator_nor_an_administrator_does_the_others_work() {
    let app = server().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    for answer in [
        administrator.get("/accounts").await,
        administrator.get("/accounts/1").await,
        administrator
            .post("/accounts", &json!({"name": "Mine"}))
            .await,
        administrator.post("/accounts/1/suspend", &json!({})).await,
        Actor::operator(&app).get("/account").await,
        Actor::operator(&app).get("/keys").await,
    ] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn without_a_configured_token_nobody_is_the_operator() {
    let app = TestApp::start().await;
    let answer = Actor::operator(&app).get("/accounts").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
