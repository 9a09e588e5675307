//! Bots and their flows.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Actor;
use crate::app::TestApp;

const FLOW: &str = "
version: 1
start: menu
nodes:
  menu:
    multiple_choice:
      text: Which one?
      options:
        - { title: This, payload: 7001, next: end }
        - { title: That, next: end }
";

async fn bot(administrator: &Actor<'_>) -> i64 {
    let made = administrator
        .post("/bots", &json!({"name": "Helper"}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED);
    made.json()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_bot_is_made_without_a_flow() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    let id = bot(&administrator).await;
    let shown = json!({
        "id": id, "name": "Helper", "description": "", "avatar_url": "", "flow_version": null,
        "created_at": "2026-03-10T12:00:00Z"
    });
    assert_eq!(
        administrator.get(&format!("/bots/{id}")).await.pair(),
        (200, shown.clone())
    );
    assert_eq!(
        administrator.get("/bots").await.pair(),
        (200, json!({"data": [shown]}))
    );
    let none = administrator.get(&format!("/bots/{id}/flow")).await;
    assert_eq!(none.json()["detail"], "this account has no such flow");
}

#[tokio::test]
async fn a_flow_is_published_as_yaml_and_as_json_and_options_keep_their_numbers() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    let path = format!("/bots/{}/flow", bot(&administrator).await);

    let first = administrator
        .flow(Method::PUT, &path, "application/yaml", FLOW)
        .await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let first = first.json();
    assert_eq!(first["version"], 1);
    assert_eq!(
        first["options"][0],
        json!({"node": "menu", "option": "This", "payload": 7001})
    );
    let given = first["options"][1]["payload"].as_i64().unwrap();
    assert!(given > 0 && given != 7001);

    let json = first["flow"].to_string();
    let second = administrator
        .flow(Method::PUT, &path, "application/json", &json)
        .await
        .json();
    assert_eq!(second["version"], 2);
    assert_eq!(second["options"], first["options"]);
    assert_eq!(administrator.get(&path).await.json(), second);
}

#[tokio::test]
async fn an_unsound_flow_is_refused_line_by_line_and_nothing_is_published() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    let id = bot(&administrator).await;
    let file = FLOW.replace(
        "next: end }\n        - { title: That",
        "next: nowhere }\n        - { title: That",
    );

    let path = format!("/bots/{id}/flow");
    let refused = administrator
        .flow(Method::PUT, &path, "text/yaml; charset=utf-8", &file)
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let body = refused.json();
    assert_eq!(body["detail"], "the flow has problems");
    assert_eq!(body["problems"].as_array().unwrap().len(), 1, "{body}");
    assert_eq!(body["problems"][0]["node"], "menu");
    assert!(
        body["problems"][0]["cause"]
            .as_str()
            .unwrap()
            .contains("nowhere")
    );
    assert_eq!(
        administrator.get(&format!("/bots/{id}")).await.json()["flow_version"],
        Value::Null
    );

    let check = administrator
        .flow(Method::POST, "/flows/check", "application/yaml", &file)
        .await;
    assert_eq!(
        check.pair(),
        (200, json!({"sound": false, "problems": body["problems"]}))
    );
    let check = administrator
        .flow(Method::POST, "/flows/check", "application/yaml", FLOW)
        .await;
    assert_eq!(check.pair(), (200, json!({"sound": true, "problems": []})));
}

#[tokio::test]
async fn what_is_no_flow_file_is_refused() {
    let app = TestApp::start().await;
    let administrator = Actor::administrator(&app, app.account().await).await;
    let path = format!("/bots/{}/flow", bot(&administrator).await);
    let deep = "[".repeat(100_000);
    let nul = FLOW.replace("Which one?", "\"a\\0\"");
    for (kind, file, status) in [
        ("text/plain", FLOW, 415),
        ("application/yaml", "", 422),
        ("application/yaml", "a\0", 422),
        ("application/yaml", &nul, 422),
        ("application/yaml", "*a", 422),
        ("application/json", "{", 422),
        ("application/json", &deep, 422),
    ] {
        let refused = administrator.flow(Method::PUT, &path, kind, file).await;
        assert_eq!(
            refused.status.as_u16(),
            status,
            "{file:.20}: {}",
            refused.text()
        );
    }
    let unknown = administrator
        .flow(Method::PUT, "/bots/99/flow", "application/yaml", FLOW)
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
