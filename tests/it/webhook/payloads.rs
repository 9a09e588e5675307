//! What each kind of endpoint hears of, and in which shape.

use chrono::{DateTime, TimeDelta, Utc};
use quartet::model::{
    AccountId, BotId, Channel, ConversationId, ConversationStatus, EventKind, MessageKind, Role,
};
use quartet::store::bots::{self, NewBot};
use quartet::store::contacts::{self, NewContact};
use quartet::store::conversation_status::StatusChange;
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::messages::{From, NewMessage};
use quartet::store::{Error, Field, endpoints, presence};
use serde_json::{Value, json};

use super::{DELIVERED, Scene, converse, place};
use crate::app::TestApp;
use crate::receiver::Receiver;

async fn subscribe(app: &TestApp, account: AccountId, kinds: &[EventKind]) -> Receiver {
    let receiver = Receiver::start().await;
    endpoints::subscribe(app.store(), account, receiver.url.clone(), kinds, app.now())
        .await
        .unwrap();
    receiver
}

fn names(receiver: &Receiver) -> Vec<Value> {
    let received = receiver.take();
    received
        .iter()
        .map(|one| one.json()["event"].clone())
        .collect()
}

#[tokio::test]
async fn an_inbox_hears_a_message_with_its_conversation_and_itself_in_it() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    scene.say("again").await;
    scene.app.drain_webhooks().await;

    let received = scene.receiver.take();
    let body = received[0].json();
    assert_eq!(body["event"], "message_created");
    assert_eq!(body["content"], "Hello");
    assert_eq!(body["message_type"], "incoming");
    assert_eq!(body["created_at"], "2026-03-10T12:00:00.000Z");
    assert_eq!(body["inbox"], json!({"id": scene.inbox.0, "name": "Shop"}));
    assert_eq!(body["conversation"]["id"], scene.conversation.0);
    assert_eq!(body["conversation"]["contact_inbox"]["source_id"], "ann-1");
    assert_eq!(body["conversation"]["messages"][0]["id"], body["id"]);
    assert_eq!(body["sender"]["name"], "Ann");
    let text = String::from_utf8(received[0].body.clone()).unwrap();
    for secret in ["pubsub_token", "hmac_token", "secret"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_agents_note_among_themselves_reaches_the_inbox_but_an_activity_reaches_nobody() {
    let scene = Scene::new().await;
    let agent = scene
        .app
        .agent(scene.account, "Jane Doe", Role::Agent)
        .await;
    let note = NewMessage {
        private: true,
        ..NewMessage::text(MessageKind::Outgoing, From::Agent(agent.id), "a note")
    };
    let activity = NewMessage::text(MessageKind::Activity, From::System, "Jane looked");
    for new in [note, activity] {
        scene.post_in(scene.conversation, new).await;
    }

    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    let received = scene.receiver.take().pop().unwrap();
    assert_eq!(received.json()["private"], json!(true));
    assert_eq!(
        received.json()["sender"],
        json!({"id": agent.id.0, "name": "Jane Doe", "email": "jane.doe@example.org", "type": "user"})
    );
}

#[tokio::test]
async fn an_account_hears_of_contacts_in_their_own_shape() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let receiver = subscribe(&app, account, &endpoints::ACCOUNT_EVENTS).await;
    let contact = NewContact {
        name: "Ann".to_owned(),
        email: Some("ann@example.org".to_owned()),
        identifier: Some("crm-1".to_owned()),
        ..NewContact::default()
    };
    let (contact, _) = contacts::create(app.store(), account, contact, None, None, app.now())
        .await
        .unwrap();

    assert_eq!(app.drain_webhooks().await, [DELIVERED]);
    assert_eq!(
        receiver.take().pop().unwrap().json(),
        json!({
            "account": {"id": account.0, "name": "Acme"},
            "additional_attributes": {},
            "avatar": "",
            "custom_attributes": {},
            "email": "ann@example.org",
            "id": contact.id.0,
            "identifier": "crm-1",
            "name": "Ann",
            "phone_number": null,
            "thumbnail": "",
            "blocked": false,
            "event": "contact_created",
        })
    );
}

