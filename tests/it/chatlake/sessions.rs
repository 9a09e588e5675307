//! Signing in and out, and what is open to somebody who is signed in.

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::TimeDelta;
use quartet::model::{AccountId, AgentId, Password, Role, UserId};
use quartet::store;
use serde_json::{Value, json};

use super::Office;
use crate::app::{Answer, TestApp};

pub(super) const PASSWORD: &str = "correct horse";

/// A client that is signed in.
pub(super) struct Client<'a> {
    app: &'a TestApp,
    token: String,
    client: String,
    uid: String,
}

impl Client<'_> {
    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [
            ("access-token", self.token.as_str()),
            ("client", self.client.as_str()),
            ("uid", self.uid.as_str()),
        ];
        self.app.send(method, path, &headers, body).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &json!({})).await
    }
}

/// Lets the operator set a user's password.
pub(super) async fn set_password(app: &TestApp, user: AgentId, password: &str) {
    let password = Password::parse(password.into()).unwrap();
    store::user_passwords::set(app.store(), user.into(), password, app.now())
        .await
        .unwrap();
}

/// Signs a client in.
pub(super) async fn sign_in<'a>(app: &'a TestApp, email: &str, password: &str) -> Client<'a> {
    let answer = attempt(app, email, password).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    client(app, &answer)
}

fn client<'a>(app: &'a TestApp, answer: &Answer) -> Client<'a> {
    let header = |name| answer.header(name).unwrap().to_owned();
    Client {
        app,
        token: header("access-token"),
        client: header("client"),
        uid: header("uid"),
    }
}

async fn attempt(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    app.post("/auth/sign_in", &body).await
}

fn refused() -> (u16, Value) {
    let errors = json!(["Invalid login credentials. Please try again."]);
    (401, json!({"success": false, "errors": errors}))
}

#[tokio::test]
async fn a_password_signs_a_client_in() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set_password(&app, office.john.id, PASSWORD).await;
    let answer = attempt(&app, &office.john.email.to_uppercase(), PASSWORD).await;
    assert_eq!(answer.status, 200);
    let mut data = answer.json()["data"].take();
    assert!(data["access_token"].as_str().unwrap().starts_with("qu_"));
    assert_eq!(data["pubsub_token"].as_str().unwrap().len(), 64);
    data["access_token"] = json!("…");
    data["pubsub_token"] = json!("…");
    assert_eq!(
        data,
        json!({
            "access_token": "…", "account_id": office.account.0, "available_name": office.john.name,
            "avatar_url": "", "confirmed": true, "display_name": null, "message_signature": null,
            "email": office.john.email, "id": office.john.id.0, "inviter_id": null, "name": office.john.name,
            "provider": "email", "pubsub_token": "…", "role": "administrator", "ui_settings": {},
            "uid": office.john.email, "type": null,
            "accounts": [{
                "id": office.account.0, "name": "Acme", "status": "active", "onboarding_step": null,
                "active_at": null, "role": "administrator", "permissions": ["administrator"],
                "availability": "online", "availability_status": "offline", "auto_offline": true
            }]
        })
    );
    assert_eq!(answer.header("token-type"), Some("Bearer"));
    assert_eq!(answer.header("uid"), Some(office.john.email.as_str()));
    let expiry = (app.now() + TimeDelta::days(60)).timestamp().to_string();
    assert_eq!(answer.header("expiry"), Some(expiry.as_str()));
    let session = client(&app, &answer);
    let inboxes = session.get(&office.admin.path("/inboxes")).await;
    assert_eq!(inboxes.status, 200, "{}", inboxes.text());
}

#[tokio::test]
async fn wrong_credentials_are_refused_all_in_one_way() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set_password(&app, office.john.id, PASSWORD).await;
    for (email, password) in [
        (office.john.email.as_str(), "wrong horse"),
        (office.jane.email.as_str(), PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
    ] {
        assert_eq!(
            attempt(&app, email, password).await.pair(),
            refused(),
            "{email}"
        );
    }
    let nothing = app.post("/auth/sign_in", &json!({})).await;
    assert_eq!(nothing.pair(), refused());
}

#[tokio::test]
async fn a_session_is_validated_and_ends_when_its_client_signs_out() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set_password(&app, office.john.id, PASSWORD).await;
    let session = sign_in(&app, &office.john.email, PASSWORD).await;
    let other = sign_in(&app, &office.john.email, PASSWORD).await;
    let valid = session.get("/auth/validate_token").await.json();
    assert_eq!(valid["payload"]["success"], true);
    assert_eq!(valid["payload"]["data"]["email"], office.john.email);
    let out = session
        .send(Method::DELETE, "/auth/sign_out", &json!({}))
        .await;
    assert_eq!(out.pair(), (200, json!({"success": true})));
    let invalid = json!({"success": false, "errors": ["Invalid login credentials"]});
    assert_eq!(
        session.get("/auth/validate_token").await.pair(),
        (401, invalid)
    );
    let again = session
        .send(Method::DELETE, "/auth/sign_out", &json!({}))
        .await;
    let nobody = json!({"success": false, "errors": ["User was not found or was not logged in."]});
    assert_eq!(again.pair(), (404, nobody));
    assert_eq!(other.get("/api/v1/profile").await.status, 200);
}

