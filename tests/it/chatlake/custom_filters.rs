//! Searches that agents keep.

use axum::http::Method;
use serde_json::json;

use super::Office;
use crate::app::TestApp;

const PATH: &str = "/custom_filters";

#[tokio::test]
async fn a_search_is_kept_for_the_agent_who_keeps_it() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let query = json!({"payload": [{
        "attribute_key": "status", "filter_operator": "equal_to", "values": ["open"], "query_operator": null
    }]});
    let new = json!({"custom_filter": {"name": "Open ones", "filter_type": "conversation", "query": query}});
    let made = office.agent.post(PATH, &new).await;
    let mut expected = json!({
        "id": 1, "name": "Open ones", "filter_type": "conversation", "query": query,
        "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z"
    });
    assert_eq!(made.pair(), (200, expected.clone()));
    assert_eq!(
        office.agent.get(&format!("{PATH}/1")).await.json(),
        expected
    );
    assert_eq!(office.agent.get(PATH).await.json(), json!([expected]));

    let missing = json!({"error": "Resource could not be found"});
    for method in [Method::GET, Method::PATCH, Method::PUT, Method::DELETE] {
        let (path, body) = (format!("{PATH}/1"), json!({"name": "x"}));
        let answer = office.admin.call(method.clone(), &path, &body).await;
        assert_eq!(answer.pair(), (404, missing.clone()), "{method}");
    }
    assert_eq!(office.admin.get(PATH).await.json(), json!([]));

    for method in [Method::PATCH, Method::PUT] {
        let patch = json!({"name": "Mine", "filter_type": 1});
        let changed = office
            .agent
            .call(method, &format!("{PATH}/1"), &patch)
            .await;
        expected["name"] = json!("Mine");
        expected["filter_type"] = json!("contact");
        assert_eq!(changed.pair(), (200, expected.clone()));
    }
    assert_eq!(office.agent.get(PATH).await.json(), json!([]));
    let contacts = format!("{PATH}?filter_type=contact");
    assert_eq!(office.agent.get(&contacts).await.json(), json!([expected]));
    let unknown = format!("{PATH}?filter_type=smoke");
    assert_eq!(office.agent.get(&unknown).await.json(), json!([]));

    let deleted = office
        .agent
        .call(Method::DELETE, &format!("{PATH}/1"), &json!({}))
        .await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (204, ""));
    assert_eq!(office.agent.get(&format!("{PATH}/1")).await.status, 404);
}

#[tokio::test]
async fn a_search_that_does_not_hold_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let blank = json!({"message": "Name can't be blank", "attributes": ["name"]});
    let nameless = json!({"query": {}});
    assert_eq!(
        office.agent.post(PATH, &nameless).await.pair(),
        (422, blank)
    );
    let unknown = json!({"name": "x", "filter_type": "smoke"});
    assert_eq!(
        office.agent.post(PATH, &unknown).await.pair(),
        (422, json!({"error": "'smoke' is not a valid filter_type"}))
    );
    let no_object = json!({"name": "x", "query": []});
    assert_eq!(office.agent.post(PATH, &no_object).await.status, 422);
    let missing = json!({"error": "param is missing or the value is empty: custom_filter"});
    assert_eq!(
        office.agent.post(PATH, &json!({})).await.pair(),
        (422, missing)
    );
}

#[tokio::test]
async fn an_agent_keeps_a_thousand_searches_at_most() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let mut conn = app.database.connect().await;
    sqlx::query(
        "insert into custom_filters (account_id, agent_id, name, kind, query, created_at, updated_at)
         select $1, $2, 'x', 'contact', '{}', now(), now() from generate_series(1, 1000)",
    )
    .bind(office.account.0)
    .bind(office.jane.id.0)
    .execute(&mut conn)
    .await
    .unwrap();
    let refusal = json!({
        "message": "Account Limit reached. The maximum number of allowed filters for a user per account is 1000.",
        "attributes": ["account_id"]
    });
    let new = json!({"name": "one more"});
    assert_eq!(office.agent.post(PATH, &new).await.pair(), (422, refusal));
    assert_eq!(office.admin.post(PATH, &new).await.status, 200);
}
