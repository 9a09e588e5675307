//! Answers that agents keep at hand.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

#[tokio::test]
async fn any_agent_keeps_changes_and_deletes_answers() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"canned_response": {"short_code": "hi", "content": "Hello {{contact.name}}"}});
    let made = office.agent.post("/canned_responses", &new).await;
    let mut expected = json!({
        "id": 1, "account_id": office.account.0, "short_code": "hi", "content": "Hello {{contact.name}}",
        "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z"
    });
    assert_eq!(made.pair(), (200, expected.clone()));
    assert_eq!(
        office.outsider.get("/canned_responses").await.pair(),
        (200, json!([expected]))
    );
    app.advance(TimeDelta::minutes(1));
    let patch = json!({"content": "Hello"});
    let changed = office
        .agent
        .call(Method::PATCH, "/canned_responses/1", &patch)
        .await;
    expected["content"] = json!("Hello");
    expected["updated_at"] = json!("2026-03-10T12:01:00.000Z");
    assert_eq!(changed.pair(), (200, expected.clone()));
    let put = office
        .agent
        .call(Method::PUT, "/canned_responses/1", &patch)
        .await;
    assert_eq!(put.pair(), (200, expected));
    let deleted = office
        .agent
        .call(Method::DELETE, "/canned_responses/1", &json!({}))
        .await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (200, ""));
    let again = office
        .agent
        .call(Method::DELETE, "/canned_responses/1", &json!({}))
        .await;
    assert_eq!(
        again.pair(),
        (404, json!({"error": "Resource could not be found"}))
    );
    assert_eq!(office.agent.get("/canned_responses/1").await.status, 405);
}

#[tokio::test]
async fn a_search_puts_short_codes_that_begin_with_it_first() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for (short_code, content) in [
        ("price", "Have a look at our offer, 100% free"),
        ("my_offer", "..."),
        ("Offer", "..."),
        ("bye", "See you"),
    ] {
        let new = json!({"short_code": short_code, "content": content});
        office.admin.post("/canned_responses", &new).await;
    }
    let found = async |text: &str| -> Vec<String> {
        let path = format!("/canned_responses?search={text}");
        let list: Value = office.agent.get(&path).await.json();
        let codes = list.as_array().unwrap().iter();
        codes
            .map(|one| one["short_code"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(found("oFFer").await, ["Offer", "my_offer", "price"]);
    assert_eq!(found("%25").await, ["price"]);
    assert_eq!(found("_").await, ["my_offer"]);
    assert_eq!(found("nothing").await, [] as [&str; 0]);
    assert_eq!(found("").await.len(), 4);
}

#[tokio::test]
async fn an_answer_that_does_not_hold_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office
        .admin
        .post(
            "/canned_responses",
            &json!({"short_code": "hi", "content": "x"}),
        )
        .await;
    for (body, message, attributes) in [
        (
            json!({"short_code": "", "content": " "}),
            "Content can't be blank, Short code can't be blank",
            json!(["content", "short_code"]),
        ),
        (
            json!({"content": "x"}),
            "Short code can't be blank",
            json!(["short_code"]),
        ),
        (
            json!({"short_code": "hi", "content": "y"}),
            "Short code has already been taken",
            json!(["short_code"]),
        ),
        (
            json!({"short_code": "a".repeat(256), "content": "y"}),
            "Short code is too long (maximum is 255 characters)",
            json!(["short_code"]),
        ),
        (
            json!({"short_code": "a", "content": "y".repeat(20_001)}),
            "Content is too long (maximum is 20000 characters)",
            json!(["content"]),
        ),
    ] {
        let answer = office.admin.post("/canned_responses", &body).await;
        let expected = json!({"message": message, "attributes": attributes});
        assert_eq!(answer.pair(), (422, expected));
    }
    let missing = json!({"error": "param is missing or the value is empty: canned_response"});
    assert_eq!(
        office
            .admin
            .post("/canned_responses", &json!({}))
            .await
            .pair(),
        (422, missing)
    );
}
