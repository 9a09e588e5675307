//! What each side is told: what is theirs, whole, and no more.

use std::collections::BTreeSet;

use quartet::model::Channel;
use quartet::store;
use serde_json::{Value, json};

use super::{Live, MESSAGES, agent, contact};
use crate::app::{TestApp, json_request};
use crate::chatlake::Office;
use crate::chatlake::public::Page;

#[tokio::test]
async fn a_contact_hears_what_is_said_to_it_and_no_more() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    // Spaces and order are the client's own.
    let identifier = format!(
        "{{ \"pubsub_token\": {}, \"channel\" :\"RoomChannel\"}}",
        ann["pubsub_token"]
    );
    let mut client = live.connect().await;
    let present = client.subscribe(&identifier).await;
    assert_eq!(
        present,
        json!({"account_id": office.account.0, "users": {}})
    );

    let note = json!({"content": "Psst", "private": true});
    office.agent.post(MESSAGES, &note).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    let (event, data) = client.told().await;
    assert_eq!(event, "message.created");
    let jane = json!({
        "availability_status": "offline", "available_name": office.jane.name,
        "avatar_url": "", "id": office.jane.id.0, "name": office.jane.name, "thumbnail": "", "type": "user"
    });
    assert_eq!(
        data,
        json!({
            "account_id": office.account.0, "additional_attributes": {}, "content": "Hello", "content_attributes": {},
            "content_type": "text", "conversation_id": 1, "created_at": 1_773_144_000, "external_source_ids": {},
            "id": 2, "inbox_id": office.inbox.0, "message_type": 1, "performer": jane, "private": false,
            "processed_message_content": "Hello", "sender": jane, "sender_id": office.jane.id.0, "sender_type": "User",
            "sentiment": {}, "source_id": null, "status": "sent", "updated_at": "2026-03-10T12:00:00.000Z",
            "conversation": {
                "assignee_id": data["conversation"]["assignee_id"], "unread_count": 0,
                "last_activity_at": 1_773_144_000, "contact_inbox": {"source_id": "a"}
            }
        })
    );

    client.send("unsubscribe", &identifier).await;
    client.subscribe(&identifier).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Still there?"}))
        .await;
    let (_, data) = client.told().await;
    assert_eq!(data["content"], "Still there?");
}

#[tokio::test]
async fn agents_hear_of_the_inboxes_that_are_open_to_them() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let mut conn = app.database.connect().await;
    // Or whoever is there would be given the conversation, and all would hear of that, too.
    let nobody = "update inboxes set enable_auto_assignment = false".to_owned();
    crate::database::execute(&mut conn, nobody).await;
    let live = Live::start(&app).await;
    let olaf = store::agents::list(app.store(), office.account)
        .await
        .unwrap();
    let olaf = olaf
        .into_iter()
        .find(|it| it.name.starts_with("Olaf"))
        .unwrap();
    let mut john = live.listen(&agent(&office, &office.john).await).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    let mut olaf = live.listen(&agent(&office, &olaf).await).await;

    page.visitor("a").await;
    page.post(
        "/contacts/a/conversations/1/messages",
        &json!({"content": "Hi"}),
    )
    .await;
    let note = json!({"content": "Psst", "private": true});
    office.agent.post(MESSAGES, &note).await;
    page.post("/contacts", &json!({"source_id": "b", "name": "Bob"}))
        .await;
    for client in [&mut john, &mut jane] {
        let (event, data) = client.told().await;
        assert_eq!(
            (event.as_str(), &data["name"]),
            ("contact.created", &json!("Ann"))
        );
        let (event, data) = client.told().await;
        assert_eq!(
            (event.as_str(), &data["id"]),
            ("conversation.created", &json!(1))
        );
        for (text, private) in [("Hi", false), ("Psst", true)] {
            let (event, data) = client.told().await;
            assert_eq!(
                (event.as_str(), &data["content"], &data["private"]),
                ("message.created", &json!(text), &json!(private))
            );
        }
        assert_eq!(client.told().await.1["name"], "Bob");
    }
    // Contacts are the account's; what they say is the inbox's.
    for name in ["Ann", "Bob"] {
        let (event, data) = olaf.told().await;
        assert_eq!(
            (event.as_str(), &data["name"]),
            ("contact.created", &json!(name))
        );
        assert_eq!(data["account_id"], office.account.0);
    }
}

#[tokio::test]
async fn what_another_server_commits_is_heard() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let token = ("api_access_token", office.agent.token.as_str());
    let body = json!({"content": "From elsewhere"});
    let path = office.agent.path(MESSAGES);
    let request = json_request(axum::http::Method::POST, &path, &[token], &body);
    assert_eq!(
        crate::app::call(app.second_router(), request).await.status,
        200
    );
    assert_eq!(client.told().await.1["content"], "From elsewhere");

    // Whoever comes back is told of what comes after, and reads the rest.
    drop(client);
    office
        .agent
        .post(MESSAGES, &json!({"content": "Missed"}))
        .await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Heard"}))
        .await;
    assert_eq!(client.told().await.1["content"], "Heard");
    let said = page
        .get("/contacts/a/conversations/1/messages")
        .await
        .json();
    assert_eq!(said[1]["content"], "Missed");
}