#[tokio::test]
async fn a_session_ends_with_its_time_and_with_another_password() {
    let app = TestApp::with("[chatlake]\nsession_days = 2\n").await;
    let office = Office::open(&app).await;
    set_password(&app, office.john.id, PASSWORD).await;
    let session = sign_in(&app, &office.john.email, PASSWORD).await;
    app.advance(TimeDelta::days(2) - TimeDelta::seconds(1));
    assert_eq!(session.get("/api/v1/profile").await.status, 200);
    app.advance(TimeDelta::seconds(1));
    let nobody = json!({"errors": ["You need to sign in or sign up before continuing."]});
    assert_eq!(
        session.get("/api/v1/profile").await.pair(),
        (401, nobody.clone())
    );
    let session = sign_in(&app, &office.john.email, PASSWORD).await;
    let own = session.get("/api/v1/profile").await.json()["access_token"].clone();
    set_password(&app, office.john.id, "another horse").await;
    assert_eq!(session.get("/api/v1/profile").await.pair(), (401, nobody));
    let headers = [("api_access_token", own.as_str().unwrap())];
    let with_token = app
        .send(Method::GET, "/api/v1/profile", &headers, &json!({}))
        .await;
    let unknown = json!({"error": "Invalid Access Token"});
    assert_eq!(with_token.pair(), (401, unknown));
    assert_eq!(
        attempt(&app, &office.john.email, PASSWORD).await.pair(),
        refused()
    );
}

#[tokio::test]
async fn all_three_headers_must_fit_together() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for agent in [&office.john, &office.jane] {
        set_password(&app, agent.id, PASSWORD).await;
    }
    let john = sign_in(&app, &office.john.email, PASSWORD).await;
    let jane = sign_in(&app, &office.jane.email, PASSWORD).await;
    for (token, client, uid) in [
        (&john.token, &jane.client, &jane.uid),
        (&jane.token, &john.client, &john.uid),
        (&john.token, &john.client, &jane.uid),
        (&john.token, &john.token, &john.uid),
    ] {
        let mixed = Client {
            app: &app,
            token: token.clone(),
            client: client.clone(),
            uid: uid.clone(),
        };
        assert_eq!(mixed.get("/api/v1/profile").await.status, 401);
    }
    let headers = [("access-token", john.token.as_str()), ("uid", &john.uid)];
    let without = app
        .send(Method::GET, "/api/v1/profile", &headers, &json!({}))
        .await;
    assert_eq!(without.status, 401);
}

#[tokio::test]
async fn the_oldest_of_too_many_clients_is_signed_out() {
    let app = TestApp::with("[chatlake]\nemail_sign_ins_per_15_minutes = 0\n").await;
    let office = Office::open(&app).await;
    set_password(&app, office.john.id, PASSWORD).await;
    let first = sign_in(&app, &office.john.email, PASSWORD).await;
    let second = sign_in(&app, &office.john.email, PASSWORD).await;
    for _ in 0..24 {
        sign_in(&app, &office.john.email, PASSWORD).await;
    }
    assert_eq!(first.get("/api/v1/profile").await.status, 401);
    assert_eq!(second.get("/api/v1/profile").await.status, 200);
}

#[tokio::test]
async fn attempts_are_counted_by_address_and_by_user() {
    let app = TestApp::with("[http]\ntrusted_proxies = [\"127.0.0.1\"]\n").await;
    let office = Office::open(&app).await;
    let from = |address: &'static str, email: String| {
        let body = json!({"email": email, "password": "guess"});
        let headers = [("x-forwarded-for", address)];
        let app = &app;
        async move {
            let path = "/auth/sign_in";
            app.send(Method::POST, path, &headers, &body).await
        }
    };
    for guess in 0..5 {
        let answer = from("203.0.113.9", format!("{guess}@example.org")).await;
        assert_eq!(answer.pair(), refused());
    }
    let limited = from("203.0.113.9", office.john.email.clone()).await;
    assert_eq!(
        (limited.status.as_u16(), limited.text()),
        (429, "Retry later\n")
    );
    assert_eq!(limited.header("retry-after"), Some("60"));
    let answers = ["203.0.113.10", "203.0.113.11", "203.0.113.12"];
    let mut statuses = Vec::new();
    for address in answers.into_iter().flat_map(|address| [address; 4]) {
        let answer = from(address, office.john.email.to_uppercase()).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
}

/// Jane, who is an agent of two accounts.
async fn in_two_accounts(app: &TestApp) -> (Office<'_>, AccountId) {
    let office = Office::open(app).await;
    let other = app.account().await;
    let name = format!("Jane Doe {}", office.account);
    app.agent(other, &name, Role::Administrator).await;
    (office, other)
}

fn inboxes_of(account: AccountId) -> String {
    format!("/api/v1/accounts/{account}/inboxes")
}

