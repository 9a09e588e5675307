//! What inboxes answer by themselves: a greeting, and that nobody is there.

use axum::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use quartet::model::{ConversationId, MessageKind};
use quartet::store::inbox_settings;
use quartet::store::messages::{self, From, NewMessage};
use serde_json::{Value, json};

use super::cable::{Live, contact};
use super::public::Page;
use super::{Office, contents};
use crate::app::TestApp;
use crate::cross_api::{Scene, ask_for_an_agent, each};
use crate::receiver::Receiver;

const MESSAGES: &str = "/conversations/1/messages";

/// An office whose inbox is set up so, and which has a conversation with Pranav.
async fn office<'a>(app: &'a TestApp, inbox: &Value) -> Office<'a> {
    let office = Office::open(app).await;
    set(&office, inbox).await;
    office.conversation("p-1").await;
    office
}

async fn set(office: &Office<'_>, inbox: &Value) {
    let path = format!("/inboxes/{}", office.inbox);
    let answer = office.admin.patch(&path, inbox).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn greeting(text: &str) -> Value {
    json!({"greeting_enabled": true, "greeting_message": text})
}

/// Hours from nine to five, from Monday to Friday.
fn closed(zone: &str) -> Value {
    json!({"working_hours_enabled": true, "out_of_office_message": "We are closed", "timezone": zone})
}

async fn hear(office: &Office<'_>, text: &str) {
    say(
        office,
        &json!({"content": text, "message_type": "incoming"}),
    )
    .await;
}

async fn say(office: &Office<'_>, message: &Value) {
    let answer = office.admin.post(MESSAGES, message).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn said(office: &Office<'_>) -> Value {
    office.admin.get(MESSAGES).await.json()
}

#[tokio::test]
async fn who_writes_first_is_greeted_once() {
    let app = TestApp::start().await;
    let office = office(&app, &greeting("Welcome!")).await;
    for text in ["Hello", "Anybody?"] {
        hear(&office, text).await;
    }
    let list = said(&office).await;
    assert_eq!(contents(&list), ["Hello", "Welcome!", "Anybody?"]);
    assert_eq!(
        list["payload"][1],
        json!({
            "content": "Welcome!", "content_attributes": {}, "content_type": "text", "conversation_id": 1,
            "created_at": 1_773_144_000, "id": 2, "inbox_id": office.inbox.0, "message_type": 3, "private": false,
            "source_id": null, "status": "sent"
        })
    );
    let shown = office.admin.get("/conversations/1").await.json();
    assert_eq!(shown["waiting_since"], 1_773_144_000);
    assert_eq!(shown["first_reply_created_at"], 0);
    assert_eq!(shown["unread_count"], 2);
}

#[tokio::test]
async fn nobody_is_greeted_whom_somebody_spoke_to_or_whose_inbox_has_no_words() {
    let app = TestApp::start().await;
    let outgoing = json!({"content": "Hi, Jane here"});
    let note = json!({"content": "Call her", "private": true});
    let template = json!({"content": "Your order", "message_type": "template"});
    let private = json!({"content": "psst", "message_type": "incoming", "private": true});
    for (inbox, before) in [
        (greeting("Welcome!"), Some(&outgoing)),
        (greeting("Welcome!"), Some(&note)),
        (greeting("Welcome!"), Some(&template)),
        (greeting(" \n\t "), None),
        (greeting("{{ contact.email }}"), None),
        (
            json!({"greeting_enabled": true, "greeting_message": null}),
            None,
        ),
        (
            json!({"greeting_enabled": false, "greeting_message": "Welcome!"}),
            None,
        ),
    ] {
        let office = office(&app, &inbox).await;
        if let Some(before) = before {
            say(&office, before).await;
        }
        hear(&office, "Hello").await;
        let list = said(&office).await;
        assert_eq!(contents(&list).last(), Some(&"Hello"), "{inbox} {before:?}");
    }
    let office = office(&app, &greeting("Welcome!")).await;
    say(&office, &private).await;
    assert_eq!(contents(&said(&office).await), ["psst"]);
}

#[tokio::test]
async fn a_greeting_names_whom_it_greets() {
    let app = TestApp::start().await;
    let text = "Hi {{ contact.first_name | upcase }}{{ agent.name }}, this is {{ inbox.name }} of {{ account.name }}, \
                no. {{ conversation.display_id }}. `{{ contact.name }}`";
    let office = office(&app, &greeting(text)).await;
    hear(&office, "Hello").await;
    assert_eq!(
        contents(&said(&office).await)[1],
        "Hi PRANAV, this is Inbox of Acme, no. 1. `{{ contact.name }}`"
    );
}

#[tokio::test]
async fn many_who_write_at_once_get_one_greeting_each() {
    let app = TestApp::start().await;
    let office = office(&app, &greeting("Welcome!")).await;
    office.conversation("p-2").await;
    let bodies =
        ["a", "b", "c", "d"].map(|text| json!({"content": text, "message_type": "incoming"}));
    let posts = [1, 2].map(|conversation| {
        let path = format!("/conversations/{conversation}/messages");
        let (admin, bodies) = (&office.admin, &bodies);
        async move {
            futures_util::future::join_all(bodies.iter().map(|body| admin.post(&path, body))).await
        }
    });
    futures_util::future::join_all(posts).await;
    for conversation in [1, 2] {
        let path = format!("/conversations/{conversation}/messages");
        let list = office.admin.get(&path).await.json();
        let list = contents(&list);
        assert_eq!(list.len(), 5, "{list:?}");
        assert_eq!(list[1], "Welcome!");
    }
}

#[tokio::test]
async fn outside_of_its_hours_an_inbox_says_so_once_a_day() {
    let app = TestApp::start().await;
    let mut inbox = closed("Asia/Tokyo");
    inbox["greeting_enabled"] = json!(true);
    inbox["greeting_message"] = json!("Welcome!");
    let office = office(&app, &inbox).await;
    // It is a Tuesday, nine in the evening there.
    hear(&office, "Hello").await;
    app.advance(TimeDelta::hours(11));
    hear(&office, "Hello?").await;
    assert_eq!(
        contents(&said(&office).await),
        ["Hello", "We are closed", "Hello?"],
        "one of two, and once"
    );
    // At nine in the morning they open; at five they go, which is the same day of ours.
    let monday = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    for (at, text) in [
        ("2026-03-11T00:00:00Z", "open"),
        ("2026-03-11T07:59:59Z", "still"),
        ("2026-03-11T08:00:00Z", "shut"),
        ("2026-03-11T23:59:00Z", "shut still"),
        ("2026-03-13T23:59:00Z", "Saturday"),
    ] {
        app.clock.set(monday(at));
        hear(&office, text).await;
    }
    assert_eq!(
        contents(&said(&office).await)[3..],
        [
            "open",
            "still",
            "shut",
            "We are closed",
            "shut still",
            "Saturday",
            "We are closed"
        ]
    );
}

#[tokio::test]
async fn an_agent_who_just_wrote_is_there() {
    let app = TestApp::start().await;
    let office = office(&app, &closed("Asia/Tokyo")).await;
    say(&office, &json!({"content": "We are late today"})).await;
    app.advance(TimeDelta::minutes(5));
    hear(&office, "So am I").await;
    app.advance(TimeDelta::seconds(1));
    say(&office, &json!({"content": "Not now", "private": true})).await;
    hear(&office, "Gone?").await;
    assert_eq!(
        contents(&said(&office).await),
        [
            "We are late today",
            "So am I",
            "Not now",
            "Gone?",
            "We are closed"
        ],
        "a note is no answer"
    );
}

#[tokio::test]
async fn an_inbox_without_hours_or_words_says_nothing_of_them() {
    let app = TestApp::start().await;
    let (text, on) = ("out_of_office_message", "working_hours_enabled");
    for (key, value) in [(text, json!(" ")), (text, json!(null)), (on, json!(false))] {
        let mut inbox = closed("Asia/Tokyo");
        inbox[key] = value;
        let office = office(&app, &inbox).await;
        hear(&office, "Hello").await;
        assert_eq!(contents(&said(&office).await), ["Hello"], "{inbox}");
    }
    // Whoever keeps hours and is open at noon.
    let office = office(&app, &closed("UTC")).await;
    hear(&office, "Hello").await;
    assert_eq!(contents(&said(&office).await), ["Hello"]);
}

#[tokio::test]
async fn a_conversation_that_comes_back_is_answered_as_any_other() {
    let app = TestApp::start().await;
    let office = office(&app, &closed("Asia/Tokyo")).await;
    let resolved = json!({"status": "resolved"});
    office
        .admin
        .post("/conversations/1/toggle_status", &resolved)
        .await;
    let again = json!({"content": "Again", "message_type": "incoming"});
    let answer = office.admin.post_once("k", MESSAGES, &again).await;
    assert_eq!(answer.json()["content"], "Again");
    let repeated = office.admin.post_once("k", MESSAGES, &again).await;
    assert_eq!(repeated.json(), answer.json());
    assert_eq!(
        contents(&said(&office).await)[1..],
        [
            "Again",
            "System reopened the conversation due to a new incoming message.",
            "We are closed"
        ]
    );
}

#[tokio::test]
async fn what_begins_a_conversation_is_answered_too() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set(&office, &greeting("Welcome!")).await;
    office.contact("Ann", "a").await;
    let message = json!({"content": "Anybody?", "message_type": "incoming"});
    let begun = office
        .admin
        .post(
            "/conversations",
            &json!({"source_id": "a", "message": message}),
        )
        .await;
    assert_eq!(begun.json()["messages"][0]["content"], "Welcome!");
    assert_eq!(contents(&said(&office).await), ["Anybody?", "Welcome!"]);
    let outgoing = json!({"content": "Your order is here"});
    office
        .admin
        .post(
            "/conversations",
            &json!({"source_id": "a", "message": outgoing}),
        )
        .await;
    let list = office.admin.get("/conversations/2/messages").await.json();
    assert_eq!(contents(&list), ["Your order is here"]);
}

#[tokio::test]
async fn visitors_and_webhooks_are_told_what_an_inbox_answered() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set(&office, &greeting("Welcome!")).await;
    let receiver = Receiver::start().await;
    let hook = json!({"url": receiver.url, "subscriptions": ["message_created"]});
    office.admin.post("/webhooks", &hook).await;
    let page = Page::of(&office).await;
    page.visitor("v").await;
    let path = "/contacts/v/conversations/1/messages";
    let posted = page.post(path, &json!({"content": "Hello"})).await;
    assert_eq!(posted.json()["content"], "Hello");
    assert_eq!(
        page.get(path).await.json()[1],
        json!({
            "id": 2, "content": "Welcome!", "message_type": 3, "content_type": "text", "content_attributes": {},
            "created_at": 1_773_144_000, "conversation_id": 1
        })
    );
    app.drain_webhooks().await;
    let told: Vec<Value> = receiver
        .take()
        .iter()
        .map(crate::receiver::Received::json)
        .collect();
    assert_eq!(each(&json!(told), "content"), ["Hello", "Welcome!"]);
    let mut greeted = told[1].clone();
    let conversation = greeted["conversation"].take();
    assert_eq!(conversation["messages"][0]["content"], "Welcome!");
    assert_eq!(
        greeted,
        json!({
            "event": "message_created", "id": 2, "account": {"id": office.account.0, "name": "Acme"},
            "additional_attributes": {}, "content_attributes": {}, "content_type": "text", "content": "Welcome!",
            "conversation": null, "created_at": "2026-03-10T12:00:00.000Z",
            "inbox": {"id": office.inbox.0, "name": "Inbox"}, "message_type": "template", "private": false,
            "sender": null, "source_id": null
        })
    );
}

