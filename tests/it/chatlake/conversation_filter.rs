//! The filter language, as conversations are picked by it.

use chrono::TimeDelta;
use quartet::model::Channel;
use serde_json::{Value, json};

use super::Office;
use super::contact_filter::define;
use crate::app::TestApp;

/// Three conversations, a day apart: 1 is Jane's and labelled, 2 resolved, 3 in another inbox.
async fn three(office: &Office<'_>) {
    let other = office
        .app
        .inbox(office.account, Channel::General)
        .await
        .id
        .0;
    for (source_id, inbox, fields) in [
        (
            "s-1",
            office.inbox.0,
            json!({
                "assignee_id": office.jane.id.0, "custom_attributes": {"plan": "gold", "seats": 3},
                "additional_attributes": {
                    "referer": "https://example.org/Pricing", "conversation_language": "sv", "mail_subject": "Hello",
                    "browser": {"browser_language": "en"}
                }
            }),
        ),
        ("s-2", office.inbox.0, json!({"status": "resolved"})),
        (
            "s-3",
            other,
            json!({"custom_attributes": {"plan": "silver"}}),
        ),
    ] {
        let contact = json!({"name": source_id, "inbox_id": inbox, "source_id": source_id});
        office.admin.post("/contacts", &contact).await;
        let mut body = fields;
        body["source_id"] = json!(source_id);
        assert_eq!(office.admin.post("/conversations", &body).await.status, 200);
        office.app.advance(TimeDelta::days(1));
    }
    let now = office.app.now();
    let id = quartet::model::ConversationId(1);
    let labels = vec!["vip".to_owned()];
    quartet::store::labels::add_to_conversation(
        office.app.store(),
        office.account,
        id,
        labels,
        now,
    )
    .await
    .unwrap();
    let mut conn = office.app.database.connect().await;
    sqlx::query("update conversations set priority = 'high' where id = 2")
        .execute(&mut conn)
        .await
        .unwrap();
    define(office, "conversation_attribute").await;
}

fn one(key: &str, operator: &str, values: &Value) -> Value {
    json!({"payload": [{"attribute_key": key, "filter_operator": operator, "values": values}]})
}

fn ids(list: &Value) -> String {
    let page = list["payload"].as_array().unwrap();
    page.iter()
        .map(|conversation| conversation["id"].to_string())
        .collect()
}

#[tokio::test]
async fn every_key_is_asked_by_every_operator_it_has() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    three(&office).await;
    let none = json!([]);
    let jane = office.jane.id.0;
    for (key, operator, values, expected) in [
        ("status", "equal_to", json!(["open"]), "31"),
        ("status", "equal_to", json!(["open", "resolved"]), "321"),
        ("status", "equal_to", json!(["all"]), "321"),
        ("status", "not_equal_to", json!(["open"]), "2"),
        ("assignee_id", "equal_to", json!([jane]), "1"),
        (
            "assignee_id",
            "equal_to",
            json!([jane.to_string(), 99]),
            "1",
        ),
        ("assignee_id", "not_equal_to", json!([jane]), "32"),
        ("assignee_id", "is_present", none.clone(), "1"),
        ("assignee_id", "is_not_present", none.clone(), "32"),
        ("inbox_id", "equal_to", json!([office.inbox.0]), "21"),
        ("inbox_id", "is_present", none.clone(), "321"),
        ("team_id", "is_present", none.clone(), ""),
        ("contact_id", "equal_to", json!([1, 3]), "31"),
        ("priority", "equal_to", json!(["high", "low"]), "2"),
        ("priority", "not_equal_to", json!(["high"]), "31"),
        ("display_id", "equal_to", json!([2]), "2"),
        ("display_id", "not_equal_to", json!(["2"]), "31"),
        ("display_id", "contains", json!([3]), "3"),
        ("display_id", "does_not_contain", json!([3]), "21"),
        ("campaign_id", "equal_to", json!([1]), ""),
        ("campaign_id", "is_not_present", none.clone(), "321"),
        ("labels", "equal_to", json!(["vip"]), "1"),
        ("labels", "not_equal_to", json!(["vip"]), "32"),
        ("labels", "is_present", none.clone(), "1"),
        ("labels", "is_not_present", none.clone(), "32"),
        ("browser_language", "equal_to", json!(["en"]), "1"),
        ("browser_language", "not_equal_to", json!(["en"]), "32"),
        ("conversation_language", "equal_to", json!(["sv"]), "1"),
        ("referer", "contains", json!(["pricing"]), "1"),
        ("referer", "does_not_contain", json!(["pricing"]), "32"),
        ("mail_subject", "equal_to", json!(["hello"]), "1"),
        ("created_at", "is_greater_than", json!(["2026-03-11"]), "32"),
        (
            "created_at",
            "is_less_than",
            json!(["2026-03-11T12:00:00Z"]),
            "1",
        ),
        ("created_at", "days_before", json!([1]), "21"),
        (
            "last_activity_at",
            "is_greater_than",
            json!(["2026-03-11"]),
            "32",
        ),
        ("plan", "equal_to", json!(["Gold"]), "1"),
        ("plan", "is_not_present", none.clone(), "2"),
        ("seats", "is_greater_than", json!([2]), "1"),
    ] {
        let body = one(key, operator, &values);
        let answer = office.admin.post("/conversations/filter", &body).await;
        assert_eq!(answer.status, 200, "{body} {}", answer.text());
        assert_eq!(ids(&answer.json()), expected, "{body}");
    }
}

