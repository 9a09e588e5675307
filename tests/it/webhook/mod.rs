//! Deliveries to a real receiver, attempt by attempt.

mod crash;
mod endpoints;
mod fairness;
mod hostile;
mod order;
mod payloads;
mod plans;
mod presence;
mod records;
mod retries;
mod signatures;

use chrono::TimeDelta;
use quartet::model::{
    AccountId, Channel, ContactInboxId, ConversationId, InboxId, MessageId, MessageKind,
};
use quartet::store::contacts::{NewContact, NewContactInbox};
use quartet::store::inboxes::NewInbox;
use quartet::store::messages::{From, NewMessage};
use quartet::store::{contacts, inboxes, messages};
use quartet::webhook::Report;
use serde_json::Value;
use sqlx::Row;

use crate::app::TestApp;
use crate::receiver::Receiver;

/// What every test here configures: this machine may be called, and pauses are as the schedule says.
const EXACT: &str = "[outbound]\nallow = [\"127.0.0.0/8\"]\n[webhook]\njitter_percent = 0\n";

/// A conversation in an API inbox whose webhook is the receiver's, after its first delivery.
struct Scene {
    app: TestApp,
    receiver: Receiver,
    account: AccountId,
    inbox: InboxId,
    way: ContactInboxId,
    conversation: ConversationId,
}

impl Scene {
    async fn new() -> Self {
        Self::with("").await
    }

    /// With this TOML at the end of the section `webhook`.
    async fn with(toml: &str) -> Self {
        let app = Box::pin(TestApp::with(&format!("{EXACT}{toml}"))).await;
        let receiver = Receiver::start().await;
        let url = receiver.url.clone();
        let scene = Box::pin(Self::on(app, receiver, &url)).await;
        scene.app.drain_webhooks().await;
        scene.receiver.take();
        scene
    }

    /// With a webhook at this URL, which nothing was sent to yet.
    async fn on(app: TestApp, receiver: Receiver, url: &str) -> Self {
        let account = app.account().await;
        let (inbox, way) = place(&app, account, url, "ann-1").await;
        let conversation = converse(&app, account, way).await;
        Self {
            app,
            receiver,
            account,
            inbox,
            way,
            conversation,
        }
    }

    async fn say(&self, text: &str) {
        self.say_in(self.conversation, text).await;
    }

    async fn say_in(&self, conversation: ConversationId, text: &str) {
        let new = NewMessage::text(MessageKind::Incoming, From::Contact, text);
        self.post_in(conversation, new).await;
    }

    /// An outgoing message of nobody in particular.
    async fn answer(&self, text: &str) -> MessageId {
        let new = NewMessage::text(MessageKind::Outgoing, From::System, text);
        self.post_in(self.conversation, new).await
    }

    async fn post_in(&self, conversation: ConversationId, new: NewMessage) -> MessageId {
        let (store, now) = (self.app.store(), self.app.now());
        messages::post(store, self.account, conversation, new, None, now)
            .await
            .unwrap()
            .id
    }

    /// Another conversation of the same contact.
    async fn converse(&self) -> ConversationId {
        converse(&self.app, self.account, self.way).await
    }

    fn heard(&self) -> Vec<String> {
        let received = self.receiver.take();
        received
            .iter()
            .filter(|one| one.json()["event"] == "message_created")
            .map(|one| one.json()["content"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Fails every attempt of what is due until it is given up.
    async fn exhaust(&self) -> Vec<Report> {
        let mut reports = self.app.drain_webhooks().await;
        for pause in SCHEDULE_SECS {
            self.app.advance(TimeDelta::seconds(pause));
            reports.extend(self.app.drain_webhooks().await);
        }
        reports
    }

    /// The columns of a row, as JSON.
    async fn rows(&self, select: &'static str) -> Vec<Value> {
        let mut conn = self.app.database.connect().await;
        let rows = sqlx::query(select).fetch_all(&mut conn).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// The pauses of the schedule in `config/default.toml`.
const SCHEDULE_SECS: [i64; 10] = [
    5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400,
];

/// An API inbox with a webhook, and a contact's way into it.
async fn place(
    app: &TestApp,
    account: AccountId,
    url: &str,
    source_id: &str,
) -> (InboxId, ContactInboxId) {
    let inbox = NewInbox {
        webhook_url: Some(url.to_owned()),
        ..NewInbox::new("Shop", Channel::General)
    };
    let inbox = inboxes::create(app.store(), account, inbox, None, app.now())
        .await
        .unwrap()
        .id;
    let way = NewContactInbox {
        inbox,
        source_id: Some(source_id.to_owned()),
    };
    let contact = NewContact {
        name: "Ann".to_owned(),
        ..NewContact::default()
    };
    let (_, way) = contacts::create(app.store(), account, contact, Some(way), None, app.now())
        .await
        .unwrap();
    (inbox, way.unwrap().id)
}

async fn converse(app: &TestApp, account: AccountId, way: ContactInboxId) -> ConversationId {
    app.conversation(account, way).await
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
const FAILED: Report = Report {
    delivered: 0,
    postponed: 0,
    failed: 1,
};
