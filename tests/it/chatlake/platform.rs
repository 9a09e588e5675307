//! Programs that make accounts and users for others.

use axum::http::Method;
use chrono::TimeDelta;
use quartet::store;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Office;
use super::sessions::sign_in;
use crate::app::{Answer, TestApp};

/// A platform app.
pub(super) struct Reseller<'a> {
    app: &'a TestApp,
    token: String,
}

impl<'a> Reseller<'a> {
    pub(super) async fn new(app: &'a TestApp) -> Self {
        let made = store::platform_apps::create(app.store(), "Reseller".to_owned(), app.now());
        let (_, token) = made.await.unwrap();
        Self {
            app,
            token: token.expose_secret().to_owned(),
        }
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [("api_access_token", self.token.as_str())];
        let path = format!("/platform/api/v1{path}");
        self.app.send(method, &path, &headers, body).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &json!({})).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &json!({})).await
    }

    async fn account(&self) -> i64 {
        let body = json!({"name": "Tenant"});
        self.post("/accounts", &body).await.json()["id"]
            .as_i64()
            .unwrap()
    }

    async fn user(&self, email: &str) -> i64 {
        let body = json!({"name": "Ann", "email": email, "password": "correct horse"});
        self.post("/users", &body).await.json()["id"]
            .as_i64()
            .unwrap()
    }

    /// An account with a user in it, who has a token.
    async fn tenant(&self, email: &str) -> (i64, i64, String) {
        let (account, user) = (self.account().await, self.user(email).await);
        let body = json!({"user_id": user, "role": "administrator"});
        let path = format!("/accounts/{account}/account_users");
        self.post(&path, &body).await;
        let path = format!("/users/{user}/token");
        let token = self.post(&path, &json!({})).await.json();
        let token = token["access_token"].as_str().unwrap().to_owned();
        (account, user, token)
    }
}

async fn with_token(app: &TestApp, path: &str, token: &str) -> Answer {
    let headers = [("api_access_token", token)];
    app.send(Method::GET, path, &headers, &json!({})).await
}

pub(super) fn not_permissible() -> (u16, Value) {
    (401, json!({"error": "Non permissible resource"}))
}

#[tokio::test]
async fn only_a_platform_apps_token_opens_the_platform() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let reseller = Reseller::new(&app).await;
    let unknown = json!({"error": "Invalid access_token"});
    for token in ["", "nonsense", "qp_nonsense", &office.admin.token] {
        let answer = with_token(&app, "/platform/api/v1/accounts", token).await;
        assert_eq!(answer.pair(), (401, unknown.clone()), "{token}");
    }
    assert_eq!(reseller.get("/accounts").await.pair(), (200, json!([])));
    let id = store::platform_apps::list(app.store()).await.unwrap()[0].id;
    store::platform_apps::revoke(app.store(), id, app.now())
        .await
        .unwrap();
    assert_eq!(reseller.get("/accounts").await.pair(), (401, unknown));
}

#[tokio::test]
async fn a_platform_apps_token_opens_nothing_else() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let reseller = Reseller::new(&app).await;
    let closed = json!({"error": "Access to this endpoint is not authorized for bots"});
    let denied = json!({"error": "You are not authorized to access this account"});
    for (path, refusal) in [
        (office.admin.path("/inboxes"), &closed),
        (office.admin.path("/agents"), &closed),
        ("/api/v1/profile".to_owned(), &closed),
        (office.admin.path("/conversations/1"), &denied),
    ] {
        let answer = with_token(&app, &path, &reseller.token).await;
        assert_eq!(answer.pair(), (401, refusal.clone()), "{path}");
    }
}

