//! What is changed of a conversation, what is noted of it, and who is told.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Caller, Office, contents};
use crate::app::TestApp;

/// The notes in conversation 1.
pub(super) async fn notes(caller: &Caller<'_>) -> Vec<String> {
    let said = caller.get("/conversations/1/messages").await.json();
    contents(&said).into_iter().map(str::to_owned).collect()
}

/// What was told to have changed of conversations, oldest first.
pub(super) async fn told(app: &TestApp) -> Vec<Value> {
    use sqlx::Row;
    let mut conn = app.database.connect().await;
    let rows = sqlx::query(
        "select snapshot -> 'changed' as changed from events where kind = 'conversation.updated' order by id",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    rows.iter().map(|row| row.get("changed")).collect()
}

async fn ok(caller: &Caller<'_>, path: &str, body: Value) {
    let answer = caller.post(path, &body).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (200, ""),
        "{path} {body}"
    );
}

#[tokio::test]
async fn a_priority_is_set_changed_and_removed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/toggle_priority";
    for priority in [
        json!("high"),
        json!("high"),
        json!("low"),
        json!(""),
        json!(null),
    ] {
        ok(&office.agent, path, json!({"priority": priority})).await;
    }
    assert_eq!(
        notes(&office.agent).await,
        [
            "Jane Doe 1 set the priority to high",
            "Jane Doe 1 changed the priority from high to low",
            "Jane Doe 1 removed the priority"
        ]
    );
    assert_eq!(
        told(&app).await,
        [
            json!([{"priority": {"previous_value": null, "current_value": "high"}}]),
            json!([{"priority": {"previous_value": "high", "current_value": "low"}}]),
            json!([{"priority": {"previous_value": "low", "current_value": null}}])
        ]
    );
    let wrong = office.agent.post(path, &json!({"priority": "red"})).await;
    assert_eq!(
        wrong.pair(),
        (422, json!({"error": "'red' is not a valid priority"}))
    );
}

#[tokio::test]
async fn a_conversation_itself_takes_a_priority_and_nothing_else() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let before = office.agent.get("/conversations/1").await.json();
    for method in [Method::PATCH, Method::PUT] {
        let ignored = json!({"status": "resolved", "custom_attributes": {"a": 1}});
        let answer = office
            .agent
            .call(method, "/conversations/1", &ignored)
            .await;
        assert_eq!(answer.pair(), (200, before.clone()));
    }
    let urgent = json!({"priority": "urgent"});
    let answer = office
        .agent
        .call(Method::PATCH, "/conversations/1", &urgent)
        .await;
    assert_eq!(answer.json()["priority"], "urgent");
    let bot = office.bot().await;
    let none = json!({"priority": null});
    let answer = bot.call(Method::PATCH, "/conversations/1", &none).await;
    assert_eq!(answer.json()["priority"], json!(null));
    assert_eq!(
        notes(&office.agent).await,
        [
            "Jane Doe 1 set the priority to urgent",
            "Robo removed the priority"
        ]
    );
}

