//! Who is refused, and in which shape.

use axum::body::Body;
use axum::http::{Method, Request};
use quartet::model::{AccountStatus, Role, Scope};
use quartet::store;
use serde_json::{Value, json};

use super::{Caller, Office};
use crate::app::{Answer, TestApp};

/// Every route below an account: method and path, with ids that exist in the first account.
const ROUTES: [(&str, &str); 36] = [
    ("POST", "/contacts"),
    ("GET", "/contacts/1"),
    ("GET", "/contacts"),
    ("GET", "/contacts/search"),
    ("POST", "/contacts/filter"),
    ("GET", "/contacts/active"),
    ("PUT", "/contacts/1"),
    ("PATCH", "/contacts/1"),
    ("DELETE", "/contacts/1"),
    ("POST", "/contacts/1/destroy_custom_attributes"),
    ("DELETE", "/contacts/1/avatar"),
    ("GET", "/contacts/1/labels"),
    ("POST", "/contacts/1/labels"),
    ("GET", "/contacts/1/conversations"),
    ("POST", "/contacts/1/contact_inboxes"),
    ("GET", "/contacts/1/contactable_inboxes"),
    ("POST", "/contact_inboxes/filter"),
    ("GET", "/contacts/1/notes"),
    ("POST", "/contacts/1/notes"),
    ("GET", "/contacts/1/notes/1"),
    ("PUT", "/contacts/1/notes/1"),
    ("PATCH", "/contacts/1/notes/1"),
    ("DELETE", "/contacts/1/notes/1"),
    ("POST", "/actions/contact_merge"),
    ("POST", "/contacts/import"),
    ("POST", "/contacts/export"),
    ("GET", "/conversations"),
    ("POST", "/conversations"),
    ("GET", "/conversations/meta"),
    ("POST", "/conversations/filter"),
    ("GET", "/conversations/1"),
    ("POST", "/conversations/1/toggle_status"),
    ("GET", "/conversations/1/messages"),
    ("POST", "/conversations/1/messages"),
    ("GET", "/inboxes"),
    ("GET", "/inboxes/1"),
];

/// Those of them that a bot may use.
const OPEN_TO_BOTS: [(&str, &str); 4] = [
    ("POST", "/conversations"),
    ("GET", "/conversations/1"),
    ("POST", "/conversations/1/toggle_status"),
    ("POST", "/conversations/1/messages"),
];

async fn call(caller: &Caller<'_>, (method, path): (&str, &str)) -> Answer {
    let json = [("content-type", "application/json")];
    let body = if method == "POST" { "{}" } else { "" };
    caller
        .send(method.parse().unwrap(), path, &json, Body::from(body))
        .await
}

/// A caller of an account with somebody else's or no token.
fn with_token<'a>(office: &Office<'a>, token: &str) -> Caller<'a> {
    Caller {
        app: office.app,
        account: office.account,
        token: token.to_owned(),
    }
}

fn unauthorized(text: &str) -> (u16, Value) {
    (401, json!({"error": text}))
}

async fn with_headers(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.call(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn strangers_are_refused_on_every_route() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let nobody = json!({"errors": ["You need to sign in or sign up before continuing."]});
    let other_scope = app.key(office.account, &[Scope::Instabot]).await;
    let nobodys_key = app.key(office.account, &[Scope::Chatlake]).await;
    for route in ROUTES {
        assert_eq!(
            call(&with_token(&office, ""), route).await.pair(),
            (401, nobody.clone())
        );
        for token in ["nonsense", "caf\u{e9}", &other_scope, &nobodys_key] {
            let refused = call(&with_token(&office, token), route).await;
            assert_eq!(
                refused.pair(),
                unauthorized("Invalid Access Token"),
                "{route:?}"
            );
        }
    }
    let path = office.admin.path("/inboxes");
    let bearer = with_headers(&app, &path, &[("authorization", "Bearer x")]).await;
    assert_eq!(bearer.pair(), (401, nobody));
}

#[tokio::test]
async fn the_token_comes_in_either_spelling_and_a_bearer_beside_it_is_ignored() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for header in ["api_access_token", "API_ACCESS_TOKEN", "Api-Access-Token"] {
        for path in [
            office.admin.path("/inboxes"),
            format!("/chatlake{}/", office.admin.path("/inboxes")),
        ] {
            let headers = [
                (header, office.admin.token.as_str()),
                ("authorization", "Bearer other"),
            ];
            assert_eq!(
                with_headers(&app, &path, &headers).await.status,
                200,
                "{header} {path}"
            );
        }
    }
}

#[tokio::test]
async fn another_accounts_rows_are_out_of_reach_in_both_directions() {
    let app = TestApp::start().await;
    let (ours, theirs) = (Office::open(&app).await, Office::open(&app).await);
    ours.conversation("p-1").await;
    theirs.conversation("p-1").await;
    for (mine, other) in [(&ours, &theirs), (&theirs, &ours)] {
        for route in ROUTES {
            let intruder = with_token(other, &mine.admin.token);
            assert_eq!(
                call(&intruder, route).await.pair(),
                unauthorized("You are not authorized to access this account"),
                "{route:?}"
            );
        }
        let bot = mine.bot().await;
        for route in OPEN_TO_BOTS {
            assert_eq!(
                call(&with_token(other, &bot.token), route).await.pair(),
                unauthorized("Bot is not authorized to access this account"),
                "{route:?}"
            );
        }
    }
    // The other account's ids within one's own account.
    let missing = (404, json!({"error": "Resource could not be found"}));
    let (contact, inbox) = (2, theirs.inbox.0);
    for path in [format!("/contacts/{contact}"), format!("/inboxes/{inbox}")] {
        assert_eq!(ours.admin.get(&path).await.pair(), missing, "{path}");
    }
    for (path, body) in [
        ("/contacts", json!({"inbox_id": inbox})),
        (
            "/conversations",
            json!({"contact_id": contact, "inbox_id": 1}),
        ),
        (
            "/conversations",
            json!({"contact_id": 1, "inbox_id": inbox}),
        ),
        (
            "/conversations",
            json!({"source_id": "p-1", "assignee_id": theirs.jane.id.0}),
        ),
    ] {
        assert_eq!(
            ours.admin.post(path, &body).await.pair(),
            missing,
            "{path} {body}"
        );
    }
    let conversation = ours
        .admin
        .post("/conversations", &json!({"source_id": "p-1"}))
        .await
        .json();
    assert_eq!(
        conversation["account_id"], ours.account.0,
        "the same source id is of another contact there"
    );
    assert_eq!(conversation["meta"]["sender"]["id"], 1);
    assert_eq!(theirs.admin.get("/conversations/2").await.pair(), missing);
}

