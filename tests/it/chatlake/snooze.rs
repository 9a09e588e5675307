//! Conversations that are put off come back when it is time.

use chrono::TimeDelta;
use quartet::store::conversation_status::wake_due;
use serde_json::json;

use super::{Office, contents};
use crate::app::TestApp;

#[tokio::test]
async fn a_conversation_that_was_put_off_comes_back_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    office.conversation("p-2").await;
    let until = app.now().timestamp() + 3600;
    let snooze = json!({"status": "snoozed", "snoozed_until": until});
    let answer = office
        .admin
        .post("/conversations/1/toggle_status", &snooze)
        .await;
    assert_eq!(
        answer.json()["payload"],
        json!({
            "conversation_id": 1, "current_status": "snoozed", "snoozed_until": "2026-03-10T13:00:00.000Z",
            "success": true
        })
    );
    // Until its contact writes, whenever that is.
    office
        .admin
        .post(
            "/conversations/2/toggle_status",
            &json!({"status": "snoozed"}),
        )
        .await;
    app.advance(TimeDelta::seconds(3599));
    assert_eq!(wake_due(app.store(), app.now(), 10).await.unwrap(), 0);
    app.advance(TimeDelta::seconds(1));
    let second = app.database.store();
    let both = tokio::join!(
        wake_due(app.store(), app.now(), 10),
        wake_due(&second, app.now(), 10)
    );
    assert_eq!(both.0.unwrap() + both.1.unwrap(), 1);
    assert_eq!(wake_due(app.store(), app.now(), 10).await.unwrap(), 0);

    let shown = office.admin.get("/conversations/1").await.json();
    assert_eq!(
        (&shown["status"], &shown["snoozed_until"]),
        (&json!("open"), &json!(null))
    );
    let said = office.admin.get("/conversations/1/messages").await.json();
    assert_eq!(
        contents(&said),
        [
            "Conversation was snoozed by John Doe 1",
            "Conversation was reopened by System"
        ]
    );
    let asleep = office.admin.get("/conversations/2").await.json();
    assert_eq!(asleep["status"], "snoozed");
}

#[tokio::test]
async fn one_that_is_put_off_further_stays_away() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("p-1").await;
    let now = app.now().timestamp();
    for until in [now + 60, now + 7200] {
        let snooze = json!({"status": "snoozed", "snoozed_until": until});
        office
            .admin
            .post("/conversations/1/toggle_status", &snooze)
            .await;
    }
    app.advance(TimeDelta::seconds(3600));
    assert_eq!(wake_due(app.store(), app.now(), 10).await.unwrap(), 0);
    app.advance(TimeDelta::seconds(3600));
    assert_eq!(wake_due(app.store(), app.now(), 10).await.unwrap(), 1);
}