#[tokio::test]
async fn the_answer_counts_and_shows_what_the_caller_may_look_into() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    three(&office).await;
    let all = json!({"payload": []});
    let found = office
        .agent
        .post("/conversations/filter", &all)
        .await
        .json();
    assert_eq!(
        found["meta"],
        json!({"mine_count": 1, "unassigned_count": 1, "all_count": 2})
    );
    assert_eq!(ids(&found), "21");
    assert_eq!(
        found["payload"][0],
        office.agent.get("/conversations/2").await.json()
    );
    let nothing =
        json!({"meta": {"mine_count": 0, "unassigned_count": 0, "all_count": 0}, "payload": []});
    assert_eq!(
        office
            .outsider
            .post("/conversations/filter", &all)
            .await
            .pair(),
        (200, nothing)
    );
    let other_inbox = one("inbox_id", "equal_to", &json!([2]));
    assert_eq!(
        ids(&office
            .agent
            .post("/conversations/filter", &other_inbox)
            .await
            .json()),
        ""
    );
}

#[tokio::test]
async fn a_page_holds_twenty_five() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann", "a-1").await;
    for _ in 0..27 {
        office
            .admin
            .post("/conversations", &json!({"source_id": "a-1"}))
            .await;
    }
    let open = one("status", "equal_to", &json!(["open"]));
    let first = office
        .admin
        .post("/conversations/filter", &open)
        .await
        .json();
    assert_eq!(first["payload"].as_array().unwrap().len(), 25);
    assert_eq!(first["meta"]["all_count"], 27);
    let second = office
        .admin
        .post("/conversations/filter?page=2", &open)
        .await
        .json();
    assert_eq!(ids(&second), "21");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_a_sentence() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let value = |key: &str| format!("Invalid value. The values provided for {key} are invalid");
    for (key, operator, values, sentence) in [
        ("status", "contains", json!(["x"]), "Invalid operator. The allowed operators for status are [equal_to,not_equal_to].".to_owned()),
        ("status", "equal_to", json!(["closed"]), value("status")),
        ("priority", "equal_to", json!(["very"]), value("priority")),
        ("assignee_id", "equal_to", json!(["me"]), value("assignee_id")),
        ("inbox_id", "equal_to", json!(["9223372036854775808"]), value("inbox_id")),
        (
            "name",
            "equal_to",
            json!(["x"]),
            "Invalid attribute key - [name]. The key should be one of [status,assignee_id,inbox_id,team_id,contact_id,\
             priority,display_id,campaign_id,labels,browser_language,conversation_language,referer,created_at,\
             last_activity_at,mail_subject] or a custom attribute defined in the account."
                .to_owned(),
        ),
    ] {
        let answer = office.agent.post("/conversations/filter", &one(key, operator, &values)).await;
        assert_eq!(answer.pair(), (422, json!({"error": sentence})), "{key}");
    }
    let missing = json!({"error": "param is missing or the value is empty: payload"});
    assert_eq!(
        office
            .agent
            .post("/conversations/filter", &json!({}))
            .await
            .pair(),
        (422, missing)
    );
}

#[tokio::test]
async fn conversations_are_picked_by_what_is_kept_of_their_contacts() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for model in ["contact_attribute", "conversation_attribute"] {
        let defined = json!({
            "attribute_display_name": "Plan", "attribute_key": "plan", "attribute_model": model,
            "attribute_display_type": "text"
        });
        let path = "/custom_attribute_definitions";
        assert_eq!(office.admin.post(path, &defined).await.status, 200);
    }
    for (source_id, plan) in [("a-1", "gold"), ("b-1", "basic")] {
        let id = office.contact("Ann", source_id).await;
        let kept = json!({"custom_attributes": {"plan": plan}});
        office.admin.patch(&format!("/contacts/{id}"), &kept).await;
        let begun = json!({"source_id": source_id, "custom_attributes": {"plan": "gold"}});
        office.admin.post("/conversations", &begun).await;
    }
    let mut gold = one("plan", "equal_to", &json!(["gold"]));
    for (kind, found) in [
        (json!(null), "21"),
        (json!("conversation_attribute"), "21"),
        (json!("contact_attribute"), "1"),
        (json!("smoke"), "21"),
    ] {
        gold["payload"][0]["custom_attribute_type"] = kind.clone();
        let list = office.agent.post("/conversations/filter", &gold).await;
        assert_eq!(ids(&list.json()), found, "{kind}");
    }
    let mut unknown = one("size", "equal_to", &json!(["l"]));
    unknown["payload"][0]["custom_attribute_type"] = json!("contact_attribute");
    let answer = office.agent.post("/conversations/filter", &unknown).await;
    assert_eq!(answer.status, 422);
}
