//! Conversations: beginning, showing, moving.

use chrono::TimeDelta;
use quartet::model::{Channel, ConversationId, InboxId};
use quartet::store;
use quartet::store::inboxes::NewInbox;
use serde_json::{Value, json};

use super::{Office, contents};
use crate::app::TestApp;

fn hello(content: &str, message_type: u8, sender: &Value) -> Value {
    let (kind, id) = if message_type == 0 {
        ("Contact", 1)
    } else {
        ("User", 1)
    };
    json!({
        "account_id": 1, "additional_attributes": {}, "content": content, "content_attributes": {},
        "content_type": "text", "conversation_id": 1, "created_at": 1_773_144_000, "external_source_ids": {},
        "conversation": {
            "assignee_id": 2, "contact_inbox": {"source_id": "p-1"}, "last_activity_at": 1_773_144_000,
            "unread_count": message_type ^ 1
        },
        "id": 2 - message_type, "inbox_id": 1, "message_type": message_type, "private": false,
        "processed_message_content": content, "sender": sender, "sender_id": id, "sender_type": kind,
        "sentiment": {}, "source_id": null, "status": "sent", "updated_at": "2026-03-10T12:00:00.000Z"
    })
}

/// John as a sender.
fn john() -> Value {
    json!({
        "availability_status": "offline", "available_name": "John Doe 1", "avatar_url": "", "id": 1,
        "name": "John Doe 1", "thumbnail": "", "type": "user"
    })
}

#[tokio::test]
async fn a_conversation_has_all_its_keys_from_its_beginning() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "p-1").await;
    let team = store::agents::join_team(
        app.store(),
        office.account,
        "support".to_owned(),
        vec![office.john.id],
        app.now(),
    )
    .await
    .unwrap();
    let begun = office
        .admin
        .post(
            "/conversations",
            &json!({
                "source_id": "p-1", "assignee_id": office.jane.id.0, "team_id": team.0,
                "additional_attributes": {"browser": "x"}, "custom_attributes": {"order": 7},
                "message": {"content": "Hi there"}
            }),
        )
        .await;
    let labels = vec!["vip".to_owned()];
    store::labels::add_to_conversation(
        app.store(),
        office.account,
        ConversationId(1),
        labels,
        app.now(),
    )
    .await
    .unwrap();
    let mut body = begun.json();
    assert_eq!(begun.status, 200);
    assert_eq!(body["uuid"].take().as_str().unwrap().len(), 36);
    let said = hello("Hi there", 1, &john());
    let mut expected = json!({
        "account_id": 1, "additional_attributes": {"browser": "x"}, "agent_last_seen_at": 0,
        "assignee_last_seen_at": 0, "can_reply": true, "contact_last_seen_at": 0, "created_at": 1_773_144_000,
        "custom_attributes": {"order": 7}, "first_reply_created_at": 1_773_144_000, "id": 1, "inbox_id": 1,
        "labels": [], "last_activity_at": 1_773_144_000, "last_non_activity_message": said, "messages": [said],
        "meta": {
            "assignee": {
                "account_id": 1, "auto_offline": true, "availability_status": "offline",
                "available_name": "Jane Doe 1", "confirmed": true, "custom_role_id": null,
                "email": "jane.doe.1@example.org", "id": 2, "name": "Jane Doe 1", "provider": "email",
                "role": "agent", "thumbnail": ""
            },
            "assignee_type": "User", "channel": "Channel::Api", "hmac_verified": false,
            "sender": {
                "additional_attributes": {}, "availability_status": "offline", "blocked": false,
                "created_at": 1_773_144_000, "custom_attributes": {}, "email": null, "id": 1, "identifier": null,
                "name": "Pranav", "phone_number": null, "thumbnail": ""
            },
            "team": {
                "account_id": 1, "allow_auto_assign": true, "description": null, "id": 1, "is_member": true,
                "name": "support"
            }
        },
        "muted": false, "priority": null, "sla_policy_id": null, "snoozed_until": null, "status": "open",
        "timestamp": 1_773_144_000, "unread_count": 0, "updated_at": 1_773_144_000.0, "uuid": null,
        "waiting_since": 0
    });
    assert_eq!(body, expected);

    // An agent's eyes, and a label.
    let mut shown = office.agent.get("/conversations/1").await.json();
    shown["uuid"].take();
    expected["labels"] = json!(["vip"]);
    expected["meta"]["team"]["is_member"] = json!(false);
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn keys_that_nothing_is_set_for_are_absent() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let shown = office.agent.get("/conversations/1/").await.json();
    let meta: Vec<&String> = shown["meta"].as_object().unwrap().keys().collect();
    assert_eq!(meta, ["channel", "hmac_verified", "sender"]);
    assert_eq!(shown["messages"], json!([]));
    assert_eq!(shown["last_non_activity_message"], json!(null));
}

