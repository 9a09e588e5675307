//! Custom attributes that an account defined.

use axum::http::Method;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

const PATH: &str = "/custom_attribute_definitions";

#[tokio::test]
async fn an_attribute_is_defined_with_words_or_numbers() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"custom_attribute_definition": {
        "attribute_display_name": "Plan", "attribute_description": "What they pay for", "attribute_key": "plan",
        "attribute_display_type": "list", "attribute_model": "contact_attribute", "attribute_values": ["free", "pro"],
        "regex_pattern": "^[a-z]+$", "regex_cue": "small letters"
    }});
    let made = office.admin.post(PATH, &new).await;
    let mut expected = json!({
        "id": 1, "attribute_display_name": "Plan", "attribute_display_type": "list",
        "attribute_description": "What they pay for", "attribute_key": "plan", "regex_pattern": "^[a-z]+$",
        "regex_cue": "small letters", "attribute_values": ["free", "pro"], "attribute_model": "contact_attribute",
        "default_value": null, "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z"
    });
    assert_eq!(made.pair(), (200, expected.clone()));
    assert_eq!(
        office.agent.get(&format!("{PATH}/1")).await.json(),
        expected
    );

    let new = json!({"attribute_display_name": "Size", "attribute_key": "size", "attribute_display_type": 1});
    let size = office.admin.post(PATH, &new).await.json();
    assert_eq!(
        (&size["attribute_display_type"], &size["attribute_model"]),
        (&json!("number"), &json!("conversation_attribute"))
    );

    let patch = json!({"attribute_values": ["free"], "regex_pattern": null, "attribute_display_name": "Tariff"});
    for method in [Method::PATCH, Method::PUT] {
        let changed = office
            .admin
            .call(method, &format!("{PATH}/1"), &patch)
            .await;
        expected["attribute_values"] = json!(["free"]);
        expected["regex_pattern"] = json!(null);
        expected["attribute_display_name"] = json!("Tariff");
        assert_eq!(changed.pair(), (200, expected.clone()));
    }
    let keys = async |query: &str| -> Vec<String> {
        let list: Value = office.agent.get(&format!("{PATH}{query}")).await.json();
        let keys = list.as_array().unwrap().iter();
        keys.map(|one| one["attribute_key"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys("").await, ["plan", "size"]);
    assert_eq!(keys("?attribute_model=contact_attribute").await, ["plan"]);
    assert_eq!(keys("?attribute_model=0").await, ["size"]);
    assert_eq!(keys("?attribute_model=smoke").await, [] as [&str; 0]);

    let deleted = office
        .admin
        .call(Method::DELETE, &format!("{PATH}/1"), &json!({}))
        .await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (204, ""));
    assert_eq!(office.admin.get(&format!("{PATH}/1")).await.status, 404);
}

#[tokio::test]
async fn an_attribute_that_does_not_hold_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let define = |key: &str, model: &str| json!({"attribute_display_name": "x", "attribute_key": key, "attribute_model": model});
    assert_eq!(
        office.admin.post(PATH, &define("taken", "0")).await.status,
        200
    );
    assert_eq!(
        office.admin.post(PATH, &define("taken", "1")).await.status,
        200
    );
    let conflict = "Attribute key The provided key is not allowed as it might conflict with default attributes.";
    for (body, message, attributes) in [
        (
            json!({"attribute_model": 0}),
            "Attribute display name can't be blank, Attribute key can't be blank",
            json!(["attribute_display_name", "attribute_key"]),
        ),
        (
            define("taken", "0"),
            "Attribute key has already been taken",
            json!(["attribute_key"]),
        ),
        (
            define("status", "conversation_attribute"),
            conflict,
            json!(["attribute_key"]),
        ),
        (
            define("email", "contact_attribute"),
            conflict,
            json!(["attribute_key"]),
        ),
    ] {
        let expected = json!({"message": message, "attributes": attributes});
        assert_eq!(
            office.admin.post(PATH, &body).await.pair(),
            (422, expected),
            "{body}"
        );
    }
    let reserved = json!({"attribute_key": "priority"});
    let changed = office
        .admin
        .call(Method::PATCH, &format!("{PATH}/1"), &reserved)
        .await;
    assert_eq!(changed.json()["message"], conflict);
    let mut unknown = define("x", "contact_attribute");
    unknown["attribute_display_type"] = json!("smoke");
    assert_eq!(
        office.admin.post(PATH, &unknown).await.pair(),
        (
            422,
            json!({"error": "'smoke' is not a valid attribute_display_type"})
        )
    );
}

#[tokio::test]
async fn agents_read_definitions_and_write_none() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"attribute_display_name": "x", "attribute_key": "x"});
    office.admin.post(PATH, &new).await;
    let refusal = (
        401,
        json!({"error": "You are not authorized to do this action"}),
    );
    let one = format!("{PATH}/1");
    for (method, path) in [
        (Method::POST, PATH),
        (Method::PATCH, &one),
        (Method::PUT, &one),
        (Method::DELETE, &one),
    ] {
        let answer = office.agent.call(method.clone(), path, &new).await;
        assert_eq!(answer.pair(), refusal, "{method} {path}");
    }
    assert_eq!(office.agent.get(&one).await.status, 200);
}
