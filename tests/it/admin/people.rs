//! Agents and teams.

use axum::http::StatusCode;
use quartet::model::{Channel, Role};
use serde_json::json;

use super::Actor;
use crate::app::TestApp;

#[tokio::test]
async fn an_agent_is_added_shown_and_removed_with_its_tokens() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let jane = json!({
        "id": 1, "name": "Jane Doe", "display_name": "Jane", "email": "jane@example.org", "avatar_url": "",
        "role": "agent", "availability": "online", "is_back_office": true, "department": "Support", "teams": [],
        "created_at": "2026-03-10T12:00:00Z"
    });

    let new = json!({
        "name": "Jane Doe", "display_name": "Jane", "email": "Jane@Example.org", "role": "agent",
        "is_back_office": true, "department": "Support"
    });
    let made = administrator.post("/agents", &new).await;
    assert_eq!(made.pair(), (201, jane.clone()));
    assert_eq!(
        administrator.get("/agents/1").await.pair(),
        (200, jane.clone())
    );
    let listed = administrator.get("/agents").await;
    assert_eq!(listed.pair(), (200, json!({"data": [jane]})));

    let token = app.token(account, quartet::model::AgentId(1)).await;
    let profile = [("api_access_token", token.as_str())];
    let path = format!("/api/v1/accounts/{account}/conversations");
    let nothing = json!({});
    let asking = || app.send(axum::http::Method::GET, &path, &profile, &nothing);
    assert_eq!(asking().await.status, StatusCode::OK);
    let removed = administrator.delete("/agents/1").await;
    assert_eq!(
        (removed.status, removed.text()),
        (StatusCode::NO_CONTENT, "")
    );
    assert_eq!(asking().await.status, StatusCode::UNAUTHORIZED);
    for gone in [
        administrator.get("/agents/1").await,
        administrator.delete("/agents/1").await,
    ] {
        assert_eq!(gone.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn an_agent_gets_a_password() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let jane = app.agent(account, "Jane Doe", Role::Agent).await.id;
    let put = async |path: &str, body: serde_json::Value| {
        let put = axum::http::Method::PUT;
        administrator.send(put, path, &body).await.status
    };
    let path = format!("/agents/{jane}/password");
    let set = put(&path, json!({"password": "correct horse"})).await;
    assert_eq!(set, StatusCode::NO_CONTENT);
    let body = json!({"email": "jane.doe@example.org", "password": "correct horse"});
    let signed_in = app.post("/auth/sign_in", &body).await;
    assert_eq!(signed_in.status, StatusCode::OK);
    for body in [json!({"password": "short"}), json!({})] {
        assert_eq!(put(&path, body).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let body = json!({"password": "correct horse"});
    assert_eq!(
        put("/agents/99/password", body).await,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn the_operator_makes_lists_and_revokes_platform_apps() {
    let app = super::server().await;
    let operator = Actor::operator(&app);
    let made = operator
        .post("/platform-apps", &json!({"name": "Reseller"}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let listed = operator.get("/platform-apps").await;
    let one = json!({
        "id": 1, "name": "Reseller", "prefix": &token[..8], "revoked_at": null,
        "created_at": "2026-03-10T12:00:00Z"
    });
    assert_eq!(listed.pair(), (200, json!({"data": [one]})));
    let revoked = operator.delete("/platform-apps/1").await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    let unknown = operator.delete("/platform-apps/2").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn agents_join_a_team_and_leave_it() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let john = app
        .agent(account, "John Doe", Role::Administrator)
        .await
        .id
        .0;
    let jane = app.agent(account, "Jane Doe", Role::Agent).await.id.0;
    let team = |agents: &[i64]| json!({"id": 1, "name": "sales", "description": null, "allow_auto_assign": true, "agent_ids": agents});

    let joined = administrator
        .post(
            "/teams",
            &json!({"name": "Sales", "agent_ids": [john, jane, jane]}),
        )
        .await;
    assert_eq!(joined.pair(), (200, team(&[john, jane])));
    let agent = administrator.get(&format!("/agents/{jane}")).await.json();
    assert_eq!(agent["teams"], json!(["sales"]));
    for _ in 0..2 {
        let left = administrator
            .delete(&format!("/teams/1/members/{jane}"))
            .await;
        assert_eq!(left.status, StatusCode::NO_CONTENT);
    }
    let listed = administrator.get("/teams").await;
    assert_eq!(listed.pair(), (200, json!({"data": [team(&[john])]})));
}

#[tokio::test]
async fn a_team_takes_none_if_one_of_them_is_not_the_accounts() {
    let app = TestApp::start().await;
    let (account, other) = (app.account().await, app.account().await);
    let administrator = Actor::administrator(&app, account).await;
    let jane = app.agent(account, "Jane Doe", Role::Agent).await.id.0;
    let stranger = app.agent(other, "Max Roe", Role::Agent).await.id.0;

    let joining = json!({"name": "sales", "agent_ids": [jane, stranger]});
    let refused = administrator.post("/teams", &joining).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let teams = administrator.get("/teams").await;
    assert_eq!(teams.pair(), (200, json!({"data": []})));
    for path in ["/teams/1/members/1", "/teams/x/members/1"] {
        assert_eq!(
            administrator.delete(path).await.status,
            StatusCode::NOT_FOUND
        );
    }
}

#[tokio::test]
async fn a_removed_agent_joins_nothing() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let administrator = Actor::administrator(&app, account).await;
    let jane = app.agent(account, "Jane Doe", Role::Agent).await.id.0;
    let inbox = app.inbox(account, Channel::General).await.id;
    let members = format!("/inboxes/{inbox}/members");
    administrator
        .post(&members, &json!({"agent_ids": [jane]}))
        .await;
    administrator.delete(&format!("/agents/{jane}")).await;

    let listed = administrator.get(&members).await;
    assert_eq!(listed.pair(), (200, json!({"agent_ids": []})));
    for (path, body) in [
        (members.as_str(), json!({"agent_ids": [jane]})),
        ("/teams", json!({"name": "sales", "agent_ids": [jane]})),
        (
            "/keys",
            json!({"name": "k", "scopes": ["chatlake"], "agent_id": jane}),
        ),
    ] {
        let refused = administrator.post(path, &body).await;
        assert_eq!(
            refused.json()["detail"],
            "this account has no such agent",
            "{path}"
        );
    }
}
