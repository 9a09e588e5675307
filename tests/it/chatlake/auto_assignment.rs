//! Conversations that are given to agents by themselves.

use axum::http::Method;
use quartet::model::{Agent, AgentId};
use quartet::store::{inboxes, presence};
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

/// Says that an agent is there.
async fn come(office: &Office<'_>, agent: &Agent) {
    let app = office.app;
    presence::agent_seen(app.store(), office.account, agent.id, app.now())
        .await
        .unwrap();
}

/// Who is given a new conversation of this source id.
async fn given(office: &Office<'_>, source_id: &str) -> Option<AgentId> {
    let id = office.conversation(source_id).await;
    assignee(office, id).await
}

async fn assignee(office: &Office<'_>, id: i64) -> Option<AgentId> {
    let path = format!("/conversations/{id}");
    let conversation: Value = office.admin.get(&path).await.json();
    conversation["meta"]["assignee"]["id"].as_i64().map(AgentId)
}

#[tokio::test]
async fn those_who_are_there_take_turns() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (jane, john) = (office.jane.id, office.john.id);
    assert_eq!(given(&office, "nobody").await, None, "nobody is there");
    inboxes::add_members(
        app.store(),
        office.account,
        office.inbox,
        vec![john],
        app.now(),
    )
    .await
    .unwrap();
    come(&office, &office.jane).await;
    assert_eq!(given(&office, "one").await, Some(jane));
    come(&office, &office.john).await;
    app.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(given(&office, "two").await, Some(john));
    app.advance(chrono::TimeDelta::seconds(1));
    assert_eq!(given(&office, "three").await, Some(jane));
    app.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(given(&office, "late").await, None, "they left");

    let messages = office.admin.get("/conversations/2/messages").await.json();
    let note = format!("Assigned to {} by System", office.jane.name);
    assert_eq!(messages["payload"][0]["content"], note);
}

#[tokio::test]
async fn an_inbox_says_whether_and_how_many() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let path = format!("/inboxes/{}", office.inbox);
    come(&office, &office.jane).await;
    let limit = json!({"auto_assignment_config": {"max_assignment_limit": 1}});
    office.admin.call(Method::PATCH, &path, &limit).await;
    assert_eq!(given(&office, "one").await, Some(office.jane.id));
    assert_eq!(given(&office, "two").await, None, "she has one");
    let off = json!({"enable_auto_assignment": false, "auto_assignment_config": {}});
    office.admin.call(Method::PATCH, &path, &off).await;
    assert_eq!(given(&office, "three").await, None);
}

#[tokio::test]
async fn a_conversation_is_given_away_when_it_comes_to_the_agents() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let waiting = office.conversation("one").await;
    let toggle = format!("/conversations/{waiting}/toggle_status");
    office
        .admin
        .post(&toggle, &json!({"status": "resolved"}))
        .await;
    come(&office, &office.jane).await;
    let words = json!({"content": "Hello again", "message_type": "incoming"});
    let path = format!("/conversations/{waiting}/messages");
    office.admin.post(&path, &words).await;
    assert_eq!(assignee(&office, waiting).await, Some(office.jane.id));

    office.contact("Pranav", "two").await;
    let start = json!({"source_id": "two", "status": "pending"});
    let pending = office.admin.post("/conversations", &start).await.json();
    let pending = pending["id"].as_i64().unwrap();
    assert_eq!(assignee(&office, pending).await, None, "a bot has it");
    let toggle = format!("/conversations/{pending}/toggle_status");
    office.admin.post(&toggle, &json!({"status": "open"})).await;
    assert_eq!(assignee(&office, pending).await, Some(office.jane.id));
}
