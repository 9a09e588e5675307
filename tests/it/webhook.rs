//! Deliveries to a real receiver, attempt by attempt.

use chrono::TimeDelta;
use quartet::config::Config;
use quartet::model::{Channel, ConversationId, MessageKind, Role};
use quartet::store::contacts::{NewContact, NewContactInbox};
use quartet::store::conversations::NewConversation;
use quartet::store::deliveries::Room;
use quartet::store::inboxes::NewInbox;
use quartet::store::messages::{From, NewMessage};
use quartet::store::{contacts, conversations, inboxes, messages};
use quartet::webhook::Report;
use serde_json::json;

use crate::app::TestApp;
use crate::receiver::Receiver;

/// A conversation in an API inbox whose webhook is the receiver's, after its first delivery.
struct Scene {
    app: TestApp,
    receiver: Receiver,
    account: quartet::model::AccountId,
    conversation: ConversationId,
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let receiver = Receiver::start().await;
        let account = app.account().await;
        let inbox = NewInbox {
            webhook_url: Some(receiver.url.clone()),
            ..NewInbox::new("Shop", Channel::General)
        };
        let inbox = inboxes::create(app.store(), account, inbox, None, app.now())
            .await
            .unwrap();
        let way = NewContactInbox {
            inbox: inbox.id,
            source_id: Some("ann-1".to_owned()),
        };
        let contact = NewContact {
            name: "Ann".to_owned(),
            ..NewContact::default()
        };
        let (_, way) = contacts::create(app.store(), account, contact, Some(way), None, app.now())
            .await
            .unwrap();
        let new = NewConversation::new(way.unwrap().id);
        let conversation = conversations::create(app.store(), account, new, None, app.now())
            .await
            .unwrap()
            .id;
        app.drain_webhooks().await;
        receiver.take();
        Self {
            app,
            receiver,
            account,
            conversation,
        }
    }

    async fn say(&self, text: &str) {
        let new = NewMessage::text(MessageKind::Incoming, From::Contact, text);
        messages::post(
            self.app.store(),
            self.account,
            self.conversation,
            new,
            None,
            self.app.now(),
        )
        .await
        .unwrap();
    }

    fn heard(&self) -> Vec<String> {
        let received = self.receiver.take();
        received
            .iter()
            .map(|one| one.json()["content"].as_str().unwrap().to_owned())
            .collect()
    }
}

const DELIVERED: Report = Report {
    delivered: 1,
    postponed: 0,
    failed: 0,
};
const POSTPONED: Report = Report {
    delivered: 0,
    postponed: 1,
    failed: 0,
};

#[tokio::test]
async fn a_message_reaches_the_webhook_of_its_inbox_signed() {
    let scene = Scene::new().await;
    scene.say("Hello").await;

    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);

    let received = scene.receiver.take().pop().unwrap();
    let body = received.json();
    assert_eq!(body["event"], "message_created");
    assert_eq!(body["content"], "Hello");
    assert_eq!(body["message_type"], "incoming");
    assert_eq!(body["created_at"], "2026-03-10T12:00:00.000Z");
    assert_eq!(body["conversation"]["id"], scene.conversation.0);
    assert_eq!(body["conversation"]["contact_inbox"]["source_id"], "ann-1");
    assert_eq!(body["conversation"]["messages"][0]["id"], body["id"]);
    assert_eq!(body["sender"]["name"], "Ann");
    assert_eq!(
        body.pointer("/conversation/contact_inbox/pubsub_token"),
        None
    );

    let inbox = quartet::model::InboxId(body["inbox"]["id"].as_i64().unwrap());
    let (_, secret) =
        quartet::store::endpoints::find_of_inbox(scene.app.store(), scene.account, inbox)
            .await
            .unwrap()
            .unwrap();
    let secret = secrecy::ExposeSecret::expose_secret(&secret).to_owned();
    let webhook = standardwebhooks::Webhook::new(&secret).unwrap();
    webhook
        .sign(
            received.header("webhook-id"),
            received.header("webhook-timestamp").parse().unwrap(),
            &received.body,
        )
        .map(|signature| assert_eq!(signature, received.header("webhook-signature")))
        .unwrap();
    assert_eq!(
        received.header("x-chatwoot-delivery"),
        received.header("webhook-id")
    );
    assert!(
        received
            .header("x-chatwoot-signature")
            .starts_with("sha256=")
    );
}

