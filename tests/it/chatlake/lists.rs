//! Lists of conversations: filters, sorting, paging, counts, and what they cost.

use chrono::TimeDelta;
use quartet::model::ConversationId;
use quartet::store;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

/// The ids of a page.
fn ids(list: &Value) -> Vec<i64> {
    let page = list["data"]["payload"].as_array().unwrap();
    page.iter()
        .map(|conversation| conversation["id"].as_i64().unwrap())
        .collect()
}

/// Four conversations, a minute apart: 1 is Jane's, 2 John's and answered, 3 labelled and resolved, 4 in another inbox.
async fn four(office: &Office<'_>) {
    for source_id in ["s-1", "s-2", "s-3"] {
        office.conversation(source_id).await;
        office.app.advance(TimeDelta::minutes(1));
    }
    let (app, account) = (office.app, office.account);
    let other = app
        .inbox(account, quartet::model::Channel::General)
        .await
        .id;
    let contact = json!({"name": "Ann", "inbox_id": other.0, "source_id": "s-4"});
    office.admin.post("/contacts", &contact).await;
    office
        .admin
        .post("/conversations", &json!({"source_id": "s-4"}))
        .await;
    let resolve = json!({"status": "resolved"});
    let open = json!({"status": "open"});
    office
        .agent
        .post("/conversations/1/toggle_status", &resolve)
        .await;
    office
        .agent
        .post("/conversations/1/toggle_status", &open)
        .await;
    office
        .admin
        .post("/conversations/2/messages", &json!({"content": "Hi"}))
        .await;
    office
        .admin
        .post("/conversations/3/toggle_status", &resolve)
        .await;
    let labels = vec!["vip".to_owned()];
    store::labels::add_to_conversation(app.store(), account, ConversationId(3), labels, app.now())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_list_is_filtered_and_sorted_as_it_is_asked() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    four(&office).await;
    for (query, found) in [
        ("", vec![4, 2, 1]),
        ("status=open", vec![4, 2, 1]),
        ("status=all", vec![4, 2, 3, 1]),
        ("status=resolved", vec![3]),
        ("status=all&assignee_type=assigned", vec![1]),
        ("assignee_type=unassigned", vec![4, 2]),
        ("assignee_type=me", vec![]),
        ("assignee_type=all", vec![4, 2, 1]),
        ("inbox_id=2", vec![4]),
        ("inbox_id=1&status=all", vec![2, 3, 1]),
        ("team_id=7", vec![]),
        ("status=all&labels[]=vip&labels[]=none", vec![3]),
        ("status=all&labels=none&labels=vip", vec![3]),
        ("source_id=s-2", vec![2]),
        ("updated_within=60", vec![4, 2, 1]),
        ("conversation_type=unattended&status=all", vec![4, 3, 1]),
        ("conversation_type=mention", vec![]),
        ("sort_by=created_at_asc", vec![1, 2, 4]),
        ("sort_by=created_at_desc", vec![4, 2, 1]),
        ("sort_by=last_activity_at_asc", vec![1, 2, 4]),
        ("sort_by=priority_desc", vec![4, 2, 1]),
        ("sort_by=waiting_since_asc", vec![1, 2, 4]),
        ("page=2", vec![]),
        ("page=9223372036854775807", vec![]),
    ] {
        let list = office.admin.get(&format!("/conversations?{query}")).await;
        assert_eq!(list.status, 200, "{query} {}", list.text());
        assert_eq!(ids(&list.json()), found, "{query}");
    }
    for wrong in [
        "status=done",
        "inbox_id=x",
        "page=x",
        "updated_within=99999999999999999999",
    ] {
        let list = office.admin.get(&format!("/conversations?{wrong}")).await;
        assert_eq!(list.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn counts_are_of_the_filter_but_not_of_the_assignee() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    four(&office).await;
    let counts =
        json!({"mine_count": 0, "assigned_count": 1, "unassigned_count": 2, "all_count": 3});
    let list = office
        .admin
        .get("/conversations?assignee_type=unassigned")
        .await
        .json();
    assert_eq!(list["data"]["meta"], counts);
    assert_eq!(
        office.admin.get("/conversations/meta").await.pair(),
        (200, json!({"meta": counts}))
    );
    assert_eq!(
        office
            .agent
            .get("/conversations/meta?status=all")
            .await
            .json(),
        json!({"meta": {"mine_count": 1, "assigned_count": 1, "unassigned_count": 2, "all_count": 3}})
    );
}

#[tokio::test]
async fn an_agent_lists_what_is_in_their_inboxes() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    four(&office).await;
    assert_eq!(
        ids(&office
            .agent
            .get("/conversations?status=all&sort_by=created_at_asc")
            .await
            .json()),
        [1, 2, 3]
    );
    assert_eq!(
        ids(&office
            .outsider
            .get("/conversations?status=all")
            .await
            .json()),
        [] as [i64; 0]
    );
}

#[tokio::test]
async fn pages_hold_twenty_five() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "p-1").await;
    for _ in 0..30 {
        office
            .admin
            .post("/conversations", &json!({"source_id": "p-1"}))
            .await;
    }
    let page = async |query: &str| {
        ids(&office
            .admin
            .get(&format!("/conversations?{query}"))
            .await
            .json())
    };
    assert_eq!(page("").await, (6..=30).rev().collect::<Vec<_>>());
    assert_eq!(page("page=2").await, (1..=5).rev().collect::<Vec<_>>());
    assert_eq!(page("updated_within=60").await.len(), 30);
}

#[tokio::test]
async fn a_list_shows_each_conversation_as_it_is_shown_alone() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    four(&office).await;
    let list = office
        .admin
        .get("/conversations?status=all&page=1")
        .await
        .json();
    for conversation in list["data"]["payload"].as_array().unwrap() {
        let alone = office
            .admin
            .get(&format!("/conversations/{}", conversation["id"]))
            .await
            .json();
        assert_eq!(*conversation, alone);
    }
}
