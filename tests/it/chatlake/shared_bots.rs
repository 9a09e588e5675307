//! Bots that a platform app makes for every account.

use axum::http::Method;
use quartet::store::{self, platform_apps};
use serde_json::{Value, json};

use super::platform::{Reseller, not_permissible};
use super::{Caller, Office};
use crate::app::{Answer, TestApp};
use crate::receiver::Receiver;

/// A bot of every account, as its app sees it.
async fn make(reseller: &Reseller<'_>, outgoing_url: &str) -> Value {
    let body = json!({"name": "Helper", "description": "Helps all", "outgoing_url": outgoing_url});
    let made = reseller.post("/agent_bots", &body).await;
    assert_eq!(made.status, 200, "{}", made.text());
    made.json()
}

/// As accounts see it.
fn shown(bot: &Value) -> Value {
    json!({
        "id": bot["id"], "name": "Helper", "description": "Helps all", "thumbnail": "", "outgoing_url": null,
        "bot_type": "webhook", "bot_config": {}, "account_id": null, "system_bot": true
    })
}

/// The bot's system, in an account.
fn speaker<'a>(office: &Office<'a>, bot: &Value) -> Caller<'a> {
    Caller {
        app: office.app,
        account: office.account,
        token: bot["access_token"].as_str().unwrap().to_owned(),
    }
}

async fn let_in(office: &Office<'_>, bot: &Value) -> Answer {
    let path = format!("/inboxes/{}/set_agent_bot", office.inbox);
    office.admin.post(&path, &json!({"agent_bot": bot})).await
}

const MISSING: &str = "Resource could not be found";

#[tokio::test]
async fn a_bot_without_an_account_is_of_all_and_nobodys_to_change() {
    let app = TestApp::start().await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let reseller = Reseller::new(&app).await;
    let made = make(&reseller, "https://bot.example.com/in").await;
    let (id, mut whole) = (made["id"].as_i64().unwrap(), made.clone());
    for secret in ["access_token", "secret"] {
        assert!(whole[secret].take().is_string());
    }
    assert_eq!(
        whole,
        json!({
            "id": id, "name": "Helper", "description": "Helps all", "thumbnail": "",
            "outgoing_url": "https://bot.example.com/in", "bot_type": "webhook", "bot_config": {}, "account_id": null,
            "access_token": null, "secret": null, "system_bot": true
        })
    );
    let own = office
        .admin
        .post("/agent_bots", &json!({"name": "Own"}))
        .await
        .json();
    let list = office.admin.get("/agent_bots").await.json();
    assert_eq!(list, json!([shown(&made), own]));
    let list = other.agent.get("/agent_bots").await.json();
    assert_eq!(list, json!([shown(&made)]));
    let path = format!("/agent_bots/{id}");
    assert_eq!(office.admin.get(&path).await.pair(), (200, shown(&made)));
    assert_eq!(let_in(&office, &made["id"]).await.status, 200);
    let missing = (404, json!({"error": MISSING}));
    for (method, rest) in [
        (Method::PATCH, ""),
        (Method::PUT, ""),
        (Method::DELETE, ""),
        (Method::POST, "/reset_access_token"),
        (Method::POST, "/reset_secret"),
    ] {
        let path = format!("{path}{rest}");
        let body = json!({"name": "x", "outgoing_url": "https://evil.example.com/"});
        for caller in [&office.admin, &other.admin] {
            let answer = caller.call(method.clone(), &path, &body).await;
            assert_eq!(answer.pair(), missing, "{method} {path}");
        }
    }
    assert_eq!(reseller.get(&path).await.json(), made);
    assert_eq!(reseller.get("/agent_bots").await.json(), json!([made]));
}

