//! Labels that an account defined.

use axum::body::Body;
use axum::http::Method;
use quartet::model::{ContactId, ConversationId};
use quartet::store::labels;
use serde_json::{Value, json};

use super::Office;
use crate::app::TestApp;

const UNAUTHORIZED: &str = "You are not authorized to do this action";

fn label(id: i64, title: &str) -> Value {
    json!({"id": id, "title": title, "description": null, "color": "#1f93ff", "show_on_sidebar": true})
}

#[tokio::test]
async fn a_label_is_defined_changed_and_deleted() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let new = json!({"title": " Billing ", "description": "Money", "color": "#ff0000", "show_on_sidebar": "false"});
    let made = office.admin.post_once("k", "/labels", &new).await;
    let mut expected = json!({
        "id": 1, "title": "billing", "description": "Money", "color": "#ff0000", "show_on_sidebar": false
    });
    assert_eq!(made.pair(), (200, expected.clone()));
    let again = office.admin.post_once("k", "/labels", &new).await;
    assert_eq!(again.json(), expected);
    assert_eq!(office.admin.get("/labels/1/").await.json(), expected);

    let patch = json!({"label": {"description": null, "show_on_sidebar": true}});
    let changed = office.admin.call(Method::PATCH, "/labels/1", &patch).await;
    expected["description"] = json!(null);
    expected["show_on_sidebar"] = json!(true);
    assert_eq!(changed.pair(), (200, expected.clone()));
    let body = json!({"color": "#00ff00"});
    let put = office.admin.call(Method::PUT, "/labels/1", &body).await;
    expected["color"] = json!("#00ff00");
    assert_eq!(put.pair(), (200, expected.clone()));
    assert_eq!(
        office.agent.get("/labels").await.pair(),
        (200, json!({"payload": [expected]}))
    );

    let deleted = office
        .admin
        .call(Method::DELETE, "/labels/1", &json!({}))
        .await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (200, ""));
    assert_eq!(office.admin.get("/labels/1").await.status, 404);
}

#[tokio::test]
async fn a_body_stands_under_its_name_or_as_json_without_it() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let nested = json!({"label": {"title": "nested"}});
    assert_eq!(
        office.admin.post("/labels", &nested).await.json(),
        label(1, "nested")
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let send = |body: &'static str| {
        office
            .admin
            .send(Method::POST, "/labels", &form, Body::from(body))
    };
    assert_eq!(send("label[title]=form").await.json(), label(2, "form"));
    let missing = json!({"error": "param is missing or the value is empty: label"});
    assert_eq!(send("title=flat").await.pair(), (422, missing.clone()));
    for empty in [
        json!({}),
        json!({"label": {}}),
        json!({"label": null}),
        json!({"label": ""}),
    ] {
        assert_eq!(
            office.admin.post("/labels", &empty).await.pair(),
            (422, missing.clone()),
            "{empty}"
        );
    }
    let text = office.admin.post("/labels", &json!({"label": "x"})).await;
    assert_eq!(
        text.pair(),
        (422, json!({"error": "an object is expected"}))
    );
}

#[tokio::test]
async fn a_label_that_does_not_hold_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office
        .admin
        .post("/labels", &json!({"title": "Taken"}))
        .await;
    for (title, refusal) in [
        ("", "Title must not be blank"),
        ("two words", "Title is invalid"),
        ("a/b", "Title is invalid"),
        ("TAKEN", "Title has already been taken"),
        (
            &"a".repeat(256),
            "Title is too long (maximum is 255 characters)",
        ),
    ] {
        let answer = office
            .admin
            .post("/labels", &json!({"title": title, "color": ""}))
            .await;
        let expected = json!({"message": refusal, "attributes": ["title"]});
        assert_eq!(answer.pair(), (422, expected), "{title}");
    }
    assert_eq!(
        office
            .admin
            .post("/labels", &json!({"title": "größe-2_b"}))
            .await
            .json(),
        label(3, "größe-2_b")
    );
}

#[tokio::test]
async fn agents_list_labels_and_no_more() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.admin.post("/labels", &json!({"title": "one"})).await;
    let refusal = (401, json!({"error": UNAUTHORIZED}));
    let body = json!({"title": "two"});
    for (method, path) in [
        (Method::POST, "/labels"),
        (Method::GET, "/labels/1"),
        (Method::PATCH, "/labels/1"),
        (Method::PUT, "/labels/1"),
        (Method::DELETE, "/labels/1"),
    ] {
        let answer = office.agent.call(method.clone(), path, &body).await;
        assert_eq!(answer.pair(), refusal, "{method} {path}");
    }
    assert_eq!(
        office.agent.get("/labels").await.json(),
        json!({"payload": [label(1, "one")]})
    );
}

#[tokio::test]
async fn what_carries_a_label_carries_it_under_its_new_title() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (store, account, now) = (app.store(), office.account, app.now());
    office.admin.post("/labels", &json!({"title": "old"})).await;
    let conversation = ConversationId(office.conversation("s").await);
    let titles = vec!["old".to_owned(), "new".to_owned(), "other".to_owned()];
    labels::add_to_conversation(store, account, conversation, titles, now)
        .await
        .unwrap();
    let contact = ContactId(1);
    labels::add_to_contact(store, account, contact, vec!["old".to_owned()], now)
        .await
        .unwrap();
    let renamed = json!({"title": "new"});
    office
        .admin
        .call(Method::PATCH, "/labels/1", &renamed)
        .await;
    let titles = |labels: Vec<labels::Labelled>| -> Vec<String> {
        labels.into_iter().map(|label| label.title).collect()
    };
    let carried = labels::list_of_conversation(store, account, conversation).await;
    assert_eq!(titles(carried.unwrap()), ["new", "other"]);
    let carried = labels::list_of_contact(store, account, contact).await;
    assert_eq!(titles(carried.unwrap()), ["new"]);
}
