//! The filter language, as contacts are picked by it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Office, names};
use crate::app::TestApp;

/// Three people, two days apart, and the account's own attributes.
async fn people(office: &Office<'_>) {
    for body in [
        json!({
            "name": "Åsa Öberg", "email": "asa@example.org", "phone_number": "+4681234567", "identifier": "CRM-1",
            "additional_attributes": {"city": "Stockholm", "country_code": "SE", "company_name": "Acme AB"},
            "custom_attributes": {"plan": "Gold", "seats": 3, "since": "2026-01-15", "vip": true}
        }),
        json!({
            "name": "Bob", "email": "bob@acme.co", "blocked": true,
            "additional_attributes": {"city": "Oslo", "country_code": "NO"},
            "custom_attributes": {"plan": "silver", "seats": "12", "since": "2026-03-01", "vip": false}
        }),
        json!({"name": "Cid", "identifier": "crm-2", "custom_attributes": {"seats": "many", "since": "soon"}}),
    ] {
        assert_eq!(office.admin.post("/contacts", &body).await.status, 200);
        office.app.advance(TimeDelta::days(2));
    }
    office
        .admin
        .post("/contacts", &json!({"name": "Nobody can tell"}))
        .await;
    office
        .admin
        .post("/contacts/1/labels", &json!({"labels": ["vip", "late"]}))
        .await;
    office
        .admin
        .post("/contacts/2/labels", &json!({"labels": ["late"]}))
        .await;
    define(office, "contact_attribute").await;
}

/// Defines one attribute of each kind.
pub(super) async fn define(office: &Office<'_>, model: &str) {
    let mut conn = office.app.database.connect().await;
    for (key, kind) in [
        ("plan", "text"),
        ("seats", "number"),
        ("since", "date"),
        ("vip", "checkbox"),
    ] {
        sqlx::query(
            "insert into custom_attribute_definitions (account_id, model, key, display_name, display_type, created_at, updated_at)
             values ($1, $2, $3, $3, $4, now(), now())",
        )
        .bind(office.account.0)
        .bind(model)
        .bind(key)
        .bind(kind)
        .execute(&mut conn)
        .await
        .unwrap();
    }
}

fn condition(key: &str, operator: &str, values: &Value) -> Value {
    json!({"attribute_key": key, "filter_operator": operator, "values": values, "query_operator": null})
}

/// What one condition finds, by age.
async fn check(office: &Office<'_>, key: &str, operator: &str, values: &Value, expected: &str) {
    let body = json!({"payload": [condition(key, operator, values)]});
    let answer = office
        .agent
        .post("/contacts/filter?sort=created_at", &body)
        .await;
    assert_eq!(answer.status, 200, "{body} {}", answer.text());
    let list = answer.json();
    let contacts = list["payload"].as_array().unwrap();
    let found: String = contacts
        .iter()
        .map(|contact| contact["id"].to_string())
        .collect();
    assert_eq!(found, expected, "{body}");
    assert_eq!(list["meta"]["count"], found.len(), "{body}");
}

