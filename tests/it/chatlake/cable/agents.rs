//! What agents alone are told of: contacts, notes that name them, and that they are to count anew what is unread.

use axum::http::Method;
use quartet::model::Agent;
use quartet::store;
use serde_json::{Value, json};

use super::{Client, Live, MESSAGES, agent, contact};
use crate::app::TestApp;
use crate::chatlake::Office;
use crate::chatlake::public::Page;
use crate::database::execute;

/// The agent who is in no inbox.
async fn olaf(office: &Office<'_>) -> Agent {
    let agents = store::agents::list(office.app.store(), office.account);
    let mut agents = agents.await.unwrap().into_iter();
    agents.find(|it| it.name.starts_with("Olaf")).unwrap()
}

#[tokio::test]
async fn agents_hear_that_contacts_are_merged_and_removed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let ann = office.contact("Ann", "a").await;
    let new =
        json!({"name": "Annie", "email": "ann@example.org", "custom_attributes": {"city": "Ulm"}});
    let annie = office.admin.post("/contacts", &new).await.json()["id"].clone();
    let live = Live::start(&app).await;
    let mut olaf = live
        .listen(&agent(&office, &olaf(&office).await).await)
        .await;

    let merge = json!({"base_contact_id": ann, "mergee_contact_id": annie});
    assert_eq!(
        office
            .admin
            .post("/actions/contact_merge", &merge)
            .await
            .status,
        200
    );
    let whole = json!({
        "account_id": office.account.0, "additional_attributes": {}, "custom_attributes": {"city": "Ulm"},
        "email": "ann@example.org", "id": ann, "identifier": null, "name": "Ann", "phone_number": null,
        "thumbnail": "", "blocked": false, "type": "contact"
    });
    let gone = |id: &Value| json!({"account_id": office.account.0, "id": id, "type": "contact"});
    let deleted = "contact.deleted".to_owned();
    assert_eq!(olaf.told().await, (deleted.clone(), gone(&annie)));
    for event in ["contact.updated", "contact.merged"] {
        assert_eq!(olaf.told().await, (event.to_owned(), whole.clone()));
    }

    let removed = office.admin.delete(&format!("/contacts/{ann}")).await;
    assert_eq!(removed.status, 200);
    assert_eq!(olaf.told().await, (deleted, gone(&json!(ann))));
}

#[tokio::test]
async fn whom_a_note_names_hears_of_it() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("a").await;
    let live = Live::start(&app).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    let mut john = live.listen(&agent(&office, &office.john).await).await;
    let olaf = olaf(&office).await;
    let mut his = live.listen(&agent(&office, &olaf).await).await;
    // Olaf cannot look into the conversation.
    let content = format!(
        "[@Jane](mention://user/{}/Jane) [@Olaf](mention://user/{}/Olaf)",
        office.jane.id, olaf.id
    );
    let note = json!({"content": content, "private": true});
    office.admin.post(MESSAGES, &note).await;
    office.contact("Bob", "b").await;
    let events = john.events_until("contact.created").await;
    assert_eq!(events, ["message.created", "contact.created"]);
    assert_eq!(his.told().await.0, "contact.created");

    assert_eq!(jane.told().await.0, "message.created");
    let (mut event, mut data) = jane.told().await;
    if event == "contact.created" {
        (event, data) = jane.told().await;
    }
    assert_eq!(event, "conversation.mentioned");
    let shown = office.agent.get("/conversations/1").await.json();
    let contact = &shown["meta"]["sender"];
    assert_eq!(
        data,
        json!({
            "account_id": office.account.0, "additional_attributes": {}, "agent_last_seen_at": 0,
            "can_reply": true, "channel": "Channel::Api", "contact_last_seen_at": 0, "created_at": 1_773_144_000,
            "contact_inbox": {"contact_id": 1, "hmac_verified": false, "id": 1, "inbox_id": office.inbox.0, "source_id": "a",
                              "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z"},
            "custom_attributes": {}, "first_reply_created_at": null, "id": 1, "inbox_id": office.inbox.0, "labels": [],
            "last_activity_at": 1_773_144_000, "messages": [], "priority": null, "snoozed_until": null,
            "meta": {
                "assignee": null, "assignee_type": null, "hmac_verified": false, "team": null,
                "sender": {
                    "additional_attributes": {}, "blocked": false, "custom_attributes": {}, "email": null,
                    "id": contact["id"], "identifier": null, "name": "Pranav", "phone_number": null,
                    "thumbnail": "", "type": "contact"
                }
            },
            "status": "open", "timestamp": 1_773_144_000, "unread_count": 0, "updated_at": 1_773_144_000.0,
            "waiting_since": 0
        })
    );
}

