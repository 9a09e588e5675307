//! What becomes of a message after it was posted.

use axum::http::Method;
use quartet::model::{Channel, FileType, MessageKind, NewAttachment};
use quartet::store;
use quartet::store::inboxes::NewInbox;
use quartet::store::messages::{From, NewMessage};
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

const MESSAGES: &str = "/conversations/1/messages";
const FIRST: &str = "/conversations/1/messages/1";

/// Kinds of the account's events, oldest first, with the status and text of their messages.
async fn updates(app: &TestApp) -> Vec<(String, String)> {
    use sqlx::Row;
    let mut conn = app.database.connect().await;
    let rows = sqlx::query(
        "select snapshot -> 'message' ->> 'status' as status, snapshot -> 'message' ->> 'content' as content
         from events where kind = 'message.updated' order by id",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    rows.iter()
        .map(|row| (row.get("status"), row.get("content")))
        .collect()
}

#[tokio::test]
async fn the_system_behind_an_inbox_reports_how_far_a_message_got() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let posted = json!({"content": "Hi", "content_attributes": {"a": 1}});
    let mut message = office.agent.post(MESSAGES, &posted).await.json();
    for (method, body, status, attributes) in [
        (
            Method::PATCH,
            json!({"status": "delivered"}),
            "delivered",
            json!({"a": 1}),
        ),
        (
            Method::PUT,
            json!({"status": "read", "content": "ignored"}),
            "read",
            json!({"a": 1}),
        ),
        (
            Method::PATCH,
            json!({"status": "delivered"}),
            "read",
            json!({"a": 1}),
        ),
        (
            Method::PATCH,
            json!({"status": "lost"}),
            "read",
            json!({"a": 1}),
        ),
        (Method::PATCH, json!({}), "read", json!({"a": 1})),
        (
            Method::PATCH,
            json!({"status": "failed", "external_error": "131026: gone"}),
            "failed",
            json!({"a": 1, "external_error": "131026: gone"}),
        ),
        (
            Method::PATCH,
            json!({"status": "sent", "external_error": "x"}),
            "sent",
            json!({"a": 1}),
        ),
    ] {
        message["status"] = json!(status);
        message["content_attributes"] = attributes;
        let answer = office.agent.call(method, FIRST, &body).await;
        assert_eq!(answer.pair(), (200, message.clone()), "{body}");
    }
    let statuses: Vec<String> = updates(&app)
        .await
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    assert_eq!(statuses, ["delivered", "read", "failed", "sent"]);
}

#[tokio::test]
async fn elsewhere_nobody_reports_how_far_a_message_got() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let inbox = NewInbox::new("T", Channel::Telegram);
    let inbox = store::inboxes::create(app.store(), office.account, inbox, None, app.now());
    let inbox = inbox.await.unwrap().id.0;
    let contact = json!({"name": "Ann", "inbox_id": inbox, "source_id": "t"});
    office.admin.post("/contacts", &contact).await;
    let body = json!({"source_id": "t", "message": {"content": "Hi"}});
    office.admin.post("/conversations", &body).await;
    let refusal = json!({"error": "Message status update is only allowed for API inboxes"});
    let read = json!({"status": "read"});
    let answer = office.admin.call(Method::PATCH, FIRST, &read).await;
    assert_eq!(answer.pair(), (403, refusal));
}

