//! Contacts listed.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Office, names};
use crate::app::TestApp;
use quartet::store;

/// Four people, a minute apart, and a visitor who left no address.
async fn people(office: &Office<'_>) {
    for (name, fields) in [
        (
            "bea",
            json!({"email": "z@example.org", "additional_attributes": {"city": "Oslo", "company_name": "B"}}),
        ),
        (
            "Ann",
            json!({"phone_number": "+14155550002", "additional_attributes": {"country": "Chile"}}),
        ),
        (
            "Visitor",
            json!({"inbox_id": office.inbox.0, "source_id": "v-1"}),
        ),
        (
            "Cid",
            json!({"identifier": "crm-3", "additional_attributes": {"city": "Bergen", "company_name": "A"}}),
        ),
        (
            "Dot",
            json!({"email": "d@example.org", "phone_number": "+14155550001"}),
        ),
    ] {
        let mut body = fields;
        body["name"] = json!(name);
        assert_eq!(office.admin.post("/contacts", &body).await.status, 200);
        office.app.advance(TimeDelta::minutes(1));
    }
}

#[tokio::test]
async fn a_list_holds_contacts_that_can_be_told_apart_in_the_order_asked_for() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    for (sort, expected) in [
        ("name", ["Ann", "bea", "Cid", "Dot"]),
        ("-name", ["Dot", "Cid", "bea", "Ann"]),
        ("email", ["Dot", "bea", "Ann", "Cid"]),
        ("-email", ["bea", "Dot", "Cid", "Ann"]),
        ("phone_number", ["Dot", "Ann", "bea", "Cid"]),
        ("-phone_number", ["Ann", "Dot", "Cid", "bea"]),
        ("created_at", ["bea", "Ann", "Cid", "Dot"]),
        ("-created_at", ["Dot", "Cid", "Ann", "bea"]),
        ("company_name", ["Cid", "bea", "Ann", "Dot"]),
        ("-company_name", ["bea", "Cid", "Dot", "Ann"]),
        ("city", ["Cid", "bea", "Ann", "Dot"]),
        ("-city", ["bea", "Cid", "Dot", "Ann"]),
        ("country", ["Ann", "bea", "Cid", "Dot"]),
        ("-country", ["Ann", "Dot", "Cid", "bea"]),
        ("last_activity_at", ["bea", "Ann", "Cid", "Dot"]),
        ("-last_activity_at", ["Dot", "Cid", "Ann", "bea"]),
        ("nonsense", ["Dot", "Cid", "Ann", "bea"]),
    ] {
        let list = office.agent.get(&format!("/contacts?sort={sort}")).await;
        assert_eq!(names(&list.json()), expected, "{sort}");
    }
}

#[tokio::test]
async fn who_did_something_last_comes_first() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let body = json!({"contact_id": 2, "inbox_id": office.inbox.0});
    let made = office.admin.post("/conversations", &body).await.json();
    let said = json!({"content": "hello", "message_type": "incoming"});
    let path = format!("/conversations/{}/messages", made["id"]);
    office.admin.post(&path, &said).await;
    let list = office.agent.get("/contacts").await.json();
    assert_eq!(names(&list), ["Ann", "Dot", "Cid", "bea"]);
    let ascending = office.agent.get("/contacts?sort=last_activity_at").await;
    assert_eq!(names(&ascending.json()), ["Ann", "bea", "Cid", "Dot"]);
}

