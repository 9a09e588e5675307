//! The people inside, and the account they are in.

use axum::body::Body;
use axum::http::Method;
use quartet::store;
use serde_json::{Value, json};

use super::{Caller, Office};
use crate::app::{Answer, TestApp};

async fn send(caller: &Caller<'_>, method: Method, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    caller
        .send(method, path, &headers, Body::from(body.to_string()))
        .await
}

#[tokio::test]
async fn an_invited_person_is_an_agent_of_the_account() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let body = json!({"agent": {
        "name": "Ann Lee", "email": "Ann@Example.org", "role": "administrator", "availability": "busy",
        "auto_offline": "false"
    }});
    let answer = office.admin.post("/agents", &body).await;
    let id = answer.json()["id"].as_i64().unwrap();
    let ann = json!({
        "id": id, "account_id": office.account.0, "availability_status": "busy", "auto_offline": false,
        "confirmed": true, "email": "ann@example.org", "provider": "email", "available_name": "Ann Lee",
        "name": "Ann Lee", "role": "administrator", "thumbnail": "", "custom_role_id": null
    });
    assert_eq!(answer.pair(), (200, ann.clone()));
    let listed = office.agent.get("/agents").await.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 4);
    assert_eq!(listed[3], ann);
    let again = office.admin.post("/agents", &body).await;
    let taken = json!({"message": "User has already been taken", "attributes": ["user_id"]});
    assert_eq!(again.pair(), (422, taken));
    // The fields may stand alone, and but the address may be left out.
    let bare = office
        .admin
        .post("/agents", &json!({"email": "bo@example.org"}))
        .await
        .json();
    assert_eq!(bare["name"], "bo");
    assert_eq!(bare["role"], "agent");
    assert_eq!(bare["availability_status"], "offline");
    assert_eq!(bare["auto_offline"], true);
}

#[tokio::test]
async fn an_invitation_that_is_repeated_by_its_key_is_answered_again() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let body = json!({"email": "ann@example.org"});
    let first = office.admin.post_once("k", "/agents", &body).await;
    let again = office.admin.post_once("k", "/agents", &body).await;
    assert_eq!(first.pair(), again.pair());
}

#[tokio::test]
async fn invitations_that_do_not_hold_are_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for (body, message, attribute) in [
        (json!({"name": "Ann"}), "Email can't be blank", "email"),
        (json!({"email": "ann"}), "Email is not an email", "email"),
        (
            json!({"email": "a@example.org", "name": "x".repeat(256)}),
            "Name is too long (maximum is 255 characters)",
            "name",
        ),
    ] {
        let expected = json!({"message": message, "attributes": [attribute]});
        let answer = office.admin.post("/agents", &body).await;
        assert_eq!(answer.pair(), (422, expected));
    }
    let role = json!({"email": "a@example.org", "role": "owner"});
    let expected = json!({"error": "'owner' is not a valid role"});
    let answer = office.admin.post("/agents", &role).await;
    assert_eq!(answer.pair(), (422, expected));
}

#[tokio::test]
async fn many_are_invited_at_once_and_those_who_are_here_stay() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let emails = json!([
        "ann@example.org",
        "no address",
        office.john.email,
        "bo@example.org"
    ]);
    let answer = office
        .admin
        .post("/agents/bulk_create", &json!({"emails": emails}))
        .await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    let agents = office.admin.get("/agents").await.json();
    let names: Vec<_> = agents.as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 5);
    assert_eq!(names[0]["role"], "administrator");
    assert_eq!(names[3]["name"], "ann");
    let missing = json!({"error": "param is missing or the value is empty: emails"});
    let answer = office.admin.post("/agents/bulk_create", &json!({})).await;
    assert_eq!(answer.pair(), (422, missing));
}