#[tokio::test]
async fn an_app_makes_shows_and_changes_accounts() {
    let app = TestApp::start().await;
    let reseller = Reseller::new(&app).await;
    let body = json!({
        "name": "Tenant", "locale": "sv", "domain": "t.example", "support_email": "help@t.example",
        "custom_attributes": {"plan": "big"}, "features": {"labels": false, "extra": true}, "limits": {"agents": 3}
    });
    let made = reseller.post("/accounts", &body).await;
    let id = made.json()["id"].as_i64().unwrap();
    let expected = json!({
        "id": id, "name": "Tenant", "locale": "sv", "domain": "t.example", "support_email": "help@t.example",
        "features": {
            "agent_bots": true, "agent_management": true, "canned_responses": true, "custom_attributes": true,
            "extra": true, "inbox_management": true, "reports": true, "team_management": true
        },
        "custom_attributes": {"plan": "big"}, "limits": {}, "status": "active",
        "created_at": "2026-03-10T12:00:00.000Z"
    });
    assert_eq!(made.pair(), (200, expected.clone()));
    let path = format!("/accounts/{id}");
    assert_eq!(reseller.get(&path).await.pair(), (200, expected.clone()));
    assert_eq!(
        reseller.get("/accounts").await.pair(),
        (200, json!([expected]))
    );
    let body = json!({"name": "Tenant 2", "status": "suspended"});
    for method in [Method::PUT, Method::PATCH] {
        let changed = reseller.send(method, &path, &body).await.json();
        assert_eq!(changed["name"], "Tenant 2");
        assert_eq!(changed["status"], "suspended");
        assert_eq!(changed["custom_attributes"], json!({"plan": "big"}));
    }
    let blank = json!({"message": "Name can't be blank", "attributes": ["name"]});
    assert_eq!(
        reseller.post("/accounts", &json!({})).await.pair(),
        (422, blank)
    );
    let status = json!({"error": "'shut' is not a valid status"});
    let body = json!({"name": "x", "status": "shut"});
    assert_eq!(
        reseller.post("/accounts", &body).await.pair(),
        (422, status)
    );
}

#[tokio::test]
async fn nothing_reaches_a_removed_account() {
    let app = TestApp::start().await;
    let reseller = Reseller::new(&app).await;
    let (account, user, token) = reseller.tenant("ann@example.org").await;
    let inboxes = format!("/api/v1/accounts/{account}/inboxes");
    let id = quartet::model::AccountId(account);
    let of_account = app.token(id, quartet::model::AgentId(user)).await;
    let admin_key = app.key(id, &[quartet::model::Scope::Admin]).await;
    for token in [&token, &of_account] {
        assert_eq!(with_token(&app, &inboxes, token).await.status, 200);
    }
    let path = format!("/accounts/{account}");
    let gone = reseller.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (200, ""));
    let missing = json!({"error": "Resource could not be found"});
    let answer = with_token(&app, &inboxes, &token).await;
    assert_eq!(answer.pair(), (404, missing.clone()));
    let unknown = json!({"error": "Invalid Access Token"});
    let answer = with_token(&app, &inboxes, &of_account).await;
    assert_eq!(answer.pair(), (401, unknown));
    let bearer = format!("Bearer {admin_key}");
    let headers = [("authorization", bearer.as_str())];
    let path = "/admin/v1/account";
    let answer = app.send(Method::GET, path, &headers, &json!({})).await;
    assert_eq!(answer.status, 401);
    let profile = with_token(&app, "/api/v1/profile", &token).await.json();
    assert_eq!(profile["accounts"], json!([]));
    for path in ["", "/account_users"] {
        let path = format!("/accounts/{account}{path}");
        assert_eq!(reseller.get(&path).await.pair(), (404, missing.clone()));
    }
    let set = store::accounts::set_status(
        app.store(),
        id,
        quartet::model::AccountStatus::Active,
        app.now(),
    );
    assert!(set.await.is_err(), "it does not come back");
}

#[tokio::test]
async fn an_app_makes_users_who_sign_in() {
    let app = TestApp::start().await;
    let reseller = Reseller::new(&app).await;
    let account = reseller.account().await;
    let body = json!({
        "name": "Ann", "display_name": "Annie", "email": "Ann@Example.org", "password": "correct horse",
        "custom_attributes": {"phone": "1"}
    });
    let made = reseller.post("/users", &body).await.json();
    let user = made["id"].as_i64().unwrap();
    assert_eq!(made["email"], "ann@example.org");
    assert_eq!(made["display_name"], "Annie");
    assert_eq!(made["custom_attributes"], json!({"phone": "1"}));
    assert_eq!(made["accounts"], json!([]));
    let again = reseller.post("/users", &body).await.json();
    assert_eq!(again["id"], user, "whom it made already");
    let body = json!({"user_id": user, "role": "administrator"});
    let path = format!("/accounts/{account}/account_users");
    let place = reseller.post(&path, &body).await;
    let expected = json!({
        "id": user, "account_id": account, "user_id": user, "role": "administrator", "inviter_id": null,
        "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z", "active_at": null,
        "availability": "online", "auto_offline": true, "custom_role_id": null, "agent_capacity_policy_id": null
    });
    assert_eq!(place.pair(), (200, expected.clone()));
    assert_eq!(reseller.get(&path).await.pair(), (200, json!([expected])));
    let session = sign_in(&app, "ann@example.org", "correct horse").await;
    let inboxes = format!("/api/v1/accounts/{account}/inboxes");
    assert_eq!(session.get(&inboxes).await.status, 200);
    let role = reseller
        .post(&path, &json!({"user_id": user, "role": "agent"}))
        .await
        .json();
    assert_eq!(role["role"], "agent");
    for _ in 0..2 {
        let out = reseller
            .send(Method::DELETE, &path, &json!({"user_id": user}))
            .await;
        assert_eq!((out.status.as_u16(), out.text()), (200, ""));
    }
    assert_eq!(session.get(&inboxes).await.status, 401);
}

