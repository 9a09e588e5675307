//! What every route refuses.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use quartet::model::{Channel, Role};
use serde_json::{Value, json};

use super::{Actor, server};
use crate::app::TestApp;

/// Every route, with ids that an account may have.
const ROUTES: &[(Method, &str)] = &[
    (Method::POST, "/accounts"),
    (Method::GET, "/accounts"),
    (Method::GET, "/accounts/1"),
    (Method::POST, "/accounts/1/suspend"),
    (Method::POST, "/accounts/1/activate"),
    (Method::POST, "/accounts/1/keys"),
    (Method::GET, "/account"),
    (Method::POST, "/agents"),
    (Method::GET, "/agents"),
    (Method::GET, "/agents/1"),
    (Method::DELETE, "/agents/1"),
    (Method::POST, "/teams"),
    (Method::GET, "/teams"),
    (Method::DELETE, "/teams/1/members/1"),
    (Method::POST, "/keys"),
    (Method::GET, "/keys"),
    (Method::DELETE, "/keys/1"),
    (Method::POST, "/inboxes"),
    (Method::GET, "/inboxes"),
    (Method::GET, "/inboxes/1"),
    (Method::POST, "/inboxes/1/members"),
    (Method::GET, "/inboxes/1/members"),
    (Method::DELETE, "/inboxes/1/members/1"),
    (Method::POST, "/bots"),
    (Method::GET, "/bots"),
    (Method::GET, "/bots/1"),
    (Method::PUT, "/bots/1/flow"),
    (Method::GET, "/bots/1/flow"),
    (Method::GET, "/bots/1/dialogflow-keys"),
    (Method::PUT, "/bots/1/dialogflow-keys/main"),
    (Method::DELETE, "/bots/1/dialogflow-keys/main"),
    (Method::GET, "/bots/1/plugin-secret"),
    (Method::POST, "/bots/1/plugin-secret"),
    (Method::POST, "/flows/check"),
    (Method::POST, "/apps"),
    (Method::GET, "/apps"),
    (Method::GET, "/apps/1"),
    (Method::POST, "/apps/1/disable"),
    (Method::POST, "/apps/1/enable"),
    (Method::POST, "/apps/1/secret"),
    (Method::POST, "/page-filters"),
    (Method::GET, "/page-filters"),
    (Method::DELETE, "/page-filters/1"),
];