#[tokio::test]
async fn a_users_session_and_token_open_every_account_they_are_an_agent_of() {
    let app = TestApp::start().await;
    let (office, other) = in_two_accounts(&app).await;
    let stranger = app.account().await;
    set_password(&app, office.jane.id, PASSWORD).await;
    let session = sign_in(&app, &office.jane.email, PASSWORD).await;
    let profile = session.get("/api/v1/profile").await.json();
    let accounts: Vec<_> = profile["accounts"].as_array().unwrap().iter().collect();
    assert_eq!(accounts.len(), 2);
    let token = profile["access_token"].as_str().unwrap();
    let denied = json!({"error": "You are not authorized to access this account"});
    for (account, expected) in [(office.account, 200), (other, 200), (stranger, 401)] {
        let path = inboxes_of(account);
        let headers = [("api_access_token", token)];
        let with_token = app.send(Method::GET, &path, &headers, &json!({})).await;
        let with_session = session.get(&path).await;
        assert_eq!(with_token.status, expected, "{account}");
        assert_eq!(with_session.status, expected, "{account}");
        if expected == 401 {
            assert_eq!(with_token.json(), denied);
        }
    }
    store::agents::remove(app.store(), other, office.jane.id, app.now())
        .await
        .unwrap();
    assert_eq!(session.get(&inboxes_of(other)).await.pair(), (401, denied));
    // A token that an account made opens that account alone.
    let (office, other) = (office, other);
    assert_eq!(office.agent.get("/inboxes").await.status, 200);
    let headers = [("api_access_token", office.agent.token.as_str())];
    let elsewhere = app
        .send(Method::GET, &inboxes_of(other), &headers, &json!({}))
        .await;
    assert_eq!(elsewhere.status, 401);
}

#[tokio::test]
async fn a_password_that_an_administrator_set_opens_their_account_alone() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let key = app
        .key(office.account, &[quartet::model::Scope::Admin])
        .await;
    let set = |user: AgentId| {
        let path = format!("/admin/v1/agents/{user}/password");
        let bearer = format!("Bearer {key}");
        let app = &app;
        async move {
            let headers = [("authorization", bearer.as_str())];
            let body = json!({"password": PASSWORD});
            app.send(Method::PUT, &path, &headers, &body).await.status
        }
    };
    assert_eq!(set(office.jane.id).await, 204);
    let session = sign_in(&app, &office.jane.email, PASSWORD).await;
    // Another account adds the address afterwards: it did not ask for whoever knows this password.
    let other = app.account().await;
    let name = format!("Jane Doe {}", office.account);
    app.agent(other, &name, Role::Administrator).await;
    assert_eq!(session.get(&inboxes_of(office.account)).await.status, 200);
    assert_eq!(session.get(&inboxes_of(other)).await.status, 401);
    let profile = session.get("/api/v1/profile").await.json();
    assert_eq!(profile["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(set(office.jane.id).await, 403, "she is of two accounts now");
    assert_eq!(set(AgentId(9999)).await, 404);
    set_password(&app, office.jane.id, "operators horse").await;
    let session = sign_in(&app, &office.jane.email, "operators horse").await;
    assert_eq!(session.get(&inboxes_of(other)).await.status, 200);
}

#[tokio::test]
async fn an_address_that_its_user_changed_opens_no_account_that_adds_it_later() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set_password(&app, office.jane.id, PASSWORD).await;
    let session = sign_in(&app, &office.jane.email, PASSWORD).await;
    let body = json!({"profile": {"email": "Boss@Example.org"}});
    let changed = session.send(Method::PUT, "/api/v1/profile", &body).await;
    assert_eq!(changed.json()["uid"], "boss@example.org");
    app.advance(TimeDelta::seconds(1));
    let other = app.account().await;
    app.agent(other, "boss", Role::Administrator).await;
    let session = sign_in(&app, "boss@example.org", PASSWORD).await;
    assert_eq!(session.get(&inboxes_of(office.account)).await.status, 200);
    assert_eq!(session.get(&inboxes_of(other)).await.status, 401);
}

#[tokio::test]
async fn a_link_signs_in_once_and_soon() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let user = UserId(office.john.id.0);
    let make = async || {
        let token = store::user_sessions::make_link(app.store(), user, app.now())
            .await
            .unwrap();
        secrecy::ExposeSecret::expose_secret(&token).to_owned()
    };
    let open = async |token: &str| {
        let body = json!({"email": office.john.email, "sso_auth_token": token});
        app.post("/auth/sign_in", &body).await
    };
    let token = make().await;
    let opened = open(&token).await;
    assert_eq!(opened.status, 200);
    let session = client(&app, &opened);
    assert_eq!(session.get("/api/v1/profile").await.status, 200);
    assert_eq!(open(&token).await.pair(), refused(), "used");
    let token = make().await;
    app.advance(TimeDelta::minutes(5));
    assert_eq!(open(&token).await.pair(), refused(), "too late");
}

#[tokio::test]
async fn a_form_signs_in_too() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set_password(&app, office.john.id, PASSWORD).await;
    let form = format!("email={}&password=correct+horse", office.john.email);
    let request = Request::post("/chatlake/auth/sign_in/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap();
    assert_eq!(app.call(request).await.status, 200);
}