/// What stands in a conversation, in the order of the alphabet.
const CONVERSATION: [&str; 23] = [
    "account_id",
    "additional_attributes",
    "agent_last_seen_at",
    "can_reply",
    "channel",
    "contact_inbox",
    "contact_last_seen_at",
    "created_at",
    "custom_attributes",
    "first_reply_created_at",
    "id",
    "inbox_id",
    "labels",
    "last_activity_at",
    "messages",
    "meta",
    "priority",
    "snoozed_until",
    "status",
    "timestamp",
    "unread_count",
    "updated_at",
    "waiting_since",
];

fn keys(data: &Value) -> Vec<&str> {
    let keys: BTreeSet<&str> = data
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.into_iter().collect()
}

#[tokio::test]
async fn a_conversation_is_told_of_in_full_and_each_change_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    assert_eq!(
        jane.events_until("first.reply.created").await,
        ["message.created", "first.reply.created"]
    );
    assert_eq!(client.told().await.0, "message.created");
    let note = json!({"content": "Psst", "private": true});
    office.agent.post(MESSAGES, &note).await;
    office
        .agent
        .post(
            "/conversations/1/toggle_status",
            &json!({"status": "resolved"}),
        )
        .await;

    let (event, data) = client.told().await;
    assert_eq!(event, "conversation.updated");
    assert_eq!(data["messages"][0]["content"], "Hello");
    assert_eq!(keys(&data), CONVERSATION);
    assert_eq!(
        data["contact_inbox"],
        json!({
            "contact_id": 1, "hmac_verified": false, "id": 1, "inbox_id": office.inbox.0, "source_id": "a",
            "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z"
        })
    );
    assert_eq!(
        (&data["status"], &data["meta"]["sender"]["name"]),
        (&json!("resolved"), &json!("Ann"))
    );
    assert_eq!(client.told().await.0, "conversation.status_changed");

    let change = json!({"status": "open"});
    office
        .agent
        .post("/conversations/1/toggle_status", &change)
        .await;
    let events = jane.events_until("assignee.changed").await;
    assert!(
        events.contains(&"conversation.status_changed".to_owned()),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_proved_contact_hears_through_each_of_its_proved_ways() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let other = app.inbox(office.account, Channel::General).await.id;
    let elsewhere = Office {
        inbox: other,
        ..Office::open(&app).await
    };
    let elsewhere = Page::of(&Office {
        account: office.account,
        ..elsewhere
    })
    .await;
    let body = json!({"source_id": "b", "identifier": "id-a"});
    let again = elsewhere.post("/contacts", &body).await.json();
    assert_eq!(again["id"], ann["id"]);
    let unproved = json!({"source_id": "c", "identifier": "id-a"});
    let unproved = elsewhere.post("/contacts", &unproved).await.json();
    let live = Live::start(&app).await;
    let mut clients = Vec::new();
    for way in [&ann, &again, &unproved] {
        clients.push(live.listen(&contact(&way["pubsub_token"])).await);
    }
    for way in store::contacts::list_ways(app.store(), office.account, quartet::model::ContactId(1))
        .await
        .unwrap()
        .iter()
        .take(2)
    {
        store::visitors::verify(app.store(), office.account, way.id, app.now())
            .await
            .unwrap();
    }
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    elsewhere
        .post("/contacts/c/conversations", &json!({}))
        .await;
    assert_eq!(clients[0].told().await.1["content"], "Hello");
    assert_eq!(clients[1].told().await.1["content"], "Hello");
    assert_eq!(clients[2].told().await.0, "conversation.created");
}

#[tokio::test]
async fn a_token_that_opens_nothing_has_no_answer() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let other = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.connect().await;
    let jane = agent(&office, &office.jane).await;
    let foreign = jane.replace(
        &format!("\"account_id\":{}", office.account),
        &format!("\"account_id\":{}", other.account),
    );
    let disguised = jane.replace(
        &format!("\"user_id\":{}", office.jane.id.0),
        &format!("\"user_id\":{}", office.john.id.0),
    );
    assert_ne!((&foreign, &disguised), (&jane, &jane));
    for wrong in [
        foreign,
        disguised,
        contact(&json!("nonsense")),
        "nonsense".to_owned(),
    ] {
        client.send("subscribe", &wrong).await;
    }
    client.say(&json!({"command": "dance"})).await;
    client.say(&json!([])).await;
    client.subscribe(&contact(&ann["pubsub_token"])).await;
}