#[tokio::test]
async fn its_token_opens_accounts_where_it_serves_an_inbox() {
    let app = TestApp::start().await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let reseller = Reseller::new(&app).await;
    let made = make(&reseller, "https://bot.example.com/in").await;
    for office in [&office, &other] {
        office.conversation("p-1").await;
    }
    let refused = json!({"error": "Bot is not authorized to access this account"});
    let (here, there) = (speaker(&office, &made), speaker(&other, &made));
    let said = json!({"content": "Hello"});
    let path = "/conversations/1/messages";
    assert_eq!(here.post(path, &said).await.pair(), (401, refused.clone()));
    assert_eq!(let_in(&office, &made["id"]).await.status, 200);
    let message = here.post(path, &said).await;
    assert_eq!(
        message.json()["sender"],
        json!({"id": made["id"], "name": "Helper", "avatar_url": "", "type": "agent_bot"})
    );
    assert_eq!(there.post(path, &said).await.pair(), (401, refused.clone()));
    let closed = json!({"error": "Access to this endpoint is not authorized for bots"});
    for path in ["/inboxes", "/contacts", "/conversations", path] {
        assert_eq!(here.get(path).await.pair(), (401, closed.clone()));
    }
    let headers = [("api_access_token", here.token.as_str())];
    for path in ["/api/v1/profile", "/platform/api/v1/agent_bots"] {
        let answer = app.send(Method::GET, path, &headers, &json!({})).await;
        assert_eq!(answer.status, 401, "{path}");
    }
    // Out of its last inbox, it is out of the account.
    assert_eq!(let_in(&office, &json!(null)).await.status, 200);
    assert_eq!(here.post(path, &said).await.pair(), (401, refused));
}

#[tokio::test]
async fn its_system_hears_of_each_account_that_let_it_in() {
    let app = TestApp::start().await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let (reseller, receiver) = (Reseller::new(&app).await, Receiver::start().await);
    let made = make(&reseller, receiver.url.as_str()).await;
    for office in [&office, &other] {
        office.conversation("p-1").await;
    }
    let_in(&office, &made["id"]).await;
    let said = json!({"content": "Hello", "message_type": "incoming"});
    let speak = async || {
        for office in [&office, &other] {
            office.admin.post("/conversations/1/messages", &said).await;
        }
        app.drain_webhooks().await;
        let told = receiver.take().into_iter().map(|one| one.json());
        let messages = told.filter(|one| one["event"] == "message_created");
        let mut of: Vec<i64> = messages
            .map(|one| one["account"]["id"].as_i64().unwrap())
            .collect();
        of.sort_unstable();
        of
    };
    assert_eq!(speak().await, [office.account.0]);
    let_in(&other, &made["id"]).await;
    assert_eq!(speak().await, [office.account.0, other.account.0]);
    // No account is shown where that is, nor what signs it, nor can it change that.
    let key = app
        .key(office.account, &[quartet::model::Scope::Admin])
        .await;
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str())];
    let ask = async |method: Method, path: &str, body: Value| {
        app.send(method, path, &headers, &body).await
    };
    let listed = ask(Method::GET, "/admin/v1/endpoints", json!({})).await;
    assert!(!listed.text().contains("127.0.0.1"), "{}", listed.text());
    let id = endpoint(&app, &office).await;
    for path in ["", "/secret"] {
        let path = format!("/admin/v1/endpoints/{id}{path}");
        assert_eq!(ask(Method::GET, &path, json!({})).await.status, 404);
    }
    for path in [
        format!("/admin/v1/endpoints/{id}/secret"),
        format!("/admin/v1/endpoints/{id}/disable"),
    ] {
        assert_eq!(ask(Method::POST, &path, json!({})).await.status, 404);
    }
    let path = format!("/admin/v1/bots/{}/endpoint", made["id"]);
    let elsewhere = json!({"url": "https://evil.example.com/"});
    assert_eq!(ask(Method::PUT, &path, elsewhere).await.status, 404);

    let nowhere = json!({"outgoing_url": null});
    let path = format!("/agent_bots/{}", made["id"]);
    reseller.send(Method::PATCH, &path, &nowhere).await;
    assert_eq!(speak().await, [0_i64; 0]);
}

