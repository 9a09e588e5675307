//! What users see and change of themselves.

use axum::http::Method;
use quartet::model::Role;
use quartet::store;
use serde_json::{Value, json};

use super::sessions::{PASSWORD, set_password, sign_in};
use super::{Caller, Office};
use crate::app::{Answer, TestApp};

/// A request about oneself, with a token.
async fn ask(caller: &Caller<'_>, method: Method, path: &str, body: &Value) -> Answer {
    let headers = [("api_access_token", caller.token.as_str())];
    let path = format!("/api/v1/profile{path}");
    caller.app.send(method, &path, &headers, body).await
}

async fn put(caller: &Caller<'_>, body: &Value) -> Answer {
    ask(caller, Method::PUT, "", body).await
}

#[tokio::test]
async fn a_token_that_an_account_made_shows_itself_and_that_account() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let other = app.account().await;
    let name = format!("Jane Doe {}", office.account);
    app.agent(other, &name, Role::Administrator).await;
    let profile = ask(&office.agent, Method::GET, "", &json!({})).await.json();
    assert_eq!(profile["access_token"], office.agent.token);
    assert_eq!(profile["role"], "agent");
    let accounts = profile["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 1);
    assert_eq!(accounts[0]["id"], office.account.0);
    // Its channel is of this account alone, and the user's own of all.
    let find = async |token: &Value| {
        store::users::find_by_pubsub_token(app.store(), token.as_str().unwrap())
            .await
            .unwrap()
    };
    let listener = find(&profile["pubsub_token"]).await.unwrap();
    assert_eq!(listener.user, office.jane.id.into());
    assert_eq!(listener.account, Some(office.account));
    set_password(&app, office.jane.id, PASSWORD).await;
    let session = sign_in(&app, &office.jane.email, PASSWORD).await;
    let own = session.get("/api/v1/profile").await.json();
    assert_ne!(own["pubsub_token"], profile["pubsub_token"]);
    let listener = find(&own["pubsub_token"]).await.unwrap();
    assert_eq!(listener.account, None);
    assert_eq!(find(&json!("unknown")).await, None);
    // What she is everywhere is not changed from one of her accounts.
    let refused = put(&office.agent, &json!({"name": "Janet"})).await;
    let not_permitted = json!({"error": "You are not authorized to do this action"});
    assert_eq!(refused.pair(), (401, not_permitted));
}

#[tokio::test]
async fn bots_have_no_profile() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let bot = office.bot().await;
    let closed = json!({"error": "Access to this endpoint is not authorized for bots"});
    let answer = ask(&bot, Method::GET, "", &json!({})).await;
    assert_eq!(answer.pair(), (401, closed));
}

#[tokio::test]
async fn every_field_of_a_profile_can_be_changed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let fields = json!({
        "name": " John Roe ", "email": "John.Roe@example.org", "display_name": "Johnny",
        "avatar_url": "https://example.org/j.png", "message_signature": "Yours, John",
        "ui_settings": {"theme": "dark"}
    });
    let changed = put(&office.admin, &json!({"profile": fields})).await.json();
    let expected = json!({
        "name": "John Roe", "email": "john.roe@example.org", "uid": "john.roe@example.org",
        "display_name": "Johnny", "available_name": "Johnny", "avatar_url": "https://example.org/j.png",
        "message_signature": "Yours, John", "ui_settings": {"theme": "dark"}
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(changed[name], *value, "{name}");
    }
    // The fields may stand alone; those that are left out stay, empty ones are taken away.
    let flat = json!({"display_name": "", "message_signature": "", "ui_settings": {"a": 1}});
    let changed = put(&office.admin, &flat).await.json();
    assert_eq!(changed["display_name"], json!(null));
    assert_eq!(changed["available_name"], "John Roe");
    assert_eq!(changed["message_signature"], json!(null));
    assert_eq!(changed["ui_settings"], json!({"a": 1}));
    assert_eq!(changed["email"], "john.roe@example.org");
}

#[tokio::test]
async fn what_does_not_fit_a_profile_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for (body, message, attributes) in [
        (json!({"name": " "}), "Name can't be blank", json!(["name"])),
        (
            json!({"email": "nobody"}),
            "Email is invalid",
            json!(["email"]),
        ),
        (
            json!({"email": office.jane.email}),
            "Email has already been taken",
            json!(["email"]),
        ),
        (
            json!({"display_name": "x".repeat(256)}),
            "Display name is too long (maximum is 255 characters)",
            json!(["display_name"]),
        ),
        (
            json!({"password": "short"}),
            "Password is too short (minimum is 8 characters)",
            json!(["password"]),
        ),
        (
            json!({"password": "long enough", "password_confirmation": "another"}),
            "Password confirmation doesn't match Password",
            json!(["password_confirmation"]),
        ),
    ] {
        let expected = json!({"message": message, "attributes": attributes});
        assert_eq!(put(&office.admin, &body).await.pair(), (422, expected));
    }
    let empty = put(&office.admin, &json!({})).await;
    let missing = json!({"error": "param is missing or the value is empty: profile"});
    assert_eq!(empty.pair(), (422, missing));
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_one_before() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set_password(&app, office.john.id, PASSWORD).await;
    let session = sign_in(&app, &office.john.email, PASSWORD).await;
    let other = sign_in(&app, &office.john.email, PASSWORD).await;
    let change = async |current: Option<&str>| {
        let body = json!({"profile": {
            "password": "new horse", "password_confirmation": "new horse", "current_password": current
        }});
        session.send(Method::PUT, "/api/v1/profile", &body).await
    };
    let refused = json!({"error": "Invalid current password"});
    for wrong in [None, Some(""), Some("wrong horse")] {
        assert_eq!(change(wrong).await.pair(), (422, refused.clone()));
    }
    assert_eq!(change(Some(PASSWORD)).await.status, 200);
    assert_eq!(session.get("/api/v1/profile").await.status, 200);
    assert_eq!(other.get("/api/v1/profile").await.status, 401);
    sign_in(&app, &office.john.email, "new horse").await;
}