#[tokio::test]
async fn put_and_patch_change_an_agent() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let path = format!("/agents/{}", office.jane.id);
    let body = json!({"agent": {"name": "Janet", "role": 1, "availability": "offline"}});
    let changed = send(&office.admin, Method::PUT, &path, &body).await.json();
    assert_eq!(changed["name"], "Janet");
    assert_eq!(changed["role"], "administrator");
    assert_eq!(changed["availability_status"], "offline");
    let body = json!({"auto_offline": false});
    let changed = send(&office.admin, Method::PATCH, &path, &body)
        .await
        .json();
    assert_eq!(changed["auto_offline"], false);
    assert_eq!(changed["name"], "Janet");
    // Somebody who is in another account, too, is called there what they are called here.
    let other = Office::open(&app).await;
    let invited = json!({"email": office.jane.email});
    other.admin.post("/agents", &invited).await;
    let body = json!({"name": "Jill"});
    let kept = send(&office.admin, Method::PATCH, &path, &body)
        .await
        .json();
    assert_eq!(kept["name"], "Janet");
    let foreign = format!("/agents/{}", other.john.id);
    let missing = json!({"error": "Resource could not be found"});
    for path in [foreign.as_str(), "/agents/x", "/agents/9999"] {
        let answer = send(&office.admin, Method::PATCH, path, &body).await;
        assert_eq!(answer.pair(), (404, missing.clone()), "{path}");
    }
}

#[tokio::test]
async fn only_administrators_change_agents_and_the_account() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let refused = json!({"error": "You are not authorized to do this action"});
    let jane = format!("/agents/{}", office.jane.id);
    let body = json!({"email": "ann@example.org", "name": "x", "emails": []});
    for (method, path) in [
        (Method::POST, "/agents"),
        (Method::POST, "/agents/bulk_create"),
        (Method::PATCH, &jane),
        (Method::PUT, &jane),
        (Method::DELETE, &jane),
        (Method::PATCH, ""),
        (Method::PUT, ""),
    ] {
        let answer = send(&office.agent, method.clone(), path, &body).await;
        assert_eq!(answer.pair(), (401, refused.clone()), "{method} {path}");
    }
}

#[tokio::test]
async fn a_removed_agent_has_no_conversations_teams_and_inboxes() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let jane = office.jane.id;
    let team = store::agents::join_team(
        app.store(),
        office.account,
        "night".to_owned(),
        vec![jane],
        app.now(),
    )
    .await
    .unwrap();
    office.contact("Pranav", "p-1").await;
    for status in ["open", "resolved"] {
        let body = json!({"source_id": "p-1", "assignee_id": jane.0, "status": status});
        office.admin.post("/conversations", &body).await;
    }
    let path = format!("/agents/{jane}");
    let gone = send(&office.admin, Method::DELETE, &path, &json!({})).await;
    assert_eq!((gone.status.as_u16(), gone.text()), (200, ""));
    for conversation in ["/conversations/1", "/conversations/2"] {
        let shown = office.admin.get(conversation).await.json();
        assert_eq!(shown["meta"].get("assignee"), None, "{conversation}");
    }
    let members = store::members::get_team(app.store(), office.account, team).await;
    assert_eq!(members.unwrap().agents, []);
    let unknown = json!({"error": "Invalid Access Token"});
    assert_eq!(office.agent.get("/inboxes").await.pair(), (401, unknown));
    let again = send(&office.admin, Method::DELETE, &path, &json!({})).await;
    assert_eq!(again.status, 404);
    // Who comes back has nothing of it.
    let invited = json!({"email": office.jane.email});
    let back = office.admin.post("/agents", &invited).await.json();
    assert_eq!(back["id"], jane.0);
    let token = app.token(office.account, jane).await;
    let jane = Caller {
        app: &app,
        account: office.account,
        token,
    };
    assert_eq!(jane.get("/inboxes").await.json(), json!({"payload": []}));
}