#[tokio::test]
async fn a_failed_delivery_is_retried_when_due_with_the_same_id() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500]);
    scene.say("Hello").await;

    assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
    assert_eq!(scene.app.drain_webhooks().await, []);
    scene.app.advance(TimeDelta::seconds(7));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);

    let received = scene.receiver.take();
    assert_eq!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id")
    );
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn a_conversations_messages_arrive_in_order_past_a_failure() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[503]);
    for text in ["one", "two", "three"] {
        scene.say(text).await;
    }

    assert_eq!(scene.app.drain_webhooks().await, [POSTPONED]);
    assert_eq!(scene.heard(), ["one"]);
    scene.app.advance(TimeDelta::seconds(7));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED; 3]);
    assert_eq!(scene.heard(), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_claim_whose_claimer_died_is_taken_over_after_its_lease() {
    let scene = Scene::new().await;
    scene.say("Hello").await;
    let lease = std::time::Duration::from_secs(60);
    let claimed = quartet::store::deliveries::claim(
        scene.app.store(),
        &Room::for_any(10),
        lease,
        scene.app.now(),
    )
    .await
    .unwrap();
    assert_eq!(claimed.len(), 1);

    assert_eq!(scene.app.drain_webhooks().await, []);
    scene.app.advance(TimeDelta::seconds(61));
    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    assert_eq!(scene.heard(), ["Hello"]);
}

#[tokio::test]
async fn a_delivery_is_given_up_after_the_last_pause_of_the_schedule() {
    let scene = Scene::new().await;
    scene.receiver.answer_next(&[500; 11]);
    scene.say("Hello").await;

    let pauses = Config::from_toml("").unwrap().webhook.retry_schedule;
    let mut reports = scene.app.drain_webhooks().await;
    for pause in pauses {
        scene
            .app
            .clock
            .advance(TimeDelta::from_std(pause * 2).unwrap());
        reports.extend(scene.app.drain_webhooks().await);
    }
    let failed = Report {
        failed: 1,
        ..Report::default()
    };
    assert_eq!(reports, [[POSTPONED; 10].as_slice(), &[failed]].concat());
    assert_eq!(scene.app.drain_webhooks().await, []);
}

#[tokio::test]
async fn a_private_address_is_not_called_unless_it_is_allowed() {
    let app = TestApp::with("").await;
    let receiver = Receiver::start().await;
    let account = app.account().await;
    let inbox = NewInbox {
        webhook_url: Some(receiver.url.clone()),
        ..NewInbox::new("Shop", Channel::General)
    };
    let inbox = inboxes::create(app.store(), account, inbox, None, app.now())
        .await
        .unwrap();
    let way = NewContactInbox {
        inbox: inbox.id,
        source_id: None,
    };
    let (_, way) = contacts::create(
        app.store(),
        account,
        NewContact::default(),
        Some(way),
        None,
        app.now(),
    )
    .await
    .unwrap();
    let new = NewConversation::new(way.unwrap().id);
    conversations::create(app.store(), account, new, None, app.now())
        .await
        .unwrap();

    assert_eq!(app.drain_webhooks().await, [POSTPONED]);
    assert!(receiver.take().is_empty());
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
        messages::post(
            scene.app.store(),
            scene.account,
            scene.conversation,
            new,
            None,
            scene.app.now(),
        )
        .await
        .unwrap();
    }

    assert_eq!(scene.app.drain_webhooks().await, [DELIVERED]);
    let received = scene.receiver.take().pop().unwrap();
    assert_eq!(received.json()["private"], json!(true));
    assert_eq!(
        received.json()["sender"],
        json!({"id": agent.id.0, "name": "Jane Doe", "email": "jane.doe@example.org", "type": "user"})
    );
}