#[tokio::test]
async fn what_the_contact_says_shows_in_the_conversation() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "p-1").await;
    let body = json!({"source_id": "p-1", "assignee_id": 2, "message": {"content": "Hi"}});
    office.admin.post("/conversations", &body).await;
    let incoming = json!({"content": "Hello", "message_type": "incoming"});
    office
        .agent
        .post("/conversations/1/messages", &incoming)
        .await;
    let shown = office.agent.get("/conversations/1").await.json();
    let contact = json!({
        "additional_attributes": {}, "blocked": false, "custom_attributes": {}, "email": null, "id": 1,
        "identifier": null, "name": "Pranav", "phone_number": null, "thumbnail": "", "type": "contact"
    });
    assert_eq!(shown["messages"], json!([hello("Hello", 0, &contact)]));
    assert_eq!(shown["unread_count"], 1);
    assert_eq!(shown["waiting_since"], 1_773_144_000);
    assert_eq!(shown["meta"]["sender"]["last_activity_at"], 1_773_144_000);
}

#[tokio::test]
async fn a_conversation_begins_through_any_name_of_its_way_in() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let contact = office.contact("Pranav", "p-1").await;
    let other = office.contact("Ann", "a-1").await;
    let source_of = async |body: Value| {
        let begun = office.agent.post("/conversations", &body).await;
        assert_eq!(begun.status, 200, "{body} {}", begun.text());
        let id = begun.json()["id"].as_i64().unwrap();
        let view = store::conversation_views::get(app.store(), office.account, ConversationId(id));
        view.await.unwrap().source_id
    };
    assert_eq!(source_of(json!({"source_id": "p-1"})).await, "p-1");
    assert_eq!(
        source_of(json!({"source_id": "p-1", "inbox_id": 1})).await,
        "p-1"
    );
    assert_eq!(
        source_of(json!({"contact_id": contact, "inbox_id": "1"})).await,
        "p-1"
    );
    let new = json!({"contact_id": contact.to_string(), "inbox_id": 1, "source_id": "p-2"});
    assert_eq!(source_of(new).await, "p-2");
    let ways = office
        .agent
        .get(&format!("/contacts/{contact}"))
        .await
        .json();
    assert_eq!(
        ways["payload"]["contact_inboxes"].as_array().unwrap().len(),
        2
    );

    let taken = json!({"contact_id": other, "inbox_id": 1, "source_id": "p-1"});
    assert_eq!(
        office.agent.post("/conversations", &taken).await.pair(),
        (422, json!({"error": "source_id should be unique"}))
    );
    for nowhere in [
        json!({}),
        json!({"source_id": "p-9"}),
        json!({"inbox_id": 1}),
        json!({"contact_id": contact}),
        json!({"source_id": "p-1", "contact_id": other}),
        json!({"source_id": "p-1", "inbox_id": 99}),
        json!({"contact_id": 99, "inbox_id": 1}),
        json!({"source_id": "p-1", "assignee_id": 99}),
        json!({"source_id": "p-1", "team_id": 99}),
    ] {
        let refusal = json!({"error": "Resource could not be found"});
        assert_eq!(
            office.agent.post("/conversations", &nowhere).await.pair(),
            (404, refusal),
            "{nowhere}"
        );
    }
    assert_eq!(
        office.agent.get("/conversations/5").await.status,
        404,
        "nothing was stored"
    );
}

