//! What a bot shows to the servers that its flow asks.

use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use quartet::model::BotId;
use quartet::store::bot_secrets;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Actor;
use crate::app::{TestApp, call, json_request};
use crate::dialogflow::sound_key;

const KEYS: &str = "/bots/1/dialogflow-keys";

/// The administrator of an account that has one bot.
async fn administrator(app: &TestApp) -> Actor<'_> {
    let account = app.account().await;
    let administrator = Actor::administrator(app, account).await;
    let made = administrator
        .post("/bots", &json!({"name": "Helper"}))
        .await;
    assert_eq!(made.json()["id"], 1);
    administrator
}

#[tokio::test]
async fn a_dialogflow_key_is_kept_listed_replaced_and_removed() {
    let app = TestApp::start().await;
    let administrator = administrator(&app).await;
    let path = format!("{KEYS}/main%20desk");

    let set = administrator.send(Method::PUT, &path, &sound_key()).await;
    let mut shown = json!({
        "name": "main desk", "client_email": "bot@pizzeria.iam.gserviceaccount.com", "project_id": "pizzeria",
        "created_at": "2026-03-10T12:00:00Z", "updated_at": "2026-03-10T12:00:00Z"
    });
    assert_eq!(set.pair(), (200, shown.clone()));
    let listed = administrator.get(KEYS).await;
    assert_eq!(listed.pair(), (200, json!({"data": [shown.clone()]})));

    app.advance(chrono::TimeDelta::seconds(1));
    let mut other = sound_key();
    other["client_email"] = json!("other@pizzeria.iam.gserviceaccount.com");
    let set = administrator.send(Method::PUT, &path, &other).await;
    shown["client_email"] = other["client_email"].clone();
    shown["updated_at"] = json!("2026-03-10T12:00:01Z");
    assert_eq!(set.pair(), (200, shown));

    let removed = administrator.delete(&path).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert_eq!(administrator.get(KEYS).await.json(), json!({"data": []}));
    let again = administrator.delete(&path).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert_eq!(
        again.json()["detail"],
        "this account has no such Dialogflow key"
    );
}

#[tokio::test]
async fn a_dialogflow_key_is_sealed_and_opens_for_its_bot_alone() {
    let app = TestApp::start().await;
    let administrator = administrator(&app).await;
    administrator.post("/bots", &json!({"name": "Other"})).await;
    administrator
        .send(Method::PUT, &format!("{KEYS}/main"), &sound_key())
        .await;

    let account = quartet::model::AccountId(1);
    let open = |bot| bot_secrets::get_dialogflow_key(app.store(), account, BotId(bot), "main");
    let opened: Value = serde_json::from_str(open(1).await.unwrap().expose_secret()).unwrap();
    assert_eq!(opened, sound_key());
    assert!(open(2).await.is_err());

    let mut conn = app.database.connect().await;
    let rows: Vec<String> =
        sqlx::query_scalar("select encode(secret_sealed, 'escape') from bot_secrets")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].contains("PRIVATE KEY") && !rows[0].contains("pizzeria"));
}

#[tokio::test]
async fn what_is_no_usable_key_of_a_service_account_is_refused() {
    let app = TestApp::start().await;
    let administrator = administrator(&app).await;
    let with = |field: &str, value: Value| {
        let mut file = sound_key();
        file[field] = value;
        file
    };
    for (file, detail) in [
        (
            json!({}),
            "the body is not the JSON key of a service account",
        ),
        (
            with("type", json!("authorized_user")),
            "the body is not the JSON key of a service account",
        ),
        (
            with("private_key", json!("secret")),
            "the body has a private_key that is no RSA key in PEM",
        ),
        (
            with("token_uri", json!("gopher://example.org")),
            "the body has a token_uri that is no URL",
        ),
        (
            with("client_email", json!("a\0")),
            "text must not contain the NUL character",
        ),
    ] {
        let path = format!("{KEYS}/main");
        let refused = administrator.send(Method::PUT, &path, &file).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{file}");
        assert_eq!(refused.json()["detail"], detail);
    }
    let path = format!("{KEYS}/a%0Ab");
    let refused = administrator.send(Method::PUT, &path, &sound_key()).await;
    assert_eq!(
        (refused.status, refused.json()["detail"].as_str().unwrap()),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            "the key's name must have 1 to 255 characters, none of them a control character"
        )
    );
    assert_eq!(administrator.get(KEYS).await.json(), json!({"data": []}));
}

#[tokio::test]
async fn the_plugin_secret_is_shown_until_it_is_changed() {
    let app = TestApp::start().await;
    let administrator = administrator(&app).await;
    let path = "/bots/1/plugin-secret";

    let shown = administrator.get(path).await;
    let mut body = shown.json();
    let secret = super::take(&mut body, "plugin_secret", "whsec_");
    assert_eq!((shown.status, body), (StatusCode::OK, json!({"bot_id": 1})));
    standardwebhooks::Webhook::new(&secret).unwrap();
    assert_eq!(administrator.get(path).await.json(), shown.json());

    let changed = administrator.post(path, &json!({})).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.json(), shown.json());
    assert_eq!(administrator.get(path).await.json(), changed.json());

    administrator.post("/bots", &json!({"name": "Other"})).await;
    let other = administrator.get("/bots/2/plugin-secret").await.json();
    assert_ne!(other["plugin_secret"], changed.json()["plugin_secret"]);
}

#[tokio::test]
async fn two_servers_that_make_a_plugin_secret_at_once_have_the_same() {
    let app = TestApp::start().await;
    let administrator = administrator(&app).await;
    let path = "/admin/v1/bots/1/plugin-secret";
    let headers = [("authorization", administrator.authorization.as_str())];
    let routers = [app.router(), app.second_router()];
    let asked = (0..10).map(|number| {
        let request = json_request(Method::GET, path, &headers, &Value::Null);
        call(routers[number % 2].clone(), request)
    });
    let answers = join_all(asked).await;
    let first = answers[0].pair();
    assert_eq!(first.0, 200);
    assert!(answers.iter().all(|answer| answer.pair() == first));
}
