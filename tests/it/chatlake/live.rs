//! Conversations that a bot has, and hands over.

use quartet::model::{Channel, Scope};
use quartet::store::bots::{self, NewBot};
use quartet::store::inboxes::{self, NewInbox};
use serde_json::{Value, json};

use super::{Office, contents};
use crate::app::TestApp;
use crate::receiver::Receiver;

const DEMO: &str = include_str!("../../../config/flows/demo.yaml");

/// A bot that serves an inbox of this channel, in which Jane is a member: the bot and the inbox.
async fn serve(office: &Office<'_>, channel: Channel) -> (i64, i64) {
    let (app, account) = (office.app, office.account);
    let new = NewBot {
        id: None,
        name: "Botty".to_owned(),
        description: String::new(),
        avatar_url: String::new(),
    };
    let bot = bots::create(app.store(), account, new, None, app.now())
        .await
        .unwrap()
        .id;
    app.state
        .runner
        .publish(account, bot, DEMO, app.now())
        .await
        .unwrap();
    let new = NewInbox {
        bot: Some(bot),
        ..NewInbox::new("Served", channel)
    };
    let inbox = inboxes::create(app.store(), account, new, None, app.now())
        .await
        .unwrap()
        .id;
    inboxes::add_members(app.store(), account, inbox, vec![office.jane.id], app.now())
        .await
        .unwrap();
    (bot.0, inbox.0)
}

#[tokio::test]
async fn a_bot_answers_what_a_contact_says_in_its_inbox() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (_, inbox) = serve(&office, Channel::General).await;
    let contact = json!({"name": "Ann", "inbox_id": inbox, "source_id": "a"});
    office.admin.post("/contacts", &contact).await;
    let begun = office
        .admin
        .post("/conversations", &json!({"source_id": "a"}))
        .await
        .json();
    assert_eq!(begun["status"], "pending");

    let incoming = json!({"content": "Anybody?", "message_type": "incoming", "source_id": "w-1"});
    let path = "/conversations/1/messages";
    let posted = office.agent.post(path, &incoming).await.json();
    assert_eq!(
        (&posted["content"], &posted["message_type"]),
        (&json!("Anybody?"), &json!(0))
    );
    assert_eq!(
        office.agent.post(path, &incoming).await.json(),
        posted,
        "a copy moves nothing"
    );
    let list = office.agent.get(path).await.json();
    assert_eq!(
        contents(&list),
        ["Anybody?", "Hello!", "Please choose an option"]
    );
    let question = &list["payload"][2];
    assert_eq!(question["content_type"], "input_select");
    assert_eq!(
        question["content_attributes"]["items"][1]["title"],
        "Option 2"
    );
    assert_eq!(question["sender"]["type"], "agent_bot");

    let choice = json!({"content": "Option 2", "message_type": "incoming"});
    office.agent.post_once("k", path, &choice).await;
    office.agent.post_once("k", path, &choice).await;
    assert_eq!(
        office.agent.get("/conversations/1").await.json()["status"],
        "open"
    );
    let list = office.agent.get(path).await.json();
    assert_eq!(
        contents(&list)
            .iter()
            .filter(|text| **text == "Option 2")
            .count(),
        1
    );
}

#[tokio::test]
async fn an_agent_talks_to_a_visitor_and_ends_the_live_session() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let receiver = Receiver::start().await;
    let (bot, _) = serve(&office, Channel::Webchat).await;
    let key = app.key(office.account, &[Scope::Instabot]).await;
    let start = json!({
        "apiKey": key, "start": true, "botId": bot, "email": "ann@example.org", "callbackUrl": receiver.url
    });
    let started = app.post("/secure/send", &start).await.json();
    let stream = started["streamId"].clone();
    app.post(
        "/secure/send",
        &json!({"streamId": stream, "message": {"text": "Option 2"}}),
    )
    .await;

    let open = office.agent.get("/conversations").await.json();
    assert_eq!(open["data"]["payload"][0]["id"], 1);
    let path = "/conversations/1/messages";
    office
        .agent
        .post(path, &json!({"content": "Hello, Jane here"}))
        .await;
    office
        .agent
        .post(path, &json!({"content": "Looks new", "private": true}))
        .await;
    app.post(
        "/secure/send",
        &json!({"streamId": stream, "message": {"text": "Hi Jane"}}),
    )
    .await;
    let status = "/conversations/1/toggle_status";
    let resolved = json!({"status": "resolved"});
    let ended = office.agent.post_once("k", status, &resolved).await;
    assert_eq!(ended.json()["payload"]["current_status"], "resolved");
    let again = office.agent.post_once("k", status, &resolved).await;
    assert_eq!(again.pair(), ended.pair());

    let list = office.agent.get(path).await.json();
    let said: Vec<&str> = contents(&list)
        .into_iter()
        .skip_while(|text| *text != "Hello, Jane here")
        .collect();
    assert_eq!(
        said,
        [
            "Hello, Jane here",
            "Looks new",
            "Hi Jane",
            "Conversation was marked resolved by Jane Doe 1",
            "Thank you for talking to us. Goodbye!",
        ]
    );
    app.drain_webhooks().await;
    let heard: Vec<Value> = receiver
        .take()
        .iter()
        .map(|one| one.json()["text"].clone())
        .collect();
    assert_eq!(
        heard,
        [
            "Hello, Jane here",
            "Agent has ended this live session",
            "Thank you for talking to us. Goodbye!"
        ]
    );
}

#[tokio::test]
async fn a_bot_answers_what_its_contact_begins_a_conversation_with() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let (_, inbox) = serve(&office, Channel::General).await;
    let contact = json!({"name": "Ann", "inbox_id": inbox, "source_id": "a"});
    office.admin.post("/contacts", &contact).await;
    let message = json!({"content": "Anybody?", "message_type": "incoming"});
    let body = json!({"source_id": "a", "message": message});
    let begun = office.admin.post_once("k", "/conversations", &body).await;
    assert_eq!(begun.status, 200, "{}", begun.text());
    let said = async || office.admin.get("/conversations/1/messages").await.json();
    let list = said().await;
    assert_eq!(contents(&list)[0], "Anybody?");
    assert_eq!(list["payload"][0]["message_type"], 0);
    assert_eq!(list["payload"][1]["sender"]["name"], "Botty");
    let again = office.admin.post_once("k", "/conversations", &body).await;
    assert_eq!(again.json()["id"], begun.json()["id"]);
    assert_eq!(said().await, list);
    // Nobody else speaks for a website's visitor.
    let (_, website) = serve(&office, Channel::Webchat).await;
    let contact = json!({"name": "Bob", "inbox_id": website, "source_id": "b"});
    office.admin.post("/contacts", &contact).await;
    let refused = office
        .admin
        .post(
            "/conversations",
            &json!({"source_id": "b", "message": body["message"]}),
        )
        .await;
    let sentence = "Incoming messages are only allowed in Api inboxes";
    assert_eq!(refused.pair(), (422, json!({"error": sentence})));
    let list = office.admin.get("/conversations?status=all").await.json();
    assert_eq!(list["data"]["meta"]["all_count"], 1);
}