#[tokio::test]
async fn what_does_not_hold_begins_no_conversation() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "p-1").await;
    for (with, refusal) in [
        (
            json!({"status": "done"}),
            json!({"error": "'done' is not a valid status"}),
        ),
        (
            json!({"custom_attributes": {"a": "x".repeat(1501)}}),
            json!({"message": "Custom attributes a length should be < 1500", "attributes": ["custom_attributes"]}),
        ),
        (
            json!({"additional_attributes": {"a": 10_000_000_000_i64}}),
            json!({
                "message": "Additional attributes a value should be < 9999999999",
                "attributes": ["additional_attributes"]
            }),
        ),
        (
            json!({"message": {"content": "x".repeat(150_001)}}),
            json!({"error": "Validation failed: Content is too long (maximum is 150000 characters)"}),
        ),
        (
            json!({"inbox_id": true}),
            json!({"error": "inbox_id: an id is expected"}),
        ),
        (
            json!({"snoozed_until": "soon"}),
            json!({"error": "snoozed_until: a time is expected"}),
        ),
    ] {
        let mut body = json!({"source_id": "p-1"});
        body.as_object_mut()
            .unwrap()
            .extend(with.as_object().unwrap().clone());
        assert_eq!(
            office.admin.post("/conversations", &body).await.pair(),
            (422, refusal),
            "{with}"
        );
    }
    assert_eq!(
        office.admin.get("/conversations?status=all").await.json()["data"]["payload"],
        json!([])
    );
}

#[tokio::test]
async fn an_inbox_that_keeps_to_one_conversation_gives_the_one_there_is() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let channel = json!({"type": "api"});
    let new = json!({"name": "One", "channel": channel, "lock_to_single_conversation": true});
    let inbox = office.admin.post("/inboxes", &new).await.json()["id"].clone();
    let contact = json!({"name": "Ann", "inbox_id": inbox, "source_id": "one"});
    office.admin.post("/contacts", &contact).await;
    let body = json!({"source_id": "one", "message": {"content": "Hi"}});
    let both = tokio::join!(
        office.admin.post("/conversations", &body),
        office.admin.post("/conversations", &body)
    );
    assert_eq!(
        (both.0.json()["id"].clone(), both.1.json()["id"].clone()),
        (json!(1), json!(1))
    );
    let messages = office.admin.get("/conversations/1/messages").await.json();
    assert_eq!(contents(&messages), ["Hi", "Hi"]);
}

#[tokio::test]
async fn status_toggles_or_goes_where_it_is_told() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    for (body, status, until) in [
        (json!({}), "resolved", json!(null)),
        (json!({}), "open", json!(null)),
        (json!({"status": "pending"}), "pending", json!(null)),
        (
            json!({"status": "snoozed", "snoozed_until": 1_773_200_000}),
            "snoozed",
            json!("2026-03-11T03:33:20.000Z"),
        ),
        (json!({"status": "open"}), "open", json!(null)),
    ] {
        let answer = office
            .admin
            .post("/conversations/1/toggle_status", &body)
            .await;
        let expected = json!({
            "meta": {},
            "payload": {"success": true, "conversation_id": 1, "current_status": status, "snoozed_until": until}
        });
        assert_eq!(answer.pair(), (200, expected), "{body}");
        assert_eq!(
            office.admin.get("/conversations/1").await.json()["status"],
            status
        );
    }
    let messages = office.admin.get("/conversations/1/messages").await.json();
    assert_eq!(
        contents(&messages),
        [
            "Conversation was marked resolved by John Doe 1",
            "Conversation was reopened by John Doe 1",
            "Conversation was marked as pending by John Doe 1",
            "Conversation was snoozed by John Doe 1",
            "Conversation was reopened by John Doe 1",
        ]
    );
    assert_eq!(messages["payload"][0]["message_type"], 2);
    assert_eq!(messages["payload"][0].get("sender"), None);
    let wrong = json!({"status": "done"});
    assert_eq!(
        office
            .admin
            .post("/conversations/1/toggle_status", &wrong)
            .await
            .pair(),
        (422, json!({"error": "'done' is not a valid status"}))
    );
}

