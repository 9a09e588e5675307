//! What agents have seen, who follows a conversation, what is being written.

use axum::http::Method;
use chrono::TimeDelta;
use quartet::model::ConversationId;
use quartet::store;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

async fn incoming(office: &Office<'_>, id: i64) {
    let body = json!({"content": "Hi", "message_type": "incoming"});
    let path = format!("/conversations/{id}/messages");
    assert_eq!(office.admin.post(&path, &body).await.status, 200);
}

/// Unread messages, and when an agent and the assignee last looked.
fn seen(conversation: &Value) -> Value {
    json!([
        conversation["unread_count"],
        conversation["agent_last_seen_at"],
        conversation["assignee_last_seen_at"]
    ])
}

#[tokio::test]
async fn a_look_is_kept_at_once_where_something_is_unread_and_hourly_elsewhere() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    office
        .admin
        .post("/conversations/1/assignments", &json!({"assignee_id": 2}))
        .await;
    incoming(&office, 1).await;
    let path = "/conversations/1/update_last_seen";
    let start = app.now().timestamp();
    let look = async |who: &super::Caller<'_>| {
        let answer = who.post(path, &json!({})).await;
        assert_eq!(answer.status, 200);
        seen(&answer.json())
    };
    assert_eq!(look(&office.admin).await, json!([0, start, 0]));
    app.advance(TimeDelta::seconds(60));
    assert_eq!(
        look(&office.admin).await,
        json!([0, start, 0]),
        "nothing is new"
    );
    assert_eq!(
        look(&office.agent).await,
        json!([0, start + 60, start + 60]),
        "to the assignee it is"
    );
    app.advance(TimeDelta::seconds(60));
    assert_eq!(
        look(&office.agent).await,
        json!([0, start + 60, start + 60])
    );
    incoming(&office, 1).await;
    assert_eq!(
        look(&office.agent).await,
        json!([0, start + 120, start + 120])
    );
    app.advance(TimeDelta::seconds(3601));
    assert_eq!(
        look(&office.admin).await,
        json!([0, start + 3721, start + 120])
    );
}

#[tokio::test]
async fn a_conversation_becomes_unread_from_its_contacts_last_message_on() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/unread";
    let none = office.agent.post(path, &json!({})).await.json();
    assert_eq!(seen(&none), json!([0, 0, 0]));
    for _ in 0..3 {
        incoming(&office, 1).await;
        app.advance(TimeDelta::seconds(10));
    }
    let at = app.now().timestamp() - 10;
    office
        .agent
        .post("/conversations/1/update_last_seen", &json!({}))
        .await;
    office
        .agent
        .post("/conversations/1/messages", &json!({"content": "Hello"}))
        .await;
    let unread = office.agent.post(path, &json!({})).await.json();
    assert_eq!(seen(&unread), json!([1, at - 1, at - 1]));
}

#[tokio::test]
async fn more_than_ten_unread_messages_are_ten() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for _ in 0..12 {
        incoming(&office, 1).await;
    }
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(shown["unread_count"], 10);
}

#[tokio::test]
async fn unread_conversations_are_counted_by_where_they_belong() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let mut conn = app.database.connect().await;
    for source_id in ["p-1", "p-2", "p-3", "p-4"] {
        office.conversation(source_id).await;
    }
    for id in [1, 2, 3] {
        incoming(&office, id).await;
    }
    let (store, account) = (app.store(), office.account);
    let now = app.now();
    let team = store::agents::join_team(store, account, "support".to_owned(), vec![], now);
    let team = team.await.unwrap();
    office
        .admin
        .post("/conversations/1/assignments", &json!({"team_id": team.0}))
        .await;
    sqlx::query(
        "insert into labels (account_id, title, created_at, updated_at) values (1, 'vip', now(), now())",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    for id in [1, 2] {
        let labels = vec!["vip".to_owned(), "undefined".to_owned()];
        store::labels::add_to_conversation(store, account, ConversationId(id), labels, now)
            .await
            .unwrap();
    }
    office
        .admin
        .post(
            "/conversations/3/toggle_status",
            &json!({"status": "resolved"}),
        )
        .await;
    let path = "/conversations/unread_counts";
    let counts = json!({"payload": {
        "all_count": 2, "inboxes": {"1": 2}, "labels": {"1": 2}, "teams": {"1": 1}
    }});
    assert_eq!(office.agent.get(path).await.pair(), (200, counts.clone()));
    assert_eq!(office.admin.get(path).await.pair(), (200, counts));
    let none = json!({"payload": {"all_count": 0, "inboxes": {}, "labels": {}, "teams": {}}});
    assert_eq!(office.outsider.get(path).await.pair(), (200, none));
}

#[tokio::test]
async fn agents_follow_conversations_that_they_may_see() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/participants";
    let ids = async |method: Method, body: Value| {
        let answer = office.agent.call(method, path, &body).await;
        assert_eq!(answer.status, 200, "{body} {}", answer.text());
        let agents = answer.json();
        let ids = agents
            .as_array()
            .unwrap()
            .iter()
            .map(|agent| agent["id"].clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(
        ids(Method::POST, json!({"user_ids": ["2"]})).await,
        [json!(2)]
    );
    assert_eq!(
        ids(Method::POST, json!({"user_ids": [1, 2, 1]})).await,
        [json!(1), json!(2)]
    );
    assert_eq!(
        ids(Method::PATCH, json!({"user_ids": [1]})).await,
        [json!(1)]
    );
    assert_eq!(ids(Method::GET, json!({})).await, [json!(1)]);
    let refusal = json!({"message": "User must have inbox access", "attributes": ["user"]});
    for stranger in [3, 99] {
        let body = json!({"user_ids": [2, stranger]});
        let answer = office.agent.post(path, &body).await;
        assert_eq!(answer.pair(), (422, refusal.clone()));
    }
    let removed = office
        .agent
        .call(Method::DELETE, path, &json!({"user_ids": [1, 99]}))
        .await;
    assert_eq!((removed.status.as_u16(), removed.text()), (200, ""));
    assert_eq!(ids(Method::GET, json!({})).await, [json!(null); 0]);
    assert_eq!(office.outsider.get(path).await.status, 401);
}

#[tokio::test]
async fn a_draft_is_kept_until_it_is_dropped() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/draft_messages";
    let none = (200, json!({"has_draft": false}));
    assert_eq!(office.agent.get(path).await.pair(), none);
    for body in [
        json!({"message": "Dear"}),
        json!({"draft_message": {"message": "Dear Ann"}}),
    ] {
        let kept = office.agent.call(Method::PATCH, path, &body).await;
        assert_eq!((kept.status.as_u16(), kept.text()), (200, ""));
    }
    let draft = json!({"has_draft": true, "message": "Dear Ann"});
    assert_eq!(office.agent.get(path).await.pair(), (200, draft));
    let long = json!({"message": "x".repeat(150_001)});
    assert_eq!(
        office.agent.call(Method::PUT, path, &long).await.status,
        422
    );
    let dropped = office.agent.call(Method::DELETE, path, &json!({})).await;
    assert_eq!((dropped.status.as_u16(), dropped.text()), (200, ""));
    assert_eq!(office.agent.get(path).await.pair(), none);
}