#[tokio::test]
async fn labels_are_replaced_and_that_is_told_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/labels";
    assert_eq!(
        office.agent.get(path).await.pair(),
        (200, json!({"payload": []}))
    );
    for (labels, expected) in [
        (json!(["vip", " new ", "vip", ""]), json!(["new", "vip"])),
        (json!(["vip", "new"]), json!(["new", "vip"])),
        (json!("vip,late"), json!(["vip", "late"])),
        (json!([]), json!([])),
    ] {
        app.advance(chrono::TimeDelta::seconds(1));
        let answer = office.agent.post(path, &json!({"labels": labels})).await;
        assert_eq!(
            answer.pair(),
            (200, json!({"payload": expected})),
            "{labels}"
        );
    }
    assert_eq!(
        notes(&office.agent).await,
        [
            "Jane Doe 1 added new, vip",
            "Jane Doe 1 added late",
            "Jane Doe 1 removed new",
            "Jane Doe 1 removed vip, late"
        ]
    );
    assert_eq!(
        told(&app).await,
        [
            json!([{"label_list": {"previous_value": [], "current_value": ["new", "vip"]}}]),
            json!([{"label_list": {"previous_value": ["new", "vip"], "current_value": ["vip", "late"]}}]),
            json!([{"label_list": {"previous_value": ["vip", "late"], "current_value": []}}])
        ]
    );
    let bot = office.bot().await;
    let answer = bot.post(path, &json!({"labels": ["seen"]})).await;
    assert_eq!(answer.pair(), (200, json!({"payload": ["seen"]})));
    let long = office
        .agent
        .post(path, &json!({"labels": ["x".repeat(256)]}))
        .await;
    assert_eq!(
        long.pair(),
        (
            422,
            json!({"message": "Label is too long (maximum is 255 characters)", "attributes": ["labels"]})
        )
    );
    assert_eq!(
        office
            .agent
            .post(path, &json!({"labels": {"a": 1}}))
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn custom_attributes_are_replaced_as_a_whole() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/custom_attributes";
    for attributes in [json!({"a": 1, "b": 2}), json!({"b": 3}), json!({"b": 3})] {
        let body = json!({"custom_attributes": attributes});
        assert_eq!(office.agent.post(path, &body).await.pair(), (200, body));
    }
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(shown["custom_attributes"], json!({"b": 3}));
    assert_eq!(
        told(&app).await,
        [
            json!([{"custom_attributes": {"previous_value": {}, "current_value": {"a": 1, "b": 2}}}]),
            json!([{"custom_attributes": {"previous_value": {"a": 1, "b": 2}, "current_value": {"b": 3}}}])
        ]
    );
    assert_eq!(notes(&office.agent).await, [""; 0]);
    let long = json!({"custom_attributes": {"a": "x".repeat(1501)}});
    assert_eq!(office.agent.post(path, &long).await.status, 422);
}

#[tokio::test]
async fn a_muted_conversation_ends_and_its_contact_is_heard_no_more() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for _ in 0..2 {
        ok(&office.agent, "/conversations/1/mute", json!({})).await;
    }
    let shown = office.agent.get("/conversations/1").await.json();
    let state = |shown: &Value| {
        json!([
            shown["status"],
            shown["muted"],
            shown["meta"]["sender"]["blocked"]
        ])
    };
    assert_eq!(state(&shown), json!(["resolved", true, true]));
    let incoming = json!({"content": "Hi", "message_type": "incoming"});
    office
        .agent
        .post("/conversations/1/messages", &incoming)
        .await;
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(shown["status"], "resolved");
    ok(&office.agent, "/conversations/1/unmute", json!({})).await;
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(state(&shown), json!(["resolved", false, false]));
    assert_eq!(
        notes(&office.agent).await,
        [
            "Conversation was marked resolved by Jane Doe 1",
            "Jane Doe 1 has muted the conversation",
            "Hi",
            "Jane Doe 1 has unmuted the conversation"
        ]
    );
    let bot = office.bot().await;
    assert_eq!(
        bot.post("/conversations/1/mute", &json!({})).await.status,
        401
    );
}

#[tokio::test]
async fn a_conversation_is_removed_with_all_that_belongs_to_it() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    office.conversation("p-2").await;
    for path in ["labels", "messages", "assignments", "participants"] {
        let body = json!({"labels": ["a"], "content": "Hi", "assignee_id": 2, "user_ids": [1]});
        let answer = office
            .admin
            .post(&format!("/conversations/1/{path}"), &body)
            .await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let draft = json!({"message": "Dear"});
    office
        .admin
        .call(Method::PATCH, "/conversations/1/draft_messages", &draft)
        .await;
    let refusal = json!({"error": "You are not authorized to do this action"});
    let agent = office
        .agent
        .call(Method::DELETE, "/conversations/1", &json!({}))
        .await;
    assert_eq!(agent.pair(), (401, refusal));
    let removed = office
        .admin
        .call(Method::DELETE, "/conversations/1", &json!({}))
        .await;
    assert_eq!((removed.status.as_u16(), removed.text()), (200, ""));
    assert_eq!(office.admin.get("/conversations/1").await.status, 404);
    let again = office
        .admin
        .call(Method::DELETE, "/conversations/1", &json!({}))
        .await;
    assert_eq!(again.status, 404);
    let list = office.admin.get("/conversations").await.json();
    assert_eq!(list["data"]["meta"]["all_count"], 1);
}