#[tokio::test]
async fn an_agent_who_opens_takes_the_conversation_and_an_administrator_does_not() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let resolved = json!({"status": "resolved"});
    let open = json!({"status": "open"});
    office
        .admin
        .post("/conversations/1/toggle_status", &resolved)
        .await;
    office
        .admin
        .post("/conversations/1/toggle_status", &open)
        .await;
    assert_eq!(
        office.admin.get("/conversations/1").await.json()["meta"].get("assignee"),
        None
    );
    office
        .agent
        .post("/conversations/1/toggle_status", &resolved)
        .await;
    office
        .agent
        .post("/conversations/1/toggle_status", &open)
        .await;
    let shown = office.admin.get("/conversations/1").await.json();
    assert_eq!(shown["meta"]["assignee"]["id"], office.jane.id.0);
    assert_eq!(
        shown["messages"][0]["content"],
        "Jane Doe 1 self-assigned this conversation"
    );
}

#[tokio::test]
async fn a_repeated_toggle_is_done_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let path = "/conversations/1/toggle_status";
    let first = office.admin.post_once("k", path, &json!({})).await;
    assert_eq!(
        office.admin.post_once("k", path, &json!({})).await.pair(),
        first.pair()
    );
    assert_eq!(
        office.admin.get("/conversations/1").await.json()["status"],
        "resolved"
    );
}

#[tokio::test]
async fn a_bot_hands_a_pending_conversation_over() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let bot = office.bot().await;
    office.contact("Pranav", "p-1").await;
    let begun = bot
        .post(
            "/conversations",
            &json!({"source_id": "p-1", "status": "pending"}),
        )
        .await;
    assert_eq!(
        (begun.status.as_u16(), &begun.json()["status"]),
        (200, &json!("pending"))
    );
    let said = bot
        .post(
            "/conversations/1/messages",
            &json!({"content": "One moment"}),
        )
        .await;
    assert_eq!(
        said.json()["sender"],
        json!({"id": 1, "name": "Robo", "avatar_url": "", "type": "agent_bot"})
    );
    let over = bot
        .post("/conversations/1/toggle_status", &json!({"status": "open"}))
        .await
        .json();
    assert_eq!(over["payload"]["success"], json!(null));
    assert_eq!(over["payload"]["current_status"], "open");
}

#[tokio::test]
async fn a_reply_window_ends() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = NewInbox {
        additional_attributes: json!({"agent_reply_time_window": 24}).into(),
        ..NewInbox::new("Window", Channel::General)
    };
    let inbox: InboxId = store::inboxes::create(app.store(), office.account, new, None, app.now())
        .await
        .unwrap()
        .id;
    let contact = json!({"name": "Ann", "inbox_id": inbox.0, "source_id": "w"});
    office.admin.post("/contacts", &contact).await;
    office
        .admin
        .post("/conversations", &json!({"source_id": "w"}))
        .await;
    let can_reply = async || office.admin.get("/conversations/1").await.json()["can_reply"].clone();
    assert_eq!(can_reply().await, json!(false));
    let incoming = json!({"content": "Hello", "message_type": "incoming"});
    office
        .admin
        .post("/conversations/1/messages", &incoming)
        .await;
    assert_eq!(can_reply().await, json!(true));
    app.advance(TimeDelta::hours(24));
    assert_eq!(can_reply().await, json!(false));
}

#[tokio::test]
async fn a_conversation_with_somebody_who_is_blocked_begins_resolved() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let contact = office.contact("Pranav", "p-1").await;
    let path = format!("/contacts/{contact}");
    let blocked = office.admin.patch(&path, &json!({"blocked": true})).await;
    assert_eq!(blocked.json()["payload"]["blocked"], true);
    let begun = office
        .admin
        .post("/conversations", &json!({"source_id": "p-1"}))
        .await;
    assert_eq!(begun.json()["status"], "resolved");
}