#[tokio::test]
async fn an_account_hears_what_it_subscribed_to_from_every_inbox() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let all = subscribe(&app, account, &endpoints::ACCOUNT_EVENTS).await;
    let some = subscribe(&app, account, &[EventKind::MessageCreated]).await;
    let other = app.account().await;
    let strangers = subscribe(&app, other, &endpoints::ACCOUNT_EVENTS).await;
    let inbox = Receiver::start().await;
    let url = inbox.url.clone();

    let (_, way) = place(&app, account, &url, "ann-1").await;
    let conversation = converse(&app, account, way).await;
    let new = NewMessage::text(MessageKind::Incoming, From::Contact, "Hello");
    quartet::store::messages::post(app.store(), account, conversation, new, None, app.now())
        .await
        .unwrap();
    app.drain_webhooks().await;

    let mut heard: Vec<String> = names(&all)
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    // What belongs to no conversation keeps no order.
    heard.sort_unstable();
    assert_eq!(
        heard,
        [
            "contact_created",
            "contact_updated",
            "conversation_created",
            "inbox_created",
            "message_created"
        ]
    );
    assert_eq!(names(&some), ["message_created"]);
    assert_eq!(names(&inbox), ["conversation_created", "message_created"]);
    assert!(strangers.take().is_empty());
}

#[tokio::test]
async fn each_message_of_a_contact_is_told_as_a_change_of_it_where_somebody_listens() {
    let scene = Scene::new().await;
    let kinds = [EventKind::ContactUpdated];
    let receiver = subscribe(&scene.app, scene.account, &kinds).await;
    let before = scene.app.now();
    scene.say("Hello").await;
    scene.say("At the same moment").await;
    scene.app.advance(TimeDelta::seconds(2));
    scene.say("Anybody?").await;
    scene.answer("Yes").await;
    scene.app.drain_webhooks().await;

    let mut told: Vec<Value> = receiver.take().iter().map(|one| one.json()).collect();
    told.sort_by_key(|body| body["changed_attributes"].to_string());
    let change = |was: Value, is: DateTime<Utc>| json!([{"last_activity_at": {"previous_value": was, "current_value": is}}]);
    let changes: Vec<_> = told
        .iter()
        .map(|body| &body["changed_attributes"])
        .collect();
    let after = before + TimeDelta::seconds(2);
    assert_eq!(
        changes,
        [&change(Value::Null, before), &change(json!(before), after)]
    );
    let mut told = told.remove(0);
    told.as_object_mut().unwrap().remove("changed_attributes");
    assert_eq!(
        told,
        json!({
            "account": {"id": scene.account.0, "name": "Acme"},
            "additional_attributes": {},
            "avatar": "",
            "custom_attributes": {},
            "email": null,
            "id": 1,
            "identifier": null,
            "name": "Ann",
            "phone_number": null,
            "thumbnail": "",
            "blocked": false,
            "event": "contact_updated",
        })
    );
}

#[tokio::test]
async fn that_a_contact_wrote_is_no_event_of_its_own_where_nobody_listens() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let kinds = "select to_jsonb(kind) from events order by id desc limit 1";
    assert_eq!(scene.rows(kinds).await, ["message.created"]);
}

#[tokio::test]
async fn who_speaks_is_told_with_what_the_vendor_pushes_of_them() {
    let scene = Scene::new().await;
    let (app, account) = (&scene.app, scene.account);
    let agent = app.agent(account, "Jane Doe", Role::Agent).await;
    let bot = make_bot(app, account).await;
    let speaker = async |from: From| {
        let new = NewMessage::text(MessageKind::Outgoing, from, "Hi");
        scene.post_in(scene.conversation, new).await;
        app.drain_webhooks().await;
        let body = scene.receiver.take().pop().unwrap().json();
        body["conversation"]["messages"][0]["sender"].clone()
    };
    let told = |availability: &str| {
        json!({"id": agent.id.0, "name": agent.name, "available_name": agent.name, "avatar_url": "",
               "type": "user", "availability_status": availability, "thumbnail": ""})
    };
    assert_eq!(speaker(From::Agent(agent.id)).await, told("offline"));
    presence::agent_seen(app.store(), account, agent.id, app.now())
        .await
        .unwrap();
    assert_eq!(speaker(From::Agent(agent.id)).await, told("online"));
    assert_eq!(
        speaker(From::Bot(bot)).await,
        json!({"id": bot.0, "name": "Botty", "avatar_url": "https://example.org/botty.png", "type": "agent_bot"})
    );
}

#[tokio::test]
async fn a_url_is_subscribed_once_an_account() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let url = "https://example.org/hook";
    let subscribe = async |account| {
        let kinds = [EventKind::MessageCreated];
        endpoints::subscribe(app.store(), account, url.to_owned(), &kinds, app.now()).await
    };
    subscribe(account).await.unwrap();
    assert!(matches!(
        subscribe(account).await,
        Err(Error::Taken(Field::WebhookUrl))
    ));
    subscribe(app.account().await).await.unwrap();
}

