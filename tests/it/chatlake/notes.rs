//! Notes about contacts.

use serde_json::json;

use super::Office;
use crate::app::TestApp;

#[tokio::test]
async fn a_note_is_written_listed_changed_and_deleted() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann", "a-1").await;
    let written = office
        .agent
        .post("/contacts/1/notes", &json!({"content": "Likes tea"}))
        .await;
    let note = json!({
        "id": 1, "content": "Likes tea", "account_id": 1, "contact_id": 1,
        "user": {
            "id": office.jane.id.0, "account_id": 1, "availability_status": "offline", "auto_offline": true,
            "confirmed": true, "email": "jane.doe.1@example.org", "provider": "email",
            "available_name": "Jane Doe 1", "name": "Jane Doe 1", "role": "agent", "thumbnail": "",
            "custom_role_id": null
        },
        "created_at": 1_773_144_000, "updated_at": 1_773_144_000
    });
    assert_eq!(written.pair(), (200, note.clone()));
    assert_eq!(
        office.admin.get("/contacts/1/notes/1").await.pair(),
        (200, note.clone())
    );
    let nested = json!({"note": {"content": "Likes coffee"}});
    app.advance(chrono::TimeDelta::minutes(1));
    office.admin.post("/contacts/1/notes", &nested).await;
    let changed = office
        .admin
        .patch("/contacts/1/notes/1", &json!({"content": "Likes milk"}))
        .await;
    assert_eq!(changed.json()["content"], "Likes milk");
    assert_eq!(
        changed.json()["user"],
        note["user"],
        "it stays its author's"
    );
    assert_eq!(changed.json()["updated_at"], 1_773_144_060);
    let list = office.agent.get("/contacts/1/notes").await.json();
    let contents: Vec<&str> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["content"].as_str().unwrap())
        .collect();
    assert_eq!(contents, ["Likes coffee", "Likes milk"]);
    let gone = office.agent.delete("/contacts/1/notes/1").await;
    assert_eq!((gone.status.as_u16(), gone.text()), (200, ""));
    assert_eq!(office.agent.get("/contacts/1/notes/1").await.status, 404);
}

#[tokio::test]
async fn a_note_says_something_and_is_of_its_contact() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Ann", "a-1").await;
    office.contact("Bob", "b-1").await;
    for (body, message) in [
        (json!({}), "Content can't be blank"),
        (json!({"content": " "}), "Content can't be blank"),
        (
            json!({"note": {"content": "x".repeat(20_001)}}),
            "Content is too long (maximum is 20000 characters)",
        ),
    ] {
        let refusal = json!({"message": message, "attributes": ["content"]});
        assert_eq!(
            office.agent.post("/contacts/1/notes", &body).await.pair(),
            (422, refusal)
        );
    }
    office
        .agent
        .post("/contacts/1/notes", &json!({"content": "x"}))
        .await;
    let missing = (404, json!({"error": "Resource could not be found"}));
    for path in [
        "/contacts/2/notes/1",
        "/contacts/1/notes/2",
        "/contacts/3/notes",
    ] {
        assert_eq!(office.agent.get(path).await.pair(), missing, "{path}");
    }
    assert_eq!(
        office.agent.delete("/contacts/2/notes/1").await.pair(),
        missing
    );
    assert_eq!(
        office
            .agent
            .patch("/contacts/2/notes/1", &json!({"content": "y"}))
            .await
            .pair(),
        missing
    );
}
