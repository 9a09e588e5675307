//! An account whose inbox tells a receiver what happens in a conversation.

use axum::http::Method;
use quartet::model::{AccountId, Channel, ConversationId, InboxId, MessageKind, Scope};
use quartet::store::contacts::{self, NewContact, NewContactInbox};
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::messages::{self, From, NewMessage};
use serde_json::Value;

use super::Actor;
use crate::app::{Answer, TestApp};
use crate::receiver::Receiver;

pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) receiver: Receiver,
    pub(crate) account: AccountId,
    pub(crate) conversation: ConversationId,
    pub(crate) inbox: InboxId,
    pub(crate) key: String,
}

impl Scene {
    /// The conversation's beginning has been told. A delivery that fails is not tried again.
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// With this TOML, too.
    pub(crate) async fn with(toml: &str) -> Self {
        let app = TestApp::with(&format!(
            "[outbound]\nallow = [\"127.0.0.0/8\"]\n[webhook]\nretry_schedule_secs = []\n{toml}"
        ))
        .await;
        let receiver = Receiver::start().await;
        let account = app.account().await;
        let url = receiver.url.replace("http://", "http://user:secret@");
        let inbox = NewInbox {
            webhook_url: Some(url),
            ..NewInbox::new("Shop", Channel::General)
        };
        let inbox = inboxes::create(app.store(), account, inbox, None, app.now())
            .await
            .unwrap()
            .id;
        let conversation = begin(&app, account, inbox).await;
        app.drain_webhooks().await;
        receiver.take();
        let key = app.key(account, &[Scope::Admin]).await;
        Self {
            app,
            receiver,
            account,
            conversation,
            inbox,
            key,
        }
    }

    pub(crate) async fn say(&self, text: &str) {
        self.say_in(self.conversation, text).await;
    }

    pub(crate) async fn say_in(&self, conversation: ConversationId, text: &str) {
        let new = NewMessage::text(MessageKind::Incoming, From::Contact, text);
        let (store, now) = (self.app.store(), self.app.now());
        messages::post(store, self.account, conversation, new, None, now)
            .await
            .unwrap();
    }

    /// What the receiver was told since the last look: the messages' texts.
    pub(crate) fn heard(&self) -> Vec<String> {
        let received = self.receiver.take();
        received
            .iter()
            .filter_map(|one| Some(one.json()["content"].as_str()?.to_owned()))
            .collect()
    }

    pub(crate) fn administrator(&self) -> Actor<'_> {
        Actor::with(&self.app, &self.key)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.administrator().get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.administrator().post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Every request of a list answers somebody else's administrator with 404.
    pub(crate) async fn is_closed_to_others(&self, requests: &[(Method, &str, Value)]) {
        let other = self.app.account().await;
        let stranger = Actor::administrator(&self.app, other).await;
        for (method, path, body) in requests {
            let refused: Answer = stranger.send(method.clone(), path, body).await;
            assert_eq!(refused.status, 404, "{method} {path}: {}", refused.text());
        }
    }
}

/// A conversation of a new contact.
pub(crate) async fn begin(app: &TestApp, account: AccountId, inbox: InboxId) -> ConversationId {
    let way = NewContactInbox {
        inbox,
        source_id: None,
    };
    let contact = NewContact {
        name: "Ann".to_owned(),
        ..NewContact::default()
    };
    let (store, now) = (app.store(), app.now());
    let (_, way) = contacts::create(store, account, contact, Some(way), None, now)
        .await
        .unwrap();
    app.conversation(account, way.unwrap().id).await
}