#[tokio::test]
async fn a_user_is_changed_and_removed() {
    let app = TestApp::start().await;
    let reseller = Reseller::new(&app).await;
    let (account, user, token) = reseller.tenant("ann@example.org").await;
    let path = format!("/users/{user}");
    let body = json!({"name": "Anna", "email": "anna@example.org", "password": "another horse"});
    let changed = reseller.send(Method::PATCH, &path, &body).await.json();
    assert_eq!(changed["name"], "Anna");
    assert_eq!(changed["email"], "anna@example.org");
    let inboxes = format!("/api/v1/accounts/{account}/inboxes");
    assert_eq!(with_token(&app, &inboxes, &token).await.status, 401);
    let session = sign_in(&app, "anna@example.org", "another horse").await;
    assert_eq!(session.get(&inboxes).await.status, 200);
    assert_eq!(reseller.get(&path).await.json()["id"], user);
    let gone = reseller.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (200, ""));
    assert_eq!(session.get("/api/v1/profile").await.status, 401);
    let missing = json!({"error": "Resource could not be found"});
    assert_eq!(reseller.get(&path).await.pair(), (404, missing));
    let users = reseller
        .get(&format!("/accounts/{account}/account_users"))
        .await;
    assert_eq!(users.json(), json!([]));
    assert_ne!(reseller.user("anna@example.org").await, user);
    let body = json!({"email": "nobody", "password": "short"});
    let expected = json!({
        "message": "Email is invalid, Password is too short (minimum is 8 characters)",
        "attributes": ["email", "password"]
    });
    assert_eq!(reseller.post("/users", &body).await.pair(), (422, expected));
    let blank = json!({"message": "Email can't be blank", "attributes": ["email"]});
    let body = json!({"name": "x"});
    assert_eq!(reseller.post("/users", &body).await.pair(), (422, blank));
}

#[tokio::test]
async fn a_users_token_and_sign_in_link_are_handed_out() {
    let app = TestApp::with("[http]\npublic_url = \"https://chat.example.com/\"\n").await;
    let reseller = Reseller::new(&app).await;
    let user = reseller.user("ann@example.org").await;
    let path = format!("/users/{user}/token");
    let mut token = reseller.post(&path, &json!({})).await.json();
    let text = token["access_token"].as_str().unwrap();
    assert_eq!(with_token(&app, "/api/v1/profile", text).await.status, 200);
    token["access_token"] = json!("…");
    token["user"]["pubsub_token"] = json!("…");
    let expected = json!({
        "access_token": "…", "expiry": null,
        "user": {
            "id": user, "name": "Ann", "display_name": null, "email": "ann@example.org", "pubsub_token": "…"
        }
    });
    assert_eq!(token, expected);
    let link = reseller.get(&format!("/users/{user}/login")).await.json();
    let url = url::Url::parse(link["url"].as_str().unwrap()).unwrap();
    assert!(
        url.as_str()
            .starts_with("https://chat.example.com/app/login?email=")
    );
    let fields: std::collections::HashMap<_, _> = url.query_pairs().collect();
    let body = json!({"email": fields["email"], "sso_auth_token": fields["sso_auth_token"]});
    assert_eq!(app.post("/auth/sign_in", &body).await.status, 200);
}

