//! Contacts out of files and into them.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use super::{Caller, Office, names};
use crate::app::{Answer, TestApp};

/// Sends a file as the part of a form.
async fn send(caller: &Caller<'_>, part: &str, file: &[u8]) -> Answer {
    let form = [("content-type", "multipart/form-data; boundary=b")];
    let mut body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"{part}\"; filename=\"c.csv\"\r\ncontent-type: text/csv\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let path = "/contacts/import";
    caller
        .send(Method::POST, path, &form, Body::from(body))
        .await
}

#[tokio::test]
async fn rows_that_hold_are_taken_in_and_the_others_left_out() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let known =
        json!({"name": "Ann", "email": "ann@example.org", "custom_attributes": {"seats": 3}});
    office.admin.post("/contacts", &known).await;
    office
        .admin
        .post("/contacts", &json!({"identifier": "crm-1"}))
        .await;
    let file = b"\xef\xbb\xbfName,email,phone_number,identifier,company_name,Plan\r\n\
        Ann B,ANN@example.org,+14155550001,,Acme,gold\r\n\
        Bob,,+14155550002,crm-2,,\r\n\
        \"Cid, the third\",cid@example.org,,,,silver\r\n\
        Twice,cid@example.org,,,,\r\n\
        Both,ann@example.org,,crm-1,,\r\n\
        Bad phone,,0415,,,\r\n\
        Bad mail,x,,,,\r\n\
        \xff,y@example.org,,,,\r\n\
        Nul\0,z@example.org,,,,\r\n\
        ,,,,,\r\n\
        Short\r\n\
        Dot,dot@example.org";
    let answer = send(&office.admin, "import_file", file).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    let list = office.admin.get("/contacts?sort=created_at").await.json();
    assert_eq!(names(&list), ["Ann B", "", "Bob", "Cid, the third", "Dot"]);
    let ann = &list["payload"][0];
    assert_eq!(ann["phone_number"], "+14155550001");
    assert_eq!(
        ann["custom_attributes"],
        json!({"seats": 3, "Plan": "gold"})
    );
    assert_eq!(
        ann["additional_attributes"],
        json!({"company_name": "Acme"})
    );
    let found = office.admin.get("/contacts/search?q=CID").await.json();
    assert_eq!(names(&found), ["Cid, the third"]);
    let found = office.admin.get("/contacts/search?q=short").await.json();
    assert_eq!(names(&found), ["Short"], "a name is enough");
}

#[tokio::test]
async fn more_rows_than_a_batch_are_taken_in() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let rows = (0..1203).map(|row| format!("n{row},n{row}@example.org\n"));
    let file = format!("name,email\n{}", rows.collect::<String>());
    assert_eq!(
        send(&office.admin, "import_file", file.as_bytes())
            .await
            .status,
        200
    );
    let list = office.admin.get("/contacts").await.json();
    assert_eq!(list["meta"]["count"], 1203);
}

#[tokio::test]
async fn a_file_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let blank = (422, json!({"error": "File is blank"}));
    assert_eq!(send(&office.admin, "import_file", b"").await.pair(), blank);
    assert_eq!(
        send(&office.admin, "import_file", b" \r\n").await.pair(),
        blank
    );
    assert_eq!(
        send(&office.admin, "other", b"name\nAnn").await.pair(),
        blank
    );
    assert_eq!(
        office
            .admin
            .post("/contacts/import", &json!({}))
            .await
            .pair(),
        blank
    );
    let unreadable = json!({"error": "The first line of the file cannot be read"});
    assert_eq!(
        send(&office.admin, "import_file", b"\xff\nx").await.pair(),
        (422, unreadable)
    );
    let refusal = json!({"error": "You are not authorized to do this action"});
    let (agent, file) = (&office.agent, b"name\nAnn");
    assert_eq!(
        send(agent, "import_file", file).await.pair(),
        (401, refusal.clone())
    );
    assert_eq!(
        office
            .agent
            .post("/contacts/export", &json!({}))
            .await
            .pair(),
        (401, refusal)
    );
    assert_eq!(
        office.admin.get("/contacts").await.json()["meta"]["count"],
        0
    );
}

#[tokio::test]
async fn contacts_are_given_out_as_they_are_asked_for() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for row in 0..3 {
        let name = format!("Ann, \"{row}\"");
        let body = json!({"name": name, "email": format!("a{row}@example.org"), "identifier": format!("i{row}")});
        office.admin.post("/contacts", &body).await;
    }
    office
        .admin
        .post("/contacts", &json!({"name": "Nobody"}))
        .await;
    office
        .admin
        .post("/contacts/2/labels", &json!({"labels": ["vip"]}))
        .await;
    let all = office.admin.post("/contacts/export", &json!({})).await;
    assert_eq!(all.status, 200);
    assert_eq!(all.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(
        all.text(),
        "id,name,email,phone_number\n\
         1,\"Ann, \"\"0\"\"\",a0@example.org,\n\
         2,\"Ann, \"\"1\"\"\",a1@example.org,\n\
         3,\"Ann, \"\"2\"\"\",a2@example.org,\n"
    );
    let some = json!({
        "column_names": ["email", "identifier", "blocked", "created_at", "last_activity_at", "unheard_of"],
        "payload": [{"attribute_key": "identifier", "filter_operator": "not_equal_to", "values": ["i2"]}]
    });
    assert_eq!(
        office.admin.post("/contacts/export", &some).await.text(),
        "email,identifier,blocked,created_at,last_activity_at\n\
         a0@example.org,i0,false,2026-03-10T12:00:00.000Z,\n\
         a1@example.org,i1,false,2026-03-10T12:00:00.000Z,\n"
    );
    let labelled = json!({"label": "vip", "column_names": ["id"]});
    assert_eq!(
        office
            .admin
            .post("/contacts/export", &labelled)
            .await
            .text(),
        "id\n2\n"
    );
    let unknown = json!({"column_names": ["x"]});
    let refusal = json!({"error": "column_names: none of them is known"});
    assert_eq!(
        office.admin.post("/contacts/export", &unknown).await.pair(),
        (422, refusal)
    );
}
