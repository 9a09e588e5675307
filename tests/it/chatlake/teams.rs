//! Teams.

use axum::http::Method;
use quartet::model::{ConversationId, TeamId};
use quartet::store;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

fn team(office: &Office<'_>, id: i64, name: &str) -> Value {
    json!({
        "id": id, "name": name, "description": null, "allow_auto_assign": true, "account_id": office.account.0,
        "is_member": false
    })
}

#[tokio::test]
async fn a_team_is_made_changed_and_deleted() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new =
        json!({"team": {"name": "Sales", "description": "Sell", "allow_auto_assign": "false"}});
    let made = office.admin.post("/teams", &new).await;
    let mut expected = team(&office, 1, "sales");
    expected["description"] = json!("Sell");
    expected["allow_auto_assign"] = json!(false);
    assert_eq!(made.pair(), (200, expected.clone()));
    assert_eq!(office.agent.get("/teams/1").await.json(), expected);
    let flat = json!({"name": "Support"});
    let support = office.admin.post("/teams", &flat).await;
    assert_eq!(support.json(), team(&office, 2, "support"));
    for method in [Method::PATCH, Method::PUT] {
        let patch = json!({"name": "Sellers", "description": null});
        let changed = office.admin.call(method, "/teams/1", &patch).await;
        expected["name"] = json!("sellers");
        expected["description"] = json!(null);
        assert_eq!(changed.pair(), (200, expected.clone()));
    }
    let list = json!([expected, team(&office, 2, "support")]);
    assert_eq!(office.agent.get("/teams/").await.json(), list);
    let deleted = office
        .admin
        .call(Method::DELETE, "/teams/1", &json!({}))
        .await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (200, ""));
    assert_eq!(office.admin.get("/teams/1").await.status, 404);
}

#[tokio::test]
async fn a_deleted_teams_conversations_are_without_one() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.admin.post("/teams", &json!({"name": "sales"})).await;
    office.contact("Pranav", "s").await;
    let start = json!({"source_id": "s", "team_id": 1});
    let made = office.admin.post("/conversations", &start).await.json();
    assert_eq!(made["meta"]["team"]["name"], "sales");
    office
        .admin
        .call(Method::DELETE, "/teams/1", &json!({}))
        .await;
    let id = ConversationId(made["id"].as_i64().unwrap());
    let conversation = store::conversations::get(app.store(), office.account, id).await;
    assert_eq!(conversation.unwrap().team, None::<TeamId>);
}

#[tokio::test]
async fn a_team_that_does_not_hold_is_refused_and_agents_change_none() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.admin.post("/teams", &json!({"name": "sales"})).await;
    for (body, message) in [
        (json!({"description": "x"}), "Name must not be blank"),
        (json!({"name": " "}), "Name must not be blank"),
        (json!({"name": "SALES"}), "Name has already been taken"),
    ] {
        let expected = json!({"message": message, "attributes": ["name"]});
        assert_eq!(
            office.admin.post("/teams", &body).await.pair(),
            (422, expected),
            "{body}"
        );
    }
    let missing = json!({"error": "param is missing or the value is empty: team"});
    assert_eq!(
        office.admin.post("/teams", &json!({})).await.pair(),
        (422, missing)
    );
    let refusal = (
        401,
        json!({"error": "You are not authorized to do this action"}),
    );
    for (method, path) in [
        (Method::POST, "/teams"),
        (Method::PATCH, "/teams/1"),
        (Method::PUT, "/teams/1"),
        (Method::DELETE, "/teams/1"),
        (Method::POST, "/teams/1/team_members"),
        (Method::PATCH, "/teams/1/team_members"),
        (Method::PUT, "/teams/1/team_members"),
        (Method::DELETE, "/teams/1/team_members"),
    ] {
        let body = json!({"name": "x", "user_ids": []});
        let answer = office.agent.call(method.clone(), path, &body).await;
        assert_eq!(answer.pair(), refusal, "{method} {path}");
    }
}