#[tokio::test]
async fn availability_is_set_for_one_account() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let account = office.account.0;
    let set = async |path: &str, body: Value| {
        ask(&office.agent, Method::POST, path, &json!({"profile": body})).await
    };
    let busy = set(
        "/availability",
        json!({"availability": "busy", "account_id": account}),
    )
    .await
    .json();
    assert_eq!(busy["accounts"][0]["availability"], "busy");
    let by_number = set("/availability", json!({"availability": 1}))
        .await
        .json();
    assert_eq!(by_number["accounts"][0]["availability"], "offline");
    let stays = set(
        "/auto_offline",
        json!({"auto_offline": false, "account_id": account.to_string()}),
    )
    .await
    .json();
    assert_eq!(stays["accounts"][0]["auto_offline"], false);
    let agents = office.admin.get("/agents").await.json();
    let jane = agents.as_array().unwrap().iter();
    let mut jane = jane.filter(|agent| agent["id"] == office.jane.id.0);
    assert_eq!(jane.next().unwrap()["availability_status"], "offline");
    let unknown = set("/availability", json!({"availability": "asleep"})).await;
    let error = json!({"error": "'asleep' is not a valid availability"});
    assert_eq!(unknown.pair(), (422, error));
    let elsewhere = json!({"availability": "busy", "account_id": account + 1});
    let missing = json!({"error": "Resource could not be found"});
    assert_eq!(set("/availability", elsewhere).await.pair(), (404, missing));
}

#[tokio::test]
async fn somebody_is_offline_until_they_are_connected() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let seen = async || {
        let profile = ask(&office.agent, Method::GET, "", &json!({})).await.json();
        let place = &profile["accounts"][0];
        assert_eq!(place["availability"], "online");
        place["availability_status"].clone()
    };
    assert_eq!(seen().await, "offline");
    store::presence::agent_seen(app.store(), office.account, office.jane.id, app.now())
        .await
        .unwrap();
    assert_eq!(seen().await, "online");
}

#[tokio::test]
async fn the_account_that_was_chosen_last_is_the_one_in_use() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let other = app.account().await;
    let name = format!("Jane Doe {}", office.account);
    app.agent(other, &name, Role::Administrator).await;
    set_password(&app, office.jane.id, PASSWORD).await;
    let session = sign_in(&app, &office.jane.email, PASSWORD).await;
    let path = "/api/v1/profile/set_active_account";
    for account in [other, office.account] {
        app.advance(chrono::TimeDelta::minutes(1));
        let body = json!({"profile": {"account_id": account.0}});
        let chosen = session.send(Method::PUT, path, &body).await;
        assert_eq!((chosen.status.as_u16(), chosen.text()), (200, ""));
        let profile = session.get("/api/v1/profile").await.json();
        assert_eq!(profile["account_id"], account.0);
        assert_eq!(profile["accounts"][0]["id"], account.0);
    }
    let body = json!({"profile": {"account_id": 99}});
    let unknown = session.send(Method::PUT, path, &body).await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_token_that_is_reset_opens_nothing_any_more() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let reset = async |token: &str| {
        let headers = [("api_access_token", token)];
        let path = "/api/v1/profile/reset_access_token";
        app.send(Method::POST, path, &headers, &json!({})).await
    };
    set_password(&app, office.jane.id, PASSWORD).await;
    let session = sign_in(&app, &office.jane.email, PASSWORD).await;
    let own = session.get("/api/v1/profile").await.json()["access_token"].clone();
    for token in [own.as_str().unwrap(), &office.agent.token] {
        let answer = reset(token).await;
        let new = answer.json()["access_token"].as_str().unwrap().to_owned();
        assert_ne!(new, token);
        let unknown = json!({"error": "Invalid Access Token"});
        assert_eq!(reset(token).await.pair(), (401, unknown));
        let headers = [("api_access_token", new.as_str())];
        let path = office.agent.path("/inboxes");
        let answer = app.send(Method::GET, &path, &headers, &json!({})).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_users_token_can_be_read_after_the_key_was_changed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let token = store::user_tokens::get(app.store(), office.john.id.into(), app.now())
        .await
        .unwrap();
    let done = store::secrets::reseal(app.store()).await.unwrap();
    assert_eq!((done.resealed, done.unopened), (0, 0));
    let again = store::user_tokens::get(app.store(), office.john.id.into(), app.now())
        .await
        .unwrap();
    let text = secrecy::ExposeSecret::expose_secret;
    assert_eq!(text(&token), text(&again));
}