/// The id of the endpoint of the account's only bot.
async fn endpoint(app: &TestApp, office: &Office<'_>) -> i64 {
    let mut conn = app.database.connect().await;
    sqlx::query_scalar("select id from endpoints where account_id = $1 and kind = 'bot'")
        .bind(office.account.0)
        .fetch_one(&mut conn)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_its_app_changes_of_it_changes_everywhere() {
    let app = TestApp::start().await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let (reseller, stranger) = (Reseller::new(&app).await, Reseller::new(&app).await);
    let made = make(&reseller, "https://bot.example.com/in").await;
    let path = format!("/agent_bots/{}", made["id"]);
    for office in [&office, &other] {
        assert_eq!(let_in(office, &made["id"]).await.status, 200);
    }
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let answer = stranger.send(method, &path, &json!({"name": "x"})).await;
        assert_eq!(answer.pair(), not_permissible());
    }
    let renamed = reseller
        .send(Method::PATCH, &path, &json!({"name": "Robi"}))
        .await
        .json();
    assert_eq!(renamed["name"], "Robi");
    let of_inbox = format!("/inboxes/{}/agent_bot", office.inbox);
    let bot = office.agent.get(&of_inbox).await.json();
    assert_eq!(bot["agent_bot"]["name"], "Robi");
    office.conversation("p-1").await;
    let body = json!({"content": "Hi", "sender_type": "AgentBot", "sender_id": made["id"]});
    let lent = office.agent.post("/conversations/1/messages", &body).await;
    assert_eq!(lent.json()["sender"]["name"], "Robi");

    let gone = reseller.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (200, ""));
    assert_eq!(reseller.get(&path).await.status, 404);
    for office in [&office, &other] {
        assert_eq!(office.admin.get("/agent_bots").await.json(), json!([]));
        let path = format!("/inboxes/{}/agent_bot", office.inbox);
        let bot = office.agent.get(&path).await;
        assert_eq!(bot.json(), json!({"agent_bot": {}}));
        assert_eq!(let_in(office, &made["id"]).await.status, 404);
    }
    let unknown = json!({"error": "Invalid Access Token"});
    let answer = speaker(&office, &made).get("/conversations/1").await;
    assert_eq!(answer.pair(), (401, unknown));
}

#[tokio::test]
async fn a_conversation_is_given_to_a_bot_of_all_accounts() {
    let app = TestApp::start().await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let reseller = Reseller::new(&app).await;
    let made = make(&reseller, "https://bot.example.com/in").await;
    office.conversation("p-1").await;
    let body = json!({"assignee_id": made["id"], "assignee_type": "AgentBot"});
    let given = office
        .agent
        .post("/conversations/1/assignments", &body)
        .await;
    assert_eq!(
        given.pair(),
        (
            200,
            json!({"id": made["id"], "name": "Helper", "description": "Helps all", "thumbnail": ""})
        )
    );
    // Another account's own bot is not there.
    let foreign = other
        .admin
        .post("/agent_bots", &json!({"name": "x"}))
        .await
        .json();
    let body = json!({"assignee_id": foreign["id"], "assignee_type": "AgentBot"});
    let given = office
        .agent
        .post("/conversations/1/assignments", &body)
        .await;
    assert_eq!(given.pair(), (200, json!(null)));
}

#[tokio::test]
async fn the_bots_of_an_app_that_was_shut_out_are_offered_no_more() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let reseller = Reseller::new(&app).await;
    let made = make(&reseller, "https://bot.example.com/in").await;
    let_in(&office, &made["id"]).await;
    for shut_out in platform_apps::list(app.store()).await.unwrap() {
        platform_apps::revoke(app.store(), shut_out.id, app.now())
            .await
            .unwrap();
    }
    assert_eq!(office.admin.get("/agent_bots").await.json(), json!([]));
    let answer = speaker(&office, &made).get("/conversations/1").await;
    assert_eq!(answer.status, 401);
    let other = Office::open(&app).await;
    assert_eq!(let_in(&other, &made["id"]).await.status, 404);
    let done = store::secrets::reseal(app.store()).await.unwrap();
    assert_eq!((done.resealed, done.unopened), (0, 0));
}