#[tokio::test]
async fn a_page_is_named_as_it_was_asked_for() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for number in 0..17 {
        let body = json!({"name": format!("n{number:02}"), "identifier": format!("i{number}")});
        office.admin.post("/contacts", &body).await;
    }
    let first = office.agent.get("/contacts?sort=name").await.json();
    assert_eq!(first["meta"], json!({"count": 17, "current_page": 1}));
    assert_eq!(first["payload"].as_array().unwrap().len(), 15);
    let second = office.agent.get("/contacts?sort=name&page=2").await.json();
    assert_eq!(second["meta"], json!({"count": 17, "current_page": "2"}));
    assert_eq!(names(&second), ["n15", "n16"]);
    for page in ["3", "999999999999999999", "0", "-1"] {
        let list = office.agent.get(&format!("/contacts?page={page}")).await;
        assert_eq!(list.json()["meta"]["current_page"], page);
    }
    let refused = office.agent.get("/contacts?page=x").await;
    let sentence = json!({"error": "page: a number is expected"});
    assert_eq!(refused.pair(), (422, sentence));
}

#[tokio::test]
async fn a_list_is_of_those_with_one_of_the_labels() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    for (contact, labels) in [
        (1, json!(["vip"])),
        (2, json!(["vip", "late"])),
        (4, json!(["late"])),
    ] {
        let path = format!("/contacts/{contact}/labels");
        office.agent.post(&path, &json!({"labels": labels})).await;
    }
    let list = async |query: &str| {
        office
            .agent
            .get(&format!("/contacts?sort=name&{query}"))
            .await
            .json()
    };
    let vip = list("labels[]=vip").await;
    assert_eq!(names(&vip), ["Ann", "bea"]);
    assert_eq!(vip["meta"]["count"], 2);
    assert_eq!(
        names(&list("labels[]=vip&labels[]=late").await),
        ["Ann", "bea", "Cid"]
    );
    assert_eq!(
        names(&list("labels=vip&labels=late").await),
        ["Ann", "bea", "Cid"]
    );
    assert_eq!(names(&list("labels[]=none").await), [] as [&str; 0]);
}

#[tokio::test]
async fn each_contact_is_listed_as_it_is_shown_alone() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    office.contact("Eve", "e-1").await;
    office
        .admin
        .patch("/contacts/6", &json!({"identifier": "e"}))
        .await;
    for flag in [
        "",
        "?include_contact_inboxes=true",
        "?include_contact_inboxes=false",
    ] {
        let list = office.agent.get(&format!("/contacts{flag}")).await.json();
        for contact in list["payload"].as_array().unwrap() {
            let path = format!("/contacts/{}{flag}", contact["id"]);
            let alone = office.agent.get(&path).await.json();
            assert_eq!(*contact, alone["payload"]);
            let has = contact.get("contact_inboxes").is_some();
            assert_eq!(has, !flag.ends_with("false"), "{flag}");
        }
    }
}

#[tokio::test]
async fn those_who_are_there_are_listed_and_stay() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let nobody: Value = json!({"meta": {"count": 0, "current_page": 1}, "payload": []});
    assert_eq!(
        office.agent.get("/contacts/active").await.pair(),
        (200, nobody)
    );
    let ann = quartet::model::ContactId(
        office.agent.get("/contacts?sort=name").await.json()["payload"][0]["id"]
            .as_i64()
            .unwrap(),
    );
    store::presence::contact_seen(app.store(), office.account, ann, app.now())
        .await
        .unwrap();
    let active = office.agent.get("/contacts/active").await.json();
    assert_eq!(
        (&active["meta"]["count"], names(&active)),
        (&json!(1), vec!["Ann"])
    );
    assert_eq!(active["payload"][0]["availability_status"], "online");
    let refused = office
        .admin
        .delete(&format!("/contacts/{ann}"))
        .await
        .pair();
    assert_eq!(
        refused,
        (
            422,
            json!({"message": "The contact is online and cannot be deleted"})
        )
    );
    app.advance(TimeDelta::seconds(90));
    store::presence::expire(app.store(), app.now())
        .await
        .unwrap();
    assert_eq!(
        office.agent.get("/contacts/active").await.json()["meta"]["count"],
        0
    );
    assert_eq!(
        office
            .admin
            .delete(&format!("/contacts/{ann}"))
            .await
            .status,
        200
    );
}