#[tokio::test]
async fn an_account_is_shown_to_its_people() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let shown = office.agent.get("").await;
    let expected = json!({
        "settings": {}, "created_at": "2026-03-10T12:00:00.000Z", "domain": null,
        "features": {
            "agent_bots": true, "agent_management": true, "canned_responses": true, "custom_attributes": true,
            "inbox_management": true, "labels": true, "reports": true, "team_management": true
        },
        "id": office.account.0, "locale": "en", "name": "Acme", "support_email": null, "status": "active",
        "cache_keys": {"label": "0000000000", "inbox": "1773144000000000", "team": "0000000000"},
        "latest_chatwoot_version": "4.15.0"
    });
    assert_eq!(shown.pair(), (200, expected));
}

#[tokio::test]
async fn an_account_is_changed_field_by_field() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let patch = async |body: Value| send(&office.admin, Method::PATCH, "", &body).await;
    let body = json!({
        "name": "Acme Ltd", "locale": "pt_BR", "domain": "acme.example", "support_email": "help@acme.example",
        "auto_resolve_after": 60, "auto_resolve_message": "Bye", "industry": "tools", "timezone": "UTC"
    });
    let changed = patch(body).await.json();
    assert_eq!(changed["name"], "Acme Ltd");
    assert_eq!(changed["locale"], "pt_BR");
    assert_eq!(changed["domain"], "acme.example");
    assert_eq!(changed["support_email"], "help@acme.example");
    let settings = json!({"auto_resolve_after": 60, "auto_resolve_message": "Bye"});
    assert_eq!(changed["settings"], settings);
    let attributes = json!({"industry": "tools", "timezone": "UTC"});
    assert_eq!(changed["custom_attributes"], attributes);
    let changed = patch(json!({"auto_resolve_after": null, "domain": ""})).await;
    let changed = changed.json();
    assert_eq!(changed["settings"]["auto_resolve_after"], json!(null));
    assert_eq!(changed["settings"]["auto_resolve_message"], "Bye");
    assert_eq!(changed["domain"], json!(null));
    assert_eq!(changed["name"], "Acme Ltd");
    let blank = json!({"message": "Name can't be blank", "attributes": ["name"]});
    assert_eq!(patch(json!({"name": " "})).await.pair(), (422, blank));
    let locale = json!({"error": "'no locale' is not a valid locale"});
    let answer = patch(json!({"locale": "no locale"})).await;
    assert_eq!(answer.pair(), (422, locale));
    let minutes = json!({
        "message": "Auto resolve after must be between 10 and 1439856", "attributes": ["auto_resolve_after"]
    });
    let answer = patch(json!({"auto_resolve_after": 5})).await;
    assert_eq!(answer.pair(), (422, minutes));
}

#[tokio::test]
async fn an_account_may_be_changed_by_a_form() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let settings = "auto_resolve_after=60&auto_resolve_ignore_waiting=true&audio_transcriptions=0";
    let body = format!("name=Acme&keep_pending_on_bot_failure=&{settings}");
    let changed = office
        .admin
        .send(Method::PUT, "", &form, Body::from(body))
        .await;
    assert_eq!(
        changed.json()["settings"],
        json!({
            "auto_resolve_after": 60, "auto_resolve_ignore_waiting": true, "audio_transcriptions": false,
            "keep_pending_on_bot_failure": null
        })
    );
}

#[tokio::test]
async fn counts_of_conversations_are_limited_by_user() {
    let app = TestApp::with("[chatlake]\nconversation_counts_per_minute = 2\n").await;
    let office = Office::open(&app).await;
    for _ in 0..2 {
        assert_eq!(office.agent.get("/conversations/meta").await.status, 200);
    }
    let limited = office.agent.get("/conversations/meta").await;
    assert_eq!(
        (limited.status.as_u16(), limited.text()),
        (429, "Retry later\n")
    );
    assert_eq!(limited.header("retry-after"), Some("30"));
    assert_eq!(office.admin.get("/conversations/meta").await.status, 200);
}