#[tokio::test]
async fn a_message_that_is_taken_back_leaves_its_place() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let conversation = office.conversation("p-1").await;
    let conversation = quartet::model::ConversationId(conversation);
    let file = NewAttachment {
        name: "secret.txt".to_owned(),
        size_bytes: Some(3),
        ..NewAttachment::at(
            FileType::File,
            "text/plain",
            "https://example.org/secret.txt",
        )
    };
    let new = NewMessage {
        attachments: vec![file],
        ..NewMessage::text(MessageKind::Outgoing, From::Agent(office.jane.id), "Secret")
    };
    store::messages::post(
        app.store(),
        office.account,
        conversation,
        new,
        None,
        app.now(),
    )
    .await
    .unwrap();
    let files = office.agent.get("/conversations/1/attachments").await;
    assert_eq!(
        files.pair(),
        (
            200,
            json!({
                "meta": {"total_count": 1},
                "payload": [{
                    "account_id": 1, "content_type": "text/plain", "data_url": "https://example.org/secret.txt",
                    "extension": "txt", "file_size": 3, "file_type": "file", "height": null, "id": 1,
                    "message_id": 1, "thumb_url": "", "width": null
                }]
            })
        )
    );
    let before = office.agent.get(MESSAGES).await.json()["payload"][0].take();
    let mut deleted = before.clone();
    deleted.as_object_mut().unwrap().remove("attachments");
    deleted["content"] = json!("This message was deleted");
    deleted["content_attributes"] = json!({"deleted": true});
    for _ in 0..2 {
        let answer = office.agent.call(Method::DELETE, FIRST, &json!({})).await;
        assert_eq!(answer.pair(), (200, deleted.clone()));
    }
    let told = updates(&app).await;
    assert_eq!(
        told,
        [("sent".to_owned(), "This message was deleted".to_owned())]
    );
    let files = office.agent.get("/conversations/1/attachments").await;
    assert_eq!(
        files.json(),
        json!({"meta": {"total_count": 0}, "payload": []})
    );

    // It stays taken back, whatever is tried.
    let again = office
        .agent
        .post(&format!("{FIRST}/retry"), &json!({}))
        .await;
    assert_eq!(again.pair(), (200, deleted));
}

#[tokio::test]
async fn a_message_is_sent_again_as_if_nothing_had_become_of_it() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let mut message = office
        .agent
        .post(MESSAGES, &json!({"content": "Hi"}))
        .await
        .json();
    let failed = json!({"status": "failed", "external_error": "no"});
    let answer = office.agent.call(Method::PATCH, FIRST, &failed).await;
    assert_eq!(answer.json()["status"], "failed");
    message["content_attributes"] = json!({});
    let retried = office
        .agent
        .post(&format!("{FIRST}/retry"), &json!({}))
        .await;
    assert_eq!(retried.pair(), (200, message));
    let statuses: Vec<String> = updates(&app)
        .await
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    assert_eq!(statuses, ["failed", "sent"]);
}

#[tokio::test]
async fn messages_that_are_not_there_are_refused_and_so_are_strangers() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    office.conversation("p-2").await;
    office.agent.post(MESSAGES, &json!({"content": "Hi"})).await;
    let unknown = (404, json!({"error": "Resource could not be found"}));
    for path in [
        "/conversations/1/messages/99",
        "/conversations/2/messages/1",
        "/conversations/1/messages/x",
    ] {
        for method in [Method::PATCH, Method::DELETE] {
            let answer = office
                .agent
                .call(method, path, &json!({"status": "read"}))
                .await;
            assert_eq!(answer.pair(), unknown, "{path}");
        }
        assert_eq!(
            office
                .agent
                .post(&format!("{path}/retry"), &json!({}))
                .await
                .pair(),
            (422, json!({"error": "Couldn't find Message"}))
        );
    }
    let elsewhere = office
        .agent
        .post("/conversations/9/messages/1/retry", &json!({}))
        .await;
    assert_eq!(elsewhere.pair(), unknown);
    let outsider = office
        .outsider
        .call(Method::DELETE, FIRST, &json!({}))
        .await;
    assert_eq!(
        outsider.pair(),
        (
            401,
            json!({"error": "You are not authorized to do this action"})
        )
    );
    let bot = office
        .bot()
        .await
        .call(Method::DELETE, FIRST, &json!({}))
        .await;
    assert_eq!(
        bot.pair(),
        (
            401,
            json!({"error": "Access to this endpoint is not authorized for bots"})
        )
    );
    let kept: Value = office.agent.get(MESSAGES).await.json();
    assert_eq!(kept["payload"][0]["content"], "Hi");
}
