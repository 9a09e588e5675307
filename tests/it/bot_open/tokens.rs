//! Logging in, and how long that is good for.

use axum::body::Body;
use axum::http::Request;
use chrono::{TimeDelta, Utc};
use quartet::model::AccountStatus;
use quartet::store::apps::{self, NewApp};
use quartet::store::{self, Error, Store};
use quartet::vault::Vault;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{Scene, get, log_in, refusal};
use crate::app::call;
use crate::database::KEY;

const REVOKED: &str = "the authToken has been revoked";

async fn status(scene: &Scene, token: &str) -> (u16, serde_json::Value) {
    get(&scene.app, token, "/botUsage").await.pair()
}

#[tokio::test]
async fn a_login_gives_a_token_and_its_end_by_both_names() {
    let scene = Scene::new().await;
    let answer = log_in(
        &scene.app,
        &scene.tenant.credentials.app_id,
        scene.tenant.secret.expose_secret(),
    )
    .await;
    let token = answer.json()["authToken"].clone();
    assert_eq!(
        answer.pair(),
        (
            200,
            json!({
                "authToken": token,
                "expireAt": "2026-03-11T12:00:00.000Z",
                "expiresAt": "2026-03-11T12:00:00.000Z",
            })
        )
    );
    assert_eq!(token.as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn a_token_is_taken_raw_and_as_bearer_at_the_root_and_below_the_prefix() {
    let scene = Scene::new().await;
    let token = &scene.tenant.token;
    for header in [
        token.clone(),
        format!("Bearer {token}"),
        format!("bearer  {token}"),
    ] {
        for path in ["/botUsage", "/bot-open/botUsage"] {
            assert_eq!(get(&scene.app, &header, path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn a_token_ends_after_a_day_by_the_servers_clock() {
    let scene = Scene::new().await;
    let token = scene.tenant.token.clone();
    scene
        .app
        .advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(status(&scene, &token).await.0, 200);
    scene.app.advance(TimeDelta::seconds(1));
    let ended = refusal(
        401,
        "Unauthorized",
        "the authToken is unknown or has expired",
    );
    assert_eq!(status(&scene, &token).await, ended);
}

#[tokio::test]
async fn a_token_ends_with_the_secret_it_was_given_for() {
    let scene = Scene::new().await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    let id = tenant.credentials.id;
    let secret = apps::change_secret(app.store(), tenant.account, id, None, app.now())
        .await
        .unwrap();
    assert_eq!(
        status(&scene, &tenant.token).await,
        refusal(401, "Unauthorized", REVOKED)
    );
    let old = log_in(
        app,
        &tenant.credentials.app_id,
        tenant.secret.expose_secret(),
    )
    .await;
    assert_eq!(
        old.pair(),
        refusal(400, "Bad Request", "appId or appSecret is wrong")
    );
    let new = log_in(app, &tenant.credentials.app_id, secret.expose_secret()).await;
    let token = new.json()["authToken"].as_str().unwrap().to_owned();
    assert_eq!(status(&scene, &token).await.0, 200);
}

#[tokio::test]
async fn a_disabled_app_is_shut_out_until_it_is_enabled() {
    let scene = Scene::new().await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    let id = tenant.credentials.id;
    apps::disable(app.store(), tenant.account, id, app.now())
        .await
        .unwrap();
    assert_eq!(
        status(&scene, &tenant.token).await,
        refusal(401, "Unauthorized", REVOKED)
    );
    let right = log_in(
        app,
        &tenant.credentials.app_id,
        tenant.secret.expose_secret(),
    )
    .await;
    assert_eq!(
        right.pair(),
        refusal(409, "Conflict", "this app is disabled")
    );
    // Who does not know the secret does not learn that the app exists.
    let wrong = log_in(app, &tenant.credentials.app_id, "guess").await;
    assert_eq!(
        wrong.pair(),
        refusal(400, "Bad Request", "appId or appSecret is wrong")
    );
    apps::enable(app.store(), tenant.account, id, app.now())
        .await
        .unwrap();
    assert_eq!(status(&scene, &tenant.token).await.0, 200);
}

#[tokio::test]
async fn a_suspended_account_is_shut_out() {
    let scene = Scene::new().await;
    let (app, tenant) = (&scene.app, &scene.tenant);
    store::accounts::set_status(
        app.store(),
        tenant.account,
        AccountStatus::Suspended,
        app.now(),
    )
    .await
    .unwrap();
    assert_eq!(
        status(&scene, &tenant.token).await,
        refusal(401, "Unauthorized", REVOKED)
    );
    let login = log_in(
        app,
        &tenant.credentials.app_id,
        tenant.secret.expose_secret(),
    )
    .await;
    assert_eq!(login.status, 409);
}

#[tokio::test]
async fn a_token_holds_on_every_server_of_the_database() {
    let scene = Scene::new().await;
    let request = Request::get("/botUsage").header("authorization", &scene.tenant.token);
    let answer = call(
        scene.app.second_router(),
        request.body(Body::empty()).unwrap(),
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_token_holds_over_a_change_of_the_servers_key() {
    let scene = Scene::new().await;
    for (vault, status) in [
        (Vault::with_previous([7; 32], vec![[8; 32], KEY]), 200),
        (Vault::new([7; 32]), 401),
    ] {
        let store = Store::new(scene.app.database.options.clone(), 2, vault);
        let request = Request::get("/botUsage").header("authorization", &scene.tenant.token);
        let request = request.body(Body::empty()).unwrap();
        let answer = call(scene.app.router_over(store), request).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn only_a_token_that_this_server_signed_is_one() {
    let scene = Scene::new().await;
    let claims = json!({
        "account": scene.tenant.account.0, "app": scene.tenant.credentials.id.0, "generation": 1,
        "iat": 0, "exp": i64::MAX,
    });
    let key = jsonwebtoken::EncodingKey::from_secret(&[42; 32]);
    let foreign = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap();
    let (head, rest) = scene.tenant.token.split_once('.').unwrap();
    let (body, _) = rest.split_once('.').unwrap();
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{body}.");
    let cut = format!("{head}.{body}.");
    let basic = format!("Basic {}", scene.tenant.token);
    for token in ["", "x", "Bearer", &foreign, &unsigned, &cut, &basic] {
        let unknown = refusal(
            401,
            "Unauthorized",
            "the authToken is unknown or has expired",
        );
        assert_eq!(status(&scene, token).await, unknown, "{token}");
    }
    let answer = scene.app.get("/botUsage").await;
    let missing = refusal(
        401,
        "Unauthorized",
        "the Authorization header must hold the authToken",
    );
    assert_eq!(answer.pair(), missing);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn logins_and_wrong_tokens_are_counted_by_address() {
    let toml = "[limits]\nlogin_per_minute = 2\n[http]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let scene = Scene::with(toml).await;
    let attempt = |address: &'static str| {
        let body = json!({ "appId": "nobody", "appSecret": "guess" });
        let headers = [("x-forwarded-for", address)];
        scene.app.call(crate::app::json_request(
            axum::http::Method::POST,
            "/login",
            &headers,
            &body,
        ))
    };
    let wrong = || {
        let request = Request::get("/botUsage").header("x-forwarded-for", "203.0.113.9");
        scene.app.call(
            request
                .header("authorization", "x")
                .body(Body::empty())
                .unwrap(),
        )
    };
    assert_eq!(attempt("203.0.113.9").await.status, 400);
    assert_eq!(wrong().await.status, 401);
    for answer in [attempt("203.0.113.9").await, wrong().await] {
        let limited = refusal(
            429,
            "Too Many Requests",
            "too many requests, try again later",
        );
        assert_eq!(answer.pair(), limited);
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&wait), "{wait}");
    }
    assert_eq!(attempt("203.0.113.10").await.status, 400);
}

#[tokio::test]
async fn an_app_may_ask_so_often() {
    let scene = Scene::with("[limits]\nbot_open_per_minute = 1\n").await;
    assert_eq!(scene.get("/botUsage").await.status, 200);
    let answer = scene.get("/botUsage").await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test]
async fn an_app_id_is_given_once_on_the_whole_server() {
    let scene = Scene::new().await;
    let other = scene.app.account().await;
    let bot = super::tenant(&scene.app, other).await.bot;
    let new = |bot| NewApp {
        bot,
        app_id: Some("shop".to_owned()),
        secret: Some(SecretString::from("shop-secret")),
    };
    let (store, now): (_, chrono::DateTime<Utc>) = (scene.app.store(), scene.app.now());
    let (first, second) = tokio::join!(
        apps::create(store, scene.tenant.account, new(scene.tenant.bot), now),
        apps::create(store, other, new(bot), now),
    );
    let refused = first.err().xor(second.err()).unwrap();
    assert!(
        matches!(refused, Error::Taken(store::Field::AppId)),
        "{refused}"
    );
    assert_eq!(log_in(&scene.app, "shop", "shop-secret").await.status, 200);

    let strange = apps::create(store, other, new(scene.tenant.bot), now)
        .await
        .unwrap_err();
    assert!(
        matches!(strange, Error::NotFound(store::Noun::Bot)),
        "{strange}"
    );
    let listed = apps::list(store, scene.tenant.account).await.unwrap();
    assert!(listed.contains(&scene.tenant.credentials));
}