#[tokio::test]
async fn a_bots_system_hears_of_the_inboxes_that_the_bot_serves() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let bot = make_bot(&app, account).await;
    let receiver = Receiver::start().await;
    let url = receiver.url.clone();
    endpoints::set_bot_url(app.store(), account, bot, url, app.now())
        .await
        .unwrap();
    let served = NewInbox {
        bot: Some(bot),
        ..NewInbox::new("Served", Channel::General)
    };
    let served = inboxes::create(app.store(), account, served, None, app.now())
        .await
        .unwrap()
        .id;
    let another = app.inbox(account, Channel::General).await.id;
    for inbox in [served, another] {
        let way = contacts::NewContactInbox {
            inbox,
            source_id: None,
        };
        let contact = NewContact::default();
        let (_, way) = contacts::create(app.store(), account, contact, Some(way), None, app.now())
            .await
            .unwrap();
        let conversation = converse(&app, account, way.unwrap().id).await;
        resolve(&app, account, conversation).await;
    }
    app.drain_webhooks().await;

    let received = receiver.take();
    let told: Vec<_> = received
        .iter()
        .map(|one| {
            let body = one.json();
            assert_eq!(body["inbox_id"], served.0);
            (body["event"].clone(), body["changed_attributes"].clone())
        })
        .collect();
    let changed = json!([{"status": {"previous_value": "pending", "current_value": "resolved"}}]);
    assert_eq!(
        told,
        [
            (json!("conversation_updated"), changed.clone()),
            (json!("conversation_status_changed"), changed),
            (json!("conversation_resolved"), Value::Null),
        ]
    );
}

#[tokio::test]
async fn a_change_of_a_conversation_is_told_with_the_last_message_that_its_contact_may_see() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let note = NewMessage {
        private: true,
        ..NewMessage::text(MessageKind::Outgoing, From::System, "a note")
    };
    scene.post_in(scene.conversation, note).await;
    scene.app.drain_webhooks().await;
    scene.receiver.take();
    resolve(&scene.app, scene.account, scene.conversation).await;
    scene.app.drain_webhooks().await;

    let received = scene.receiver.take();
    let told: Vec<_> = received
        .iter()
        .map(|one| {
            let body = one.json();
            let said: Vec<_> = body["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|message| message["content"].clone())
                .collect();
            (body["event"].clone(), said)
        })
        .collect();
    let said = vec![json!("Hello")];
    assert_eq!(
        told,
        [
            (json!("conversation_updated"), said.clone()),
            (json!("conversation_status_changed"), said),
        ]
    );
}

#[tokio::test]
async fn a_conversation_whose_bot_cannot_be_reached_falls_to_the_agents() {
    let scene = Scene::new().await;
    let bot = make_bot(&scene.app, scene.account).await;
    let receiver = Receiver::start().await;
    receiver.answer_by(|_| 410);
    let (store, now) = (scene.app.store(), scene.app.now());
    endpoints::set_bot_url(store, scene.account, bot, receiver.url.clone(), now)
        .await
        .unwrap();
    let mut conn = scene.app.database.connect().await;
    sqlx::query("update inboxes set bot_id = $1")
        .bind(bot.0)
        .execute(&mut conn)
        .await
        .unwrap();
    let conversation = scene.converse().await;
    scene.say_in(conversation, "Anybody?").await;
    scene.app.drain_webhooks().await;

    let statuses = scene
        .rows("select to_jsonb(status) from conversations order by id")
        .await;
    assert_eq!(statuses, ["open", "open"]);
    assert_eq!(receiver.take().len(), 1);
}

async fn make_bot(app: &TestApp, account: AccountId) -> BotId {
    let bot = NewBot {
        id: None,
        name: "Botty".to_owned(),
        description: String::new(),
        avatar_url: "https://example.org/botty.png".to_owned(),
    };
    bots::create(app.store(), account, bot, None, app.now())
        .await
        .unwrap()
        .id
}

async fn resolve(app: &TestApp, account: AccountId, conversation: ConversationId) {
    let change = StatusChange {
        to: Some(ConversationStatus::Resolved),
        snoozed_until: None,
        by: From::System,
        opener: None,
    };
    let runner = &app.state.runner;
    runner
        .set_status(account, conversation, change, None, app.now())
        .await
        .unwrap();
}