#[tokio::test]
async fn an_account_that_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for account in ["99", "x", "99999999999999999999"] {
        let path = format!("/api/v1/accounts/{account}/inboxes");
        let headers = [("api_access_token", office.admin.token.as_str())];
        assert_eq!(
            with_headers(&app, &path, &headers).await.pair(),
            (404, json!({"error": "Resource could not be found"})),
            "{account}"
        );
    }
}

#[tokio::test]
async fn a_suspended_account_is_shut() {
    let app = TestApp::start().await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    office.conversation("p-1").await;
    store::accounts::set_status(
        app.store(),
        office.account,
        AccountStatus::Suspended,
        app.now(),
    )
    .await
    .unwrap();
    for route in ROUTES {
        for token in [&office.admin.token, &other.admin.token] {
            let refused = call(&with_token(&office, token), route).await;
            assert_eq!(
                refused.pair(),
                unauthorized("Account is suspended"),
                "{route:?}"
            );
        }
    }
}

#[tokio::test]
async fn bots_reach_only_what_is_open_to_them() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let bot = office.bot().await;
    let closed = unauthorized("Access to this endpoint is not authorized for bots");
    for route in ROUTES {
        let answer = call(&bot, route).await;
        if OPEN_TO_BOTS.contains(&route) {
            assert_ne!(answer.status, 401, "{route:?}");
        } else {
            assert_eq!(answer.pair(), closed, "{route:?}");
        }
    }
}

#[tokio::test]
async fn an_agent_sees_only_the_inboxes_they_are_a_member_of() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let contact = office.contact("Pranav", "p-1").await;
    office
        .agent
        .post("/conversations", &json!({"source_id": "p-1"}))
        .await;
    let refused = unauthorized("You are not authorized to do this action");
    for route in [
        ("GET", "/conversations/1"),
        ("POST", "/conversations/1/toggle_status"),
        ("GET", "/conversations/1/messages"),
        ("POST", "/conversations/1/messages"),
        ("GET", "/inboxes/1"),
    ] {
        assert_eq!(
            call(&office.outsider, route).await.pair(),
            refused,
            "{route:?}"
        );
    }
    for (path, body) in [
        ("/contacts", json!({"name": "Ann", "inbox_id": 1})),
        ("/conversations", json!({"source_id": "p-1"})),
        (
            "/conversations",
            json!({"contact_id": contact, "inbox_id": 1}),
        ),
        ("/inboxes", json!({"name": "x", "channel": {"type": "api"}})),
    ] {
        assert_eq!(
            office.outsider.post(path, &body).await.pair(),
            refused,
            "{path} {body}"
        );
    }
    let messages = office.agent.get("/conversations/1/messages").await.json();
    assert_eq!(messages["payload"], json!([]));
    assert_eq!(
        office.agent.get("/conversations/2").await.status,
        404,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_team_opens_its_conversations_to_its_agents() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "p-1").await;
    let olaf = app
        .agent(office.account, "Olaf Out 1", Role::Agent)
        .await
        .id;
    let team = store::agents::join_team(
        app.store(),
        office.account,
        "night".to_owned(),
        vec![olaf],
        app.now(),
    );
    let body = json!({"source_id": "p-1", "team_id": team.await.unwrap().0});
    office.admin.post("/conversations", &body).await;
    let shown = office.outsider.get("/conversations/1").await.json();
    assert_eq!(shown["meta"]["team"]["is_member"], true);
}

#[tokio::test]
async fn too_many_requests_of_one_token_are_told_to_come_back_later() {
    let app = TestApp::with("[limits]\nchatlake_per_minute = 2\n").await;
    let office = Office::open(&app).await;
    for _ in 0..2 {
        assert_eq!(office.admin.get("/inboxes").await.status, 200);
    }
    let refused = office.admin.get("/inboxes").await;
    assert_eq!(
        (refused.status.as_u16(), refused.text()),
        (429, "Retry later\n")
    );
    assert_eq!(refused.header("retry-after"), Some("30"));
    assert_eq!(office.agent.get("/inboxes").await.status, 200);
}

#[tokio::test]
async fn probes_are_answered_without_a_token() {
    let app = TestApp::start().await;
    assert_eq!(
        app.get("/health").await.pair(),
        (200, json!({"status": "woot"}))
    );
    for path in ["/api", "/api/", "/chatlake/api"] {
        assert_eq!(
            app.get(path).await.pair(),
            (
                200,
                json!({
                    "version": "4.15.0", "timestamp": "2026-03-10 12:00:00", "queue_services": "ok",
                    "data_services": "ok"
                })
            )
        );
    }
    assert_eq!(
        app.send(Method::GET, "/api", &[], &json!({})).await.status,
        200
    );
}