#[tokio::test]
async fn the_system_behind_an_inbox_hears_who_types() {
    use sqlx::Row;
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let inbox =
        json!({"name": "W", "channel": {"type": "api", "webhook_url": "https://example.org/hook"}});
    let inbox = office.admin.post("/inboxes", &inbox).await.json()["id"].take();
    let contact = json!({"name": "Ann", "inbox_id": inbox, "source_id": "a-1"});
    office.admin.post("/contacts", &contact).await;
    let body = json!({"source_id": "a-1"});
    office.admin.post("/conversations", &body).await;
    let path = "/conversations/1/toggle_typing_status";
    for body in [
        json!({"typing_status": "on", "is_private": "true"}),
        json!({"typing_status": "off"}),
        json!({"typing_status": "maybe"}),
        json!({}),
    ] {
        ok(&office.admin, path, body).await;
    }
    ok(&office.bot().await, path, json!({"typing_status": "on"})).await;
    assert_eq!(office.outsider.post(path, &json!({})).await.status, 401);
    let mut conn = app.database.connect().await;
    let rows = sqlx::query(
        "select kind, snapshot -> 'detail' -> 'private' as private, snapshot -> 'detail' -> 'by' ->> 'name' as by
         from events where kind like '%typing%' order by id",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let heard: Vec<(String, Value, String)> = rows
        .iter()
        .map(|row| (row.get("kind"), row.get("private"), row.get("by")))
        .collect();
    let fact = |kind: &str, private: bool, by: &str| {
        (
            format!("conversation.typing_{kind}"),
            json!(private),
            by.to_owned(),
        )
    };
    assert_eq!(
        heard,
        [
            fact("on", true, "John Doe 1"),
            fact("off", false, "John Doe 1"),
            fact("on", false, "Robo")
        ]
    );
}

#[tokio::test]
async fn a_contact_who_writes_again_brings_the_conversation_back_and_that_is_noted() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for status in ["resolved", "snoozed"] {
        let body = json!({"status": status});
        office
            .admin
            .post("/conversations/1/toggle_status", &body)
            .await;
        let incoming = json!({"content": "Hi", "message_type": "incoming"});
        office
            .admin
            .post("/conversations/1/messages", &incoming)
            .await;
        let shown = office.admin.get("/conversations/1").await.json();
        assert_eq!(shown["status"], "open");
    }
    let reopened = "System reopened the conversation due to a new incoming message.";
    assert_eq!(
        notes(&office.admin).await,
        [
            "Conversation was marked resolved by John Doe 1",
            "Hi",
            reopened,
            "Conversation was snoozed by John Doe 1",
            "Hi",
            reopened
        ]
    );
}

/// What refers to conversations or messages goes with them, by the database's own doing.
#[tokio::test]
async fn everything_that_refers_to_a_conversation_goes_with_it() {
    use sqlx::Row;
    let app = TestApp::start().await;
    let mut conn = app.database.connect().await;
    let rows = sqlx::query(
        "select conrelid::regclass::text as name from pg_constraint
         where contype = 'f' and confdeltype = 'a'
           and confrelid in ('conversations'::regclass, 'messages'::regclass)
         order by 1",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let tables: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    assert_eq!(tables, [""; 0]);
}
