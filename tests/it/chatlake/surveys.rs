//! Ratings that an inbox asks for when a conversation is resolved.

use serde_json::{Value, json};

use super::{Office, contents};
use crate::app::TestApp;
use crate::receiver::Receiver;

/// What an inbox is to do when conversations are resolved.
async fn set(office: &Office<'_>, inbox: &Value) {
    let path = format!("/inboxes/{}", office.inbox);
    let answer = office.admin.patch(&path, inbox).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn turn(office: &Office<'_>, conversation: i64, status: &str) {
    let path = format!("/conversations/{conversation}/toggle_status");
    let answer = office.admin.post(&path, &json!({"status": status})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The messages of a conversation that ask for a rating.
async fn questions(office: &Office<'_>, conversation: i64) -> Vec<Value> {
    let path = format!("/conversations/{conversation}/messages");
    let mut list = office.admin.get(&path).await.json();
    let mut messages = std::mem::take(list["payload"].as_array_mut().unwrap());
    messages.retain(|message| message["content_type"] == "input_csat");
    messages
}

#[tokio::test]
async fn a_resolved_conversation_asks_for_a_rating_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    turn(&office, 1, "resolved").await;
    assert_eq!(questions(&office, 1).await, [json!(null); 0]);
    turn(&office, 1, "open").await;
    set(&office, &json!({"csat_survey_enabled": true})).await;
    for status in ["resolved", "resolved", "open", "resolved"] {
        turn(&office, 1, status).await;
    }
    assert_eq!(
        questions(&office, 1).await,
        [json!({
            "content": "Please rate this conversation", "content_attributes": {"display_type": "emoji"},
            "content_type": "input_csat", "conversation_id": 1, "created_at": 1_773_144_000, "id": 4,
            "inbox_id": office.inbox.0, "message_type": 3, "private": false, "source_id": null, "status": "sent"
        })]
    );
    let said = office.admin.get("/conversations/1/messages").await.json();
    assert_eq!(
        contents(&said)[2..4],
        [
            "Conversation was marked resolved by John Doe 1",
            "Please rate this conversation"
        ]
    );
}

#[tokio::test]
async fn an_inbox_says_how_it_asks_and_whom() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for source_id in ["p-1", "p-2"] {
        office.conversation(source_id).await;
    }
    let labels = json!({"labels": ["vip"]});
    office.admin.post("/conversations/1/labels", &labels).await;
    let rules = json!({"operator": "contains", "values": ["vip"]});
    let config = json!({"display_type": "star", "message": "Were we nice?", "survey_rules": rules});
    set(
        &office,
        &json!({"csat_survey_enabled": true, "csat_config": config}),
    )
    .await;
    for conversation in [1, 2] {
        turn(&office, conversation, "resolved").await;
    }
    let asked = questions(&office, 1).await;
    assert_eq!(asked[0]["content"], "Were we nice?");
    assert_eq!(
        asked[0]["content_attributes"],
        json!({"display_type": "star"})
    );
    assert_eq!(questions(&office, 2).await, [json!(null); 0]);
}

#[tokio::test]
async fn nobody_is_asked_who_cannot_be_answered_any_more() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let window = json!({"additional_attributes": {"agent_reply_time_window": 1}});
    set(
        &office,
        &json!({"csat_survey_enabled": true, "channel": window}),
    )
    .await;
    turn(&office, 1, "resolved").await;
    assert_eq!(questions(&office, 1).await, [json!(null); 0]);
}

#[tokio::test]
async fn a_webhook_is_told_where_the_rating_is_given() {
    let config = "[http]\npublic_url = \"https://chat.example.org\"\n[outbound]\nallow = [\"127.0.0.0/8\"]\n";
    let app = TestApp::with(config).await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    set(&office, &json!({"csat_survey_enabled": true})).await;
    let receiver = Receiver::start().await;
    let hook = json!({"url": receiver.url, "subscriptions": ["message_created"]});
    office.admin.post("/webhooks", &hook).await;
    turn(&office, 1, "resolved").await;
    app.drain_webhooks().await;
    let told = receiver.take().pop().unwrap().json();
    let uuid = office.admin.get("/conversations/1").await.json()["uuid"].clone();
    assert_eq!(
        told["content"],
        format!(
            "Please rate this conversation https://chat.example.org/survey/responses/{}",
            uuid.as_str().unwrap()
        )
    );
    assert_eq!(told["message_type"], "template");
    assert_eq!(told["sender"], json!(null));
    assert_eq!(
        questions(&office, 1).await[0]["content"],
        "Please rate this conversation"
    );
}

#[tokio::test]
async fn the_page_asks_only_where_there_is_a_question_and_runs_only_its_own_script() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let uuid = office.admin.get("/conversations/1").await.json()["uuid"].clone();
    let path = format!("/survey/responses/{}", uuid.as_str().unwrap());
    let nothing = json!({"status": 404, "error": "Not Found"});
    for path in [path.as_str(), "/survey/responses/nonsense"] {
        assert_eq!(app.get(path).await.pair(), (404, nothing.clone()), "{path}");
    }
    set(&office, &json!({"csat_survey_enabled": true})).await;
    turn(&office, 1, "resolved").await;
    let page = app.get(&path).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap().to_owned();
    let nonce = policy
        .split('\'')
        .find_map(|word| word.strip_prefix("nonce-"));
    let nonce = nonce.unwrap();
    assert!(policy.starts_with(&format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'"
    )));
    assert!(page.text().contains(&format!("<script nonce=\"{nonce}\">")));
    assert_eq!(page.text().matches("<script").count(), 1);
    assert!(!page.text().contains("NONCE"));
    let again = app.get(&path).await;
    assert_ne!(
        again.header("content-security-policy"),
        Some(policy.as_str())
    );
    assert_eq!(app.get(&format!("/chatlake{path}")).await.status, 200);
}
