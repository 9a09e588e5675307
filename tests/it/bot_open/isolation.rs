//! An app sees its own bot's inboxes and nothing else.

use axum::http::Method;
use quartet::model::{Channel, UserHexId};
use quartet::store::labels;
use serde_json::json;

use super::{Scene, Tenant, get, inbox_of, incoming, person_of, refusal, tenant};

async fn sees_nothing(scene: &Scene, stranger: &Tenant, source_id: &str, hex: &str) {
    let token = &stranger.token;
    let usage = get(&scene.app, token, "/botUsage").await.json();
    assert_eq!(usage, json!({ "totalMessages": 0, "totalUsers": 0 }));
    for id in [source_id, hex] {
        let answer = get(&scene.app, token, &format!("/userData/{id}")).await;
        assert_eq!(
            answer.pair(),
            refusal(404, "Not Found", "no user has this botUserId")
        );
    }
    let headers = [("authorization", token.as_str())];
    let users = scene
        .app
        .send(Method::POST, "/users", &headers, &json!({}))
        .await
        .json();
    assert_eq!((&users["users"], &users["total"]), (&json!([]), &json!(0)));
    let body = json!({ "botUserId": source_id, "channelId": 1010 });
    let transcripts = scene
        .app
        .send(Method::POST, "/transcripts", &headers, &body)
        .await
        .json();
    assert_eq!(
        transcripts,
        json!({
            "botUser": { "customFields": {}, "tags": [] },
            "transcripts": [],
            "paginationDetails": { "page": 1, "pages": 0, "total": 0, "limit": 50 },
        })
    );
}

#[tokio::test]
async fn another_accounts_app_and_another_bots_app_see_nothing() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    scene.say(&ann, incoming("secret")).await;
    let (store, account) = (scene.app.store(), scene.tenant.account);
    labels::add_to_contact(
        store,
        account,
        ann.contact,
        vec!["vip".to_owned()],
        scene.app.now(),
    )
    .await
    .unwrap();
    let hex = UserHexId::new(ann.way.id, ann.way.created_at).to_string();

    let sibling = tenant(&scene.app, account).await;
    let other_account = scene.app.account().await;
    let foreigner = tenant(&scene.app, other_account).await;
    sees_nothing(&scene, &sibling, "ann", &hex).await;
    sees_nothing(&scene, &foreigner, "ann", &hex).await;
    assert_eq!(
        scene.transcripts("ann", 1010).await["paginationDetails"]["total"],
        1
    );
}

#[tokio::test]
async fn the_same_id_in_two_accounts_is_two_users() {
    let scene = Scene::new().await;
    let inbox = scene.inbox(Channel::Webchat).await;
    let ann = scene.person(&inbox, "Ann", "7").await;
    scene.say(&ann, incoming("of Ann")).await;
    let account = scene.app.account().await;
    let other = Scene {
        tenant: tenant(&scene.app, account).await,
        app: scene.app,
    };
    let inbox = inbox_of(&other.app, &other.tenant, Channel::Webchat).await;
    let bo = person_of(&other.app, account, &inbox, "Bo", "7").await;
    other.say(&bo, incoming("of Bo")).await;

    let rows = other.transcripts("7", 1010).await;
    assert_eq!(rows["transcripts"][0]["text"]["message"], "of Bo");
    let users = other.post("/users", &json!({})).await.json();
    assert_eq!(
        (&users["users"][0]["name"], &users["total"]),
        (&json!("Bo"), &json!(1))
    );
}

#[tokio::test]
async fn an_inbox_that_no_bot_serves_is_not_seen() {
    let scene = Scene::new().await;
    let inbox = scene
        .app
        .inbox(scene.tenant.account, Channel::Webchat)
        .await;
    let ann = scene.person(&inbox, "Ann", "ann").await;
    scene.say(&ann, incoming("to people")).await;
    assert_eq!(scene.post("/users", &json!({})).await.json()["total"], 0);
    assert_eq!(
        scene.transcripts("ann", 1010).await["transcripts"],
        json!([])
    );
}