#[tokio::test]
async fn an_app_reaches_only_what_it_made() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (one, other) = (Reseller::new(&app).await, Reseller::new(&app).await);
    let (account, user, _) = one.tenant("ann@example.org").await;
    let strangers = [
        ("/accounts", account),
        ("/accounts", office.account.0),
        ("/users", user),
        ("/users", office.john.id.0),
    ];
    for (collection, id) in strangers {
        let path = format!("{collection}/{id}");
        for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
            let answer = other.send(method.clone(), &path, &json!({})).await;
            assert_eq!(answer.pair(), not_permissible(), "{method} {path}");
        }
    }
    let login = other.get(&format!("/users/{user}/login")).await;
    assert_eq!(login.pair(), not_permissible());
    let path = format!("/users/{user}/token");
    assert_eq!(
        other.post(&path, &json!({})).await.pair(),
        not_permissible()
    );
    // Neither can it bring somebody into its account whom it has not made, nor take their address.
    let theirs = other.account().await;
    let path = format!("/accounts/{theirs}/account_users");
    for stranger in [user, office.john.id.0] {
        let answer = other.post(&path, &json!({"user_id": stranger})).await;
        assert_eq!(answer.pair(), not_permissible());
    }
    let taken = json!({"message": "Email has already been taken", "attributes": ["email"]});
    for email in ["ann@example.org", &office.john.email] {
        let answer = other.post("/users", &json!({"email": email})).await;
        assert_eq!(answer.pair(), (422, taken.clone()));
    }
    let missing = json!({"error": "Resource could not be found"});
    for path in ["/accounts/999", "/users/999", "/accounts/x"] {
        assert_eq!(other.get(path).await.pair(), (404, missing.clone()));
    }
    let nobody = json!({"message": "User must exist", "attributes": ["user"]});
    let answer = other.post(&path, &json!({})).await;
    assert_eq!(answer.pair(), (422, nobody));
}

#[tokio::test]
async fn an_account_that_adds_a_platforms_user_is_not_open_to_the_platform() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let reseller = Reseller::new(&app).await;
    let (account, user, token) = reseller.tenant("boss@example.org").await;
    app.advance(TimeDelta::seconds(1));
    let invited = json!({"email": "boss@example.org", "role": "administrator"});
    office.admin.post("/agents", &invited).await;
    let own = format!("/api/v1/accounts/{account}/inboxes");
    assert_eq!(with_token(&app, &own, &token).await.status, 200);
    let denied = json!({"error": "You are not authorized to access this account"});
    let path = office.admin.path("/inboxes");
    assert_eq!(
        with_token(&app, &path, &token).await.pair(),
        (401, denied.clone())
    );
    // When the app removes its user, the other account keeps its agent.
    reseller.delete(&format!("/users/{user}")).await;
    let agents = office.admin.get("/agents").await.json();
    let agents = agents.as_array().unwrap();
    assert!(agents.iter().any(|agent| agent["id"] == user));
}

#[tokio::test]
async fn an_app_makes_bots_in_its_accounts() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (one, other) = (Reseller::new(&app).await, Reseller::new(&app).await);
    let account = one.account().await;
    let body = json!({
        "name": "Robo", "description": "Helps", "outgoing_url": "https://bot.example.com/in", "account_id": account
    });
    let mut made = one.post("/agent_bots", &body).await.json();
    let id = made["id"].as_i64().unwrap();
    let token = made["access_token"].as_str().unwrap().to_owned();
    for secret in ["access_token", "secret"] {
        made[secret] = json!("…");
    }
    let expected = json!({
        "id": id, "name": "Robo", "description": "Helps", "thumbnail": "",
        "outgoing_url": "https://bot.example.com/in", "bot_type": "webhook", "bot_config": {}, "account_id": account,
        "access_token": "…", "secret": "…", "system_bot": false
    });
    assert_eq!(made, expected);
    let closed = json!({"error": "Access to this endpoint is not authorized for bots"});
    let inboxes = format!("/api/v1/accounts/{account}/inboxes");
    let answer = with_token(&app, &inboxes, &token).await;
    assert_eq!(answer.pair(), (401, closed));
    let path = format!("/agent_bots/{id}");
    for method in [Method::PUT, Method::PATCH] {
        let changed = one.send(method, &path, &json!({"name": "Robi"})).await;
        assert_eq!(changed.json()["name"], "Robi");
    }
    assert_eq!(one.get(&path).await.json()["name"], "Robi");
    let listed = one.get("/agent_bots").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let answer = other.send(method, &path, &json!({})).await;
        assert_eq!(answer.pair(), not_permissible());
    }
    for account in [account, office.account.0] {
        let body = json!({"name": "x", "account_id": account});
        let answer = other.post("/agent_bots", &body).await;
        assert_eq!(answer.pair(), not_permissible());
    }
    let gone = one.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (200, ""));
    let missing = json!({"error": "Resource could not be found"});
    assert_eq!(one.get(&path).await.pair(), (404, missing));
    assert_eq!(one.get("/agent_bots").await.json(), json!([]));
}