#[tokio::test]
async fn a_visitor_who_is_connected_hears_the_greeting() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    set(&office, &greeting("Welcome!")).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let path = "/contacts/a/conversations/1/messages";
    page.post(path, &json!({"content": "Hello"})).await;
    for (text, kind) in [("Hello", 0), ("Welcome!", 3)] {
        let (event, data) = client.told().await;
        assert_eq!(event, "message.created");
        assert_eq!(
            (&data["content"], &data["message_type"], &data["sender_id"]),
            (
                &json!(text),
                &json!(kind),
                &json!(if kind == 0 { Some(1) } else { None })
            )
        );
    }
}

/// The texts of a conversation, through Chatlake.
async fn texts(scene: &Scene, conversation: i64) -> Vec<String> {
    let path = format!("/conversations/{conversation}/messages");
    let list = scene.chatlake(Method::GET, &path, &json!({})).await;
    contents(&list).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_flow_that_answers_has_greeted() {
    let scene = Scene::new().await;
    let inbox =
        scene.chatlake(Method::GET, "/inboxes", &json!({})).await["payload"][0]["id"].clone();
    let path = format!("/inboxes/{inbox}");
    scene
        .chatlake(Method::PATCH, &path, &greeting("Welcome!"))
        .await;
    let contact = json!({"name": "Ann", "inbox_id": inbox, "source_id": "a"});
    scene.chatlake(Method::POST, "/contacts", &contact).await;
    let message = json!({"content": "Anybody?", "message_type": "incoming"});
    let begun = json!({"source_id": "a", "message": message});
    scene.chatlake(Method::POST, "/conversations", &begun).await;
    assert_eq!(
        texts(&scene, 1).await,
        ["Anybody?", "Hello!", "Please choose an option"]
    );
    scene.told().await;
    ask_for_an_agent(&scene).await;
    assert_eq!(
        texts(&scene, 2).await,
        [
            "Hello!",
            "Please choose an option",
            "Option 2",
            "One moment, I am fetching a colleague"
        ]
    );
    assert_eq!(scene.told().await, [json!(null); 0]);
}

#[tokio::test]
async fn every_api_shows_that_nobody_is_there() {
    let scene = Scene::new().await;
    let inbox =
        scene.chatlake(Method::GET, "/inboxes", &json!({})).await["payload"][0]["id"].clone();
    let path = format!("/inboxes/{inbox}");
    scene
        .chatlake(Method::PATCH, &path, &closed("Asia/Tokyo"))
        .await;
    let stream = ask_for_an_agent(&scene).await;
    assert_eq!(
        texts(&scene, 1).await,
        [
            "Hello!",
            "Please choose an option",
            "Option 2",
            "We are closed",
            "One moment, I am fetching a colleague"
        ]
    );
    assert_eq!(
        scene.told().await,
        [json!({"streamId": stream, "text": "We are closed"})]
    );
    let rows = scene.imbox("grabConversation", "/V1").await;
    let row = &rows[3];
    assert_eq!(
        json!([
            row["from"],
            row["message"],
            row["agentID"],
            row["conversationID"]
        ]),
        json!(["system", "We are closed", null, "V1"])
    );
    let page = scene.transcripts().await;
    let row = &page["transcripts"][3];
    assert_eq!(
        json!([row["from"], row["text"]["message"], row["isFromAgent"]]),
        json!(["Bot", "We are closed", false])
    );
}

#[tokio::test]
async fn an_inbox_that_was_removed_says_nothing() {
    let app = TestApp::start().await;
    let office = office(&app, &greeting("Welcome!")).await;
    inbox_settings::remove(app.store(), office.account, office.inbox, app.now())
        .await
        .unwrap();
    let new = NewMessage::text(MessageKind::Incoming, From::Contact, "Hello");
    let conversation = ConversationId(1);
    messages::post(
        app.store(),
        office.account,
        conversation,
        new,
        None,
        app.now(),
    )
    .await
    .unwrap();
    assert_eq!(contents(&said(&office).await), ["Hello"]);
}