#[tokio::test]
async fn every_key_is_asked_by_every_operator_it_has() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let none = json!([]);
    for (key, operator, values, expected) in [
        ("name", "equal_to", json!(["åsa öberg"]), "1"),
        ("name", "equal_to", json!(["ÅSA ÖBERG", "bob"]), "12"),
        ("name", "not_equal_to", json!(["bob"]), "13"),
        ("name", "contains", json!(["ÖB"]), "1"),
        ("name", "does_not_contain", json!(["o"]), "13"),
        ("phone_number", "equal_to", json!(["4681234567"]), "1"),
        ("phone_number", "equal_to", json!(["+4681234567"]), "1"),
        (
            "phone_number",
            "not_equal_to",
            json!([4_681_234_567_i64]),
            "23",
        ),
        ("phone_number", "contains", json!(["8123"]), "1"),
        ("phone_number", "does_not_contain", json!(["8123"]), "23"),
        ("phone_number", "starts_with", json!(["468"]), "1"),
        ("email", "equal_to", json!(["BOB@acme.co"]), "2"),
        ("email", "not_equal_to", json!(["bob@acme.co"]), "13"),
        ("email", "contains", json!(["example"]), "1"),
        ("email", "does_not_contain", json!(["example"]), "23"),
        ("identifier", "equal_to", json!(["crm-1"]), "1"),
        ("identifier", "equal_to", json!(["crm-1", "crm-2"]), "13"),
        ("identifier", "not_equal_to", json!(["CRM-2"]), "12"),
        ("country_code", "equal_to", json!(["se"]), "1"),
        ("country_code", "not_equal_to", json!("se"), "23"),
        ("city", "contains", json!(["OL"]), "1"),
        ("city", "does_not_contain", json!(["sl"]), "13"),
        ("company_name", "equal_to", json!(["acme ab"]), "1"),
        ("labels", "equal_to", json!(["vip"]), "1"),
        ("labels", "equal_to", json!(["vip", "late"]), "12"),
        ("labels", "not_equal_to", json!(["vip"]), "23"),
        ("labels", "is_present", none.clone(), "12"),
        ("labels", "is_not_present", none.clone(), "3"),
        ("created_at", "is_greater_than", json!(["2026-03-12"]), "23"),
        ("created_at", "is_less_than", json!(["2026-03-14"]), "12"),
        ("created_at", "days_before", json!([3]), "12"),
        (
            "last_activity_at",
            "is_greater_than",
            json!(["2020-01-01"]),
            "",
        ),
        ("blocked", "equal_to", json!([true]), "2"),
        ("blocked", "equal_to", json!(["false"]), "13"),
        ("blocked", "not_equal_to", json!(["true"]), "13"),
    ] {
        check(&office, key, operator, &values, expected).await;
    }
}

#[tokio::test]
async fn what_an_account_keeps_is_asked_by_what_it_is() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let none = json!([]);
    for (key, operator, values, expected) in [
        ("plan", "equal_to", json!(["gold"]), "1"),
        ("plan", "not_equal_to", json!(["gold"]), "23"),
        ("plan", "contains", json!(["L"]), "12"),
        ("plan", "does_not_contain", json!(["g"]), "23"),
        ("plan", "is_present", none.clone(), "12"),
        ("plan", "is_not_present", none.clone(), "3"),
        ("seats", "equal_to", json!([3, "12"]), "12"),
        ("seats", "not_equal_to", json!(["3"]), "23"),
        ("seats", "is_greater_than", json!([3]), "2"),
        ("seats", "is_less_than", json!(["3.5"]), "1"),
        ("seats", "is_present", none.clone(), "12"),
        ("since", "equal_to", json!(["2026-01-15"]), "1"),
        ("since", "is_greater_than", json!(["2026-01-15"]), "2"),
        ("since", "is_less_than", json!(["2026-03-01"]), "1"),
        ("since", "days_before", json!(["20"]), "1"),
        ("since", "is_not_present", none.clone(), "3"),
        ("vip", "equal_to", json!([true]), "1"),
        ("vip", "not_equal_to", json!([true]), "23"),
    ] {
        check(&office, key, operator, &values, expected).await;
    }
}

#[tokio::test]
async fn conditions_are_taken_from_left_to_right() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let chain = |joins: [&str; 2]| {
        let mut payload = vec![
            condition("name", "equal_to", &json!(["bob"])),
            condition("identifier", "contains_nothing", &json!([])),
            condition("country_code", "equal_to", &json!(["se"])),
        ];
        payload[1] = condition("name", "equal_to", &json!(["cid"]));
        payload[0]["query_operator"] = json!(joins[0]);
        payload[1]["query_operator"] = json!(joins[1]);
        json!({"payload": payload})
    };
    for (joins, expected) in [
        (["OR", "OR"], vec!["Åsa Öberg", "Bob", "Cid"]),
        (["or", "and"], vec![]),
        (["AND", "OR"], vec!["Åsa Öberg"]),
        (["AND", "AND"], vec![]),
    ] {
        let list = office
            .agent
            .post("/contacts/filter?sort=created_at", &chain(joins))
            .await;
        assert_eq!(names(&list.json()), expected, "{joins:?}");
    }
}

