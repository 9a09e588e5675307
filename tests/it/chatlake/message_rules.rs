//! What becomes of a message on its way in: whose it is, what it answers, what stands in its placeholders, how many.

use chrono::TimeDelta;
use quartet::model::{ConversationId, MessageKind};
use quartet::store;
use quartet::store::messages::{From, NewMessage};
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

const MESSAGES: &str = "/conversations/1/messages";

async fn posted(office: &Office<'_>, body: Value) -> Value {
    let answer = office.agent.post(MESSAGES, &body).await;
    assert_eq!(answer.status, 200, "{body} {}", answer.text());
    answer.json()
}

#[tokio::test]
async fn placeholders_are_filled_in_where_an_agent_writes() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann Ek", "p-1").await;
    let body = json!({
        "source_id": "p-1", "custom_attributes": {"order": 7},
        "message": {"content": "Welcome {{ contact.first_name }}"}
    });
    let begun = office.agent.post("/conversations", &body).await.json();
    assert_eq!(begun["messages"][0]["content"], "Welcome Ann");
    let rendered = async |kind: &str, content: &str| {
        let body = json!({"content": content, "message_type": kind});
        posted(&office, body).await["content"].take()
    };
    for (text, expected) in [
        ("Hi {{contact.name}}", "Hi Ann Ek"),
        (
            "{{ agent.name }}, {{ agent.available_name }}",
            "Jane Doe 1, Jane Doe 1",
        ),
        (
            "#{{conversation.display_id}} {{conversation.custom_attribute.order}}",
            "#1 7",
        ),
        ("{{ inbox.name }} {{ account.name }}", "Inbox Acme"),
        (
            "<{{ contact.email | default: 'no address' }}>",
            "<no address>",
        ),
        (
            "`{{contact.name}}` is {{contact.name}}",
            "`{{contact.name}}` is Ann Ek",
        ),
        (
            "{% if contact %}{{ contact.name }}{% endif %}",
            "{% if contact %}{{ contact.name }}{% endif %}",
        ),
        ("{{ contact.name", "{{ contact.name"),
    ] {
        assert_eq!(rendered("outgoing", text).await, expected);
    }
    assert_eq!(rendered("template", "{{contact.name}}").await, "Ann Ek");
    assert_eq!(
        rendered("incoming", "{{contact.name}}").await,
        "{{contact.name}}"
    );
}

#[tokio::test]
async fn a_message_names_the_one_it_answers_by_both_ids_or_by_neither() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    office.conversation("p-2").await;
    let question = json!({"content": "Q", "message_type": "incoming", "source_id": "WAID:1"});
    posted(&office, question).await;
    let elsewhere = json!({"content": "X", "source_id": "WAID:2"});
    office
        .agent
        .post("/conversations/2/messages", &elsewhere)
        .await;
    let both = json!({"in_reply_to": 1, "in_reply_to_external_id": "WAID:1"});
    let neither = json!({"in_reply_to": null, "in_reply_to_external_id": null});
    for (asked, answered) in [
        (json!({"in_reply_to": 1}), &both),
        (json!({"in_reply_to": "1"}), &both),
        (json!({"in_reply_to_external_id": "WAID:1"}), &both),
        (
            json!({"in_reply_to": null, "in_reply_to_external_id": "WAID:1"}),
            &both,
        ),
        (json!({"in_reply_to": 2}), &neither),
        (json!({"in_reply_to": 99}), &neither),
        (json!({"in_reply_to": {}}), &neither),
        (json!({"in_reply_to_external_id": "WAID:2"}), &neither),
        (json!({}), &json!({})),
    ] {
        let message = posted(
            &office,
            json!({"content": "A", "content_attributes": asked}),
        )
        .await;
        assert_eq!(&message["content_attributes"], answered, "{asked}");
    }
}

#[tokio::test]
async fn an_import_keeps_the_time_at_which_it_was_said() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let at = app.now().timestamp() - 86_400;
    for (moment, expected) in [
        (json!(at), at),
        (json!("2026-03-01T12:00:00Z"), 1_772_366_400),
        (json!(at + 999_999), app.now().timestamp()),
    ] {
        let body =
            json!({"content": "x", "message_type": "incoming", "external_created_at": moment});
        assert_eq!(posted(&office, body).await["created_at"], expected);
    }
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(shown["last_activity_at"], app.now().timestamp());
    let wrong = json!({"content": "x", "external_created_at": "yesterday"});
    assert_eq!(
        office.agent.post(MESSAGES, &wrong).await.pair(),
        (
            422,
            json!({"error": "external_created_at: a time is expected"})
        )
    );
}

#[tokio::test]
async fn a_caller_may_lend_its_voice_to_a_bot() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    office.bot().await;
    let body = json!({"content": "x", "sender_type": "AgentBot", "sender_id": "1"});
    assert_eq!(
        posted(&office, body).await["sender"],
        json!({"avatar_url": "", "id": 1, "name": "Robo", "type": "agent_bot"})
    );
    let other_account = app.account().await;
    let new = store::bots::NewBot {
        id: None,
        name: "Other".to_owned(),
        description: String::new(),
        avatar_url: String::new(),
    };
    let other = store::bots::create(app.store(), other_account, new, None, app.now());
    let other = other.await.unwrap().id.0;
    for sender in [
        json!({"content": "x", "sender_type": "AgentBot", "sender_id": other}),
        json!({"content": "x", "sender_type": "User", "sender_id": 1}),
    ] {
        assert_eq!(
            posted(&office, sender).await["sender"]["name"],
            "Jane Doe 1"
        );
    }
}

#[tokio::test]
async fn what_a_template_was_made_from_stands_beside_the_message() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let params = json!({"name": "hello", "language": "en"});
    let body = json!({"content": "x", "template_params": params, "campaign_id": 5});
    posted(&office, body).await;
    let shown = office.agent.get("/conversations/1").await.json();
    assert_eq!(
        shown["messages"][0]["additional_attributes"],
        json!({"campaign_id": 5, "template_params": params})
    );
}

#[tokio::test]
async fn a_conversation_takes_so_many_messages_a_minute() {
    let app = TestApp::with("[chatlake]\nmessages_per_conversation_per_minute = 3\n").await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let body = json!({"content": "x"});
    let first = office.agent.post_once("k", MESSAGES, &body).await;
    for _ in 0..2 {
        posted(&office, body.clone()).await;
    }
    assert_eq!(
        office.agent.post(MESSAGES, &body).await.pair(),
        (
            422,
            json!({"error": "Validation failed: Too many messages"})
        )
    );
    let again = office.agent.post_once("k", MESSAGES, &body).await;
    assert_eq!(again.pair(), first.pair(), "a repeat is answered");
    app.advance(TimeDelta::seconds(60));
    posted(&office, body).await;

    // What was said long ago does not count.
    office.conversation("p-2").await;
    let old = json!({"content": "x", "external_created_at": 1_700_000_000});
    for _ in 0..5 {
        let answer = office.agent.post("/conversations/2/messages", &old).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn two_hundred_messages_a_minute_are_the_limit_unless_somebody_says_otherwise() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let id = ConversationId(office.conversation("p-1").await);
    for _ in 0..199 {
        let new = NewMessage::text(MessageKind::Outgoing, From::Agent(office.jane.id), "x");
        store::messages::post(app.store(), office.account, id, new, None, app.now())
            .await
            .unwrap();
    }
    let body = json!({"content": "x"});
    posted(&office, body.clone()).await;
    assert_eq!(office.agent.post(MESSAGES, &body).await.status, 422);
}