#[tokio::test]
async fn agents_are_told_to_count_anew_what_is_unread() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    page.visitor("a").await;
    let mut conn = app.database.connect().await;
    let live = Live::start(&app).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    let mut olaf = live
        .listen(&agent(&office, &olaf(&office).await).await)
        .await;
    let say = async |text: &str| {
        let path = "/contacts/a/conversations/1/messages";
        page.post(path, &json!({"content": text})).await;
    };
    // Nobody is, where the account has not asked for it.
    say("One").await;
    assert_eq!(jane.told().await.0, "message.created");

    let on = "update accounts set features = '{\"conversation_unread_counts\": true}'".to_owned();
    execute(&mut conn, on).await;
    let anew = "conversation.unread_count_changed";
    let told: (String, Value) = (anew.to_owned(), json!({"account_id": office.account.0}));
    say("Two").await;
    assert_eq!(jane.told().await.0, "message.created");
    assert_eq!(jane.told().await, told);
    for path in ["update_last_seen", "unread"] {
        let path = format!("/conversations/1/{path}");
        office.agent.post(&path, &json!({})).await;
        assert_eq!(jane.told().await, told, "{path}");
    }
    let labels = json!({"labels": ["vip"]});
    office.agent.post("/conversations/1/labels", &labels).await;
    let events = jane.events_until(anew).await;
    assert!(events.contains(&"conversation.updated".to_owned()));
    let resolved = json!({"status": "resolved"});
    office
        .admin
        .post("/conversations/1/toggle_status", &resolved)
        .await;
    let events = jane.events_until(anew).await;
    assert!(events.contains(&"conversation.status_changed".to_owned()));

    // Of an inbox that is not open to somebody nothing is told.
    page.post("/contacts", &json!({"source_id": "b", "name": "Bob"}))
        .await;
    assert_eq!(olaf.told().await.0, "contact.created");
}

#[tokio::test]
async fn agents_hear_of_the_bot_that_a_conversation_is_given_to() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.conversation("a").await;
    let robo = json!({"name": "Robo"});
    let robo = office.admin.post("/agent_bots", &robo).await.json()["id"].clone();
    let live = Live::start(&app).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    let assign = json!({"assignee_id": robo, "assignee_type": "AgentBot"});
    let path = "/conversations/1/assignments";
    office.admin.post(path, &assign).await;
    let (event, data) = jane.told().await;
    assert_eq!(event, "conversation.updated");
    assert_eq!(data["meta"]["assignee_type"], "AgentBot");
    let bot = json!({"id": robo, "name": "Robo", "avatar_url": "", "type": "agent_bot"});
    assert_eq!(data["meta"]["assignee"], bot);
}

#[tokio::test]
async fn agents_hear_that_lists_which_their_clients_keep_were_changed() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let live = Live::start(&app).await;
    let mut olaf = live
        .listen(&agent(&office, &olaf(&office).await).await)
        .await;
    let mut keys =
        json!({"label": "0000000000", "inbox": "1773144000000000", "team": "0000000000"});
    let inbox = format!("/inboxes/{}", office.inbox);
    for (method, path, list, key) in [
        (Method::POST, "/labels", "label", "1773144000000000"),
        (Method::PATCH, "/labels/1", "label", "1773144000000001"),
        (Method::DELETE, "/labels/1", "label", "1773144000000002"),
        (Method::POST, "/teams", "team", "1773144000000000"),
        (Method::PATCH, "/teams/1", "team", "1773144000000001"),
        (Method::DELETE, "/teams/1", "team", "1773144000000002"),
        (Method::PATCH, &inbox, "inbox", "1773144000000001"),
        (Method::DELETE, &inbox, "inbox", "1773144000000002"),
    ] {
        let body = json!({"title": "vip", "name": "sales"});
        let answer = office.admin.call(method.clone(), path, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        keys[list] = json!(key);
        let data = json!({"account_id": office.account.0, "cache_keys": keys});
        let told = ("account.cache_invalidated".to_owned(), data);
        assert_eq!(olaf.told().await, told, "{method} {path}");
    }
    assert_eq!(office.agent.get("").await.json()["cache_keys"], keys);
    // A change that is none leaves the key.
    let unknown = office.admin.delete("/labels/9").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(office.agent.get("").await.json()["cache_keys"], keys);
}

#[tokio::test]
async fn a_client_knows_its_own_message_again() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let told = async |client: &mut Client| {
        let (event, data) = client.told().await;
        (event, data.get("echo_id").cloned())
    };
    let created = "message.created".to_owned();

    let said = json!({"content": "Hi", "echo_id": "e-1"});
    page.post("/contacts/a/conversations/1/messages", &said)
        .await;
    assert_eq!(
        told(&mut client).await,
        (created.clone(), Some(json!("e-1")))
    );
    for (echo, expected) in [
        (json!("e-2"), Some(json!("e-2"))),
        (json!(17), Some(json!(17))),
        (json!("x".repeat(256)), None),
        (json!({"deep": "thing"}), None),
        (json!(null), None),
    ] {
        let answer = json!({"content": "Hello", "echo_id": echo});
        office.agent.post(MESSAGES, &answer).await;
        assert_eq!(told(&mut client).await, (created.clone(), expected));
    }
    // What becomes of it later is told without.
    office.agent.delete("/conversations/1/messages/2").await;
    assert_eq!(
        told(&mut client).await,
        ("message.updated".to_owned(), None)
    );
}