#[tokio::test]
async fn every_route_refuses_strangers_before_it_looks_at_anything_else() {
    let app = server().await;
    for (method, path) in ROUTES {
        for headers in [
            &[][..],
            &[("authorization", "Bearer qk_unknown")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic YTpi")],
        ] {
            let path = format!("/admin/v1{path}");
            let body = json!({"unknown": 1});
            let refused = app.send(method.clone(), &path, headers, &body).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
            assert_eq!(
                refused.header("content-type"),
                Some("application/problem+json")
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_is_a_problem_document_with_the_requests_id() {
    let app = TestApp::start().await;
    let headers = [("x-request-id", "r-1")];
    let refused = app
        .send(Method::GET, "/admin/v1/keys", &headers, &Value::Null)
        .await;
    assert_eq!(
        refused.pair(),
        (
            401,
            json!({
                "type": "about:blank", "title": "Unauthorized", "status": 401,
                "detail": "a bearer token with the scope admin is needed", "request_id": "r-1"
            })
        )
    );
}

/// Calls on rows of one account: an agent, somebody else's agent, an inbox, a bot.
fn calls_on([agent, theirs, inbox]: [i64; 3], bot: &Value) -> Vec<(Method, String, Value)> {
    vec![
        (Method::GET, format!("/agents/{agent}"), json!({})),
        (Method::DELETE, format!("/agents/{agent}"), json!({})),
        (
            Method::DELETE,
            format!("/teams/1/members/{theirs}"),
            json!({}),
        ),
        (Method::DELETE, "/keys/1".to_owned(), json!({})),
        (Method::GET, format!("/inboxes/{inbox}"), json!({})),
        (Method::GET, format!("/inboxes/{inbox}/members"), json!({})),
        (
            Method::POST,
            format!("/inboxes/{inbox}/members"),
            json!({"agent_ids": [theirs]}),
        ),
        (
            Method::DELETE,
            format!("/inboxes/{inbox}/members/{theirs}"),
            json!({}),
        ),
        (Method::GET, format!("/bots/{bot}"), json!({})),
        (Method::GET, format!("/bots/{bot}/flow"), json!({})),
        (Method::PUT, format!("/bots/{bot}/flow"), json!({})),
        (Method::POST, "/apps".to_owned(), json!({"bot_id": bot})),
        (Method::GET, "/apps/1".to_owned(), json!({})),
        (Method::POST, "/apps/1/disable".to_owned(), json!({})),
        (Method::POST, "/apps/1/enable".to_owned(), json!({})),
        (Method::POST, "/apps/1/secret".to_owned(), json!({})),
        (Method::DELETE, "/page-filters/1".to_owned(), json!({})),
        (
            Method::POST,
            "/inboxes".to_owned(),
            json!({"name": "a", "channel": "sms", "bot_id": bot}),
        ),
        (
            Method::POST,
            "/keys".to_owned(),
            json!({"name": "a", "scopes": ["chatlake"], "agent_id": agent}),
        ),
    ]
}

#[tokio::test]
async fn the_rows_of_another_account_are_not_found() {
    let app = TestApp::start().await;
    let (account, other) = (app.account().await, app.account().await);
    let owner = Actor::administrator(&app, account).await;
    let stranger = Actor::administrator(&app, other).await;
    let agent = app.agent(account, "Jane Doe", Role::Agent).await.id.0;
    let theirs = app.agent(other, "Max Roe", Role::Agent).await.id.0;
    let inbox = app.inbox(account, Channel::General).await.id.0;
    let bot = owner.post("/bots", &json!({"name": "Helper"})).await.json()["id"].clone();
    owner.post("/apps", &json!({"bot_id": bot})).await;
    owner
        .post("/teams", &json!({"name": "sales", "agent_ids": [agent]}))
        .await;
    owner
        .post(
            "/page-filters",
            &json!({"name": "a", "pattern": "a", "match_type": "like"}),
        )
        .await;

    for (method, path, body) in calls_on([agent, theirs, inbox], &bot) {
        let refused = stranger.send(method.clone(), &path, &body).await;
        assert_eq!(
            refused.status,
            StatusCode::NOT_FOUND,
            "{method} {path}: {}",
            refused.text()
        );
    }
    for path in ["/agents", "/inboxes", "/keys"] {
        let listed = stranger.get(path).await.json();
        assert!(listed["data"].as_array().unwrap().len() <= 1, "{listed}");
    }
    for path in ["/bots", "/apps", "/teams", "/page-filters"] {
        assert_eq!(
            stranger.get(path).await.json(),
            json!({"data": []}),
            "{path}"
        );
    }
    assert_eq!(
        owner.get("/keys").await.json()["data"][0]["revoked_at"],
        Value::Null
    );
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused_with_its_place_and_stores_nothing() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    let agent = |field: &str, value: Value| {
        let mut new = json!({"name": "Jane", "email": "jane@example.org", "role": "agent"});
        new[field] = value;
        new
    };
    for (body, detail) in [
        (
            json!({"email": "jane@example.org", "role": "agent"}),
            "missing field `name`",
        ),
        (json!([]), "an object is expected"),
        (
            agent("name", json!(7)),
            "name: invalid type: integer `7`, expected a string",
        ),
        (
            agent("name", json!(" ")),
            "name: must have 1 to 255 characters, none of them a control character",
        ),
        (
            agent("name", json!("a".repeat(256))),
            "name: must have 1 to 255 characters, none of them a control character",
        ),
        (
            agent("name", json!("a\0")),
            "text must not contain the NUL character",
        ),
        (
            agent("email", json!("jane")),
            "email: is not an e-mail address",
        ),
        (
            agent("role", json!("owner")),
            "role: `owner` is none of administrator, agent",
        ),
        (
            agent("avatar_url", json!("javascript:alert(1)")),
            "avatar_url: must be an http or https URL of at most 2048 characters",
        ),
        (
            agent("is_back_office", json!("yes")),
            "is_back_office: invalid type: string \"yes\", expected a boolean",
        ),
    ] {
        let refused = administrator.post("/agents", &body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(refused.json()["detail"], detail);
    }
    let unknown = administrator
        .post("/agents", &agent("nmae", json!("Jane")))
        .await;
    assert!(
        unknown.json()["detail"]
            .as_str()
            .unwrap()
            .contains("unknown field `nmae`")
    );
    assert_eq!(
        administrator.get("/agents").await.json(),
        json!({"data": []})
    );
}

#[tokio::test]
async fn an_inbox_that_does_not_fit_is_refused_and_not_stored() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    for new in [
        json!({"name": "a", "channel": "fax"}),
        json!({"name": "a", "channel": "general", "webhook_url": "ftp://example.org"}),
        json!({"name": "a", "channel": "general", "greeting": "a\0"}),
        json!({"name": "a", "channel": "general", "bot_id": "1"}),
        json!({"name": "a", "channel": "general", "bot_id": 9_223_372_036_854_775_808_u64}),
    ] {
        let refused = administrator.post("/inboxes", &new).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{new}");
    }
    assert_eq!(
        administrator.get("/inboxes").await.json(),
        json!({"data": []})
    );
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let app = TestApp::start().await;
    let key = app
        .key(app.account().await, &[quartet::model::Scope::Admin])
        .await;
    let post = |kind: &'static str, body: Vec<u8>| {
        let request = Request::post("/admin/v1/bots")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        app.call(request)
    };
    let json = "application/json";
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(129), "]".repeat(129)).into_bytes();
    for (kind, body, status) in [
        (json, b"{".to_vec(), 400),
        (json, b"".to_vec(), 400),
        (json, b"{\"name\":\"\xff\"}".to_vec(), 400),
        (json, deep, 400),
        (json, vec![b' '; 1_048_577], 413),
        ("text/plain", b"{\"name\":\"a\"}".to_vec(), 415),
    ] {
        let refused = post(kind, body).await;
        assert_eq!(refused.status.as_u16(), status);
        assert_eq!(refused.json()["status"], status);
    }
}

#[tokio::test]
async fn unknown_paths_wrong_methods_and_ids_that_are_none_are_refused_in_the_same_shape() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    for (method, path, status) in [
        (Method::GET, "/nothing", 404),
        (Method::GET, "/agents/x", 404),
        (Method::GET, "/agents/9223372036854775808", 404),
        (Method::GET, "/agents/-1", 404),
        (Method::PATCH, "/agents", 405),
        (Method::GET, "/agents/%00", 400),
    ] {
        let refused = administrator.send(method, path, &json!({})).await;
        assert_eq!(refused.status.as_u16(), status, "{path}");
        assert_eq!(
            refused.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(refused.json()["status"], status);
    }
}

#[tokio::test]
async fn the_same_routes_are_served_below_the_servers_own_name() {
    let app = TestApp::start().await;
    let key = app
        .key(app.account().await, &[quartet::model::Scope::Admin])
        .await;
    let headers = [("authorization", format!("bearer {key}"))];
    let headers = [(headers[0].0, headers[0].1.as_str())];
    let path = "/quartet/admin/v1/account";
    let answer = app.send(Method::GET, path, &headers, &Value::Null).await;
    assert_eq!(answer.json()["name"], "Acme");
}

#[tokio::test]
async fn a_database_that_is_away_is_no_fault_of_the_client() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    app.store().close().await;
    let refused = administrator.get("/agents").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        refused.json()["detail"],
        "the database does not answer; try again"
    );
}