#[tokio::test]
async fn what_is_found_is_paged_and_sorted_like_the_list() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let all = json!({"payload": []});
    let list = office.agent.get("/contacts?sort=-name").await.json();
    assert_eq!(
        office
            .agent
            .post("/contacts/filter?sort=-name", &all)
            .await
            .pair(),
        (200, list.clone())
    );
    let mut body = all.clone();
    body["sort"] = json!("-name");
    assert_eq!(
        office.agent.post("/contacts/filter", &body).await.json(),
        list
    );
    for (page, shown) in [(json!("2"), json!("2")), (json!(2), json!(2))] {
        body["page"] = page;
        let list = office.agent.post("/contacts/filter", &body).await.json();
        assert_eq!(
            list,
            json!({"meta": {"count": 3, "current_page": shown}, "payload": []})
        );
    }
    body["page"] = json!("x");
    assert_eq!(
        office.agent.post("/contacts/filter", &body).await.status,
        422
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_in_a_sentence() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let keys = "name,phone_number,email,identifier,country_code,city,company_name,labels,created_at,last_activity_at,blocked";
    let unknown = |key: &str| {
        format!(
            "Invalid attribute key - [{key}]. The key should be one of [{keys}] or a custom attribute defined in the account."
        )
    };
    let value = |key: &str| format!("Invalid value. The values provided for {key} are invalid");
    for (key, operator, values, sentence) in [
        ("status", "equal_to", json!(["open"]), unknown("status")),
        ("'; drop table contacts; --", "equal_to", json!(["x"]), unknown("'; drop table contacts; --")),
        ("", "equal_to", json!(["x"]), unknown("")),
        ("blocked", "contains", json!(["x"]), "Invalid operator. The allowed operators for blocked are [equal_to,not_equal_to].".to_owned()),
        ("created_at", "nonsense", json!(["x"]), "Invalid operator. The allowed operators for created_at are [is_greater_than,is_less_than,days_before].".to_owned()),
        ("name", "equal_to", json!([]), value("name")),
        ("name", "equal_to", json!([null]), value("name")),
        ("name", "equal_to", json!([{"id": 1}]), value("name")),
        ("name", "contains", json!([""]), value("name")),
        ("name", "equal_to", json!(null), value("name")),
        ("blocked", "equal_to", json!(["perhaps"]), value("blocked")),
        ("created_at", "is_less_than", json!(["yesterday"]), value("created_at")),
        ("created_at", "is_less_than", json!(["+12026-01-01"]), value("created_at")),
        ("created_at", "days_before", json!(["-1"]), value("created_at")),
        ("created_at", "days_before", json!([4_000_000_000_u32]), value("created_at")),
        ("seats", "is_greater_than", json!(["many"]), value("seats")),
        ("seats", "equal_to", json!(["NaN"]), value("seats")),
        ("since", "equal_to", json!(["2026-02-30"]), value("since")),
    ] {
        let body = json!({"payload": [condition(key, operator, &values)]});
        let answer = office.agent.post("/contacts/filter", &body).await;
        assert_eq!(answer.pair(), (422, json!({"error": sentence})), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_chain_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let name = |join: Value| {
        let mut condition = condition("name", "equal_to", &json!(["x"]));
        condition["query_operator"] = join;
        condition
    };
    let joins = r#"Query operator must be either "AND" or "OR"."#;
    for (payload, sentence) in [
        (json!([name(json!("XOR")), name(json!(null))]), joins),
        (json!([name(json!(null)), name(json!(null))]), joins),
        (json!([name(json!("; drop"))]), joins),
        (
            json!(null),
            "param is missing or the value is empty: payload",
        ),
        (
            json!(vec![name(json!("AND")); 101]),
            "payload: at most 100 conditions",
        ),
    ] {
        let answer = office
            .agent
            .post("/contacts/filter", &json!({"payload": payload}))
            .await;
        assert_eq!(answer.pair(), (422, json!({"error": sentence})));
    }
    for payload in [json!("x"), json!([1]), json!({"a": 1})] {
        let answer = office
            .agent
            .post("/contacts/filter", &json!({"payload": payload}))
            .await;
        assert_eq!(answer.status, 422, "{payload}");
    }
    let theirs = Office::open(&app).await;
    define(&theirs, "contact_attribute").await;
    let foreign = json!({"payload": [condition("plan", "equal_to", &json!(["gold"]))]});
    assert_eq!(
        office.agent.post("/contacts/filter", &foreign).await.status,
        422,
        "defined elsewhere"
    );
}
