//! The Chat API, as a visitor's client sees it.

mod live;
mod refusals;
mod repeats;
mod send;
mod user;

use axum::http::Method;
use quartet::model::StreamId;
use quartet::model::{AccountId, BotId, Channel, ConversationId, FlowVersion, Inbox, Scope};
use quartet::store::bots::{self, NewBot};
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::sessions;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

const DEMO: &str = include_str!("../../../config/flows/demo.yaml");

/// The bot of the vendor's page.
const BOT: i64 = 474_960_032;
const OPTION_1: i64 = 478_137_613;
const OPTION_2: i64 = 478_137_614;

/// An account with a bot that serves a webchat inbox.
struct Scene {
    app: TestApp,
    account: AccountId,
    bot: BotId,
    inbox: Inbox,
    key: String,
}

impl Scene {
    async fn new() -> Self {
        Self::with(DEMO).await
    }

    async fn with(flow: &str) -> Self {
        Self::on(TestApp::start().await, flow).await
    }

    async fn on(app: TestApp, flow: &str) -> Self {
        let account = app.account().await;
        let bot = NewBot {
            id: Some(BotId(BOT)),
            name: "Botty".to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let bot = bots::create(app.store(), account, bot, None, app.now())
            .await
            .unwrap()
            .id;
        let inbox = NewInbox {
            bot: Some(bot),
            ..NewInbox::new("Site", Channel::Webchat)
        };
        let inbox = inboxes::create(app.store(), account, inbox, None, app.now())
            .await
            .unwrap();
        let key = app.key(account, &[Scope::Instabot]).await;
        let scene = Self {
            app,
            account,
            bot,
            inbox,
            key,
        };
        scene.publish(flow).await;
        scene
    }

    async fn publish(&self, flow: &str) -> FlowVersion {
        let runner = &self.app.state.runner;
        runner
            .publish(self.account, self.bot, flow, self.app.now())
            .await
            .unwrap()
    }

    fn start_body(&self) -> Value {
        json!({ "apiKey": self.key, "start": true, "botId": BOT, "email": "ann@example.org" })
    }

    async fn send(&self, body: &Value) -> Answer {
        self.app.post("/secure/send", body).await
    }

    /// Sends a request that its client named.
    async fn send_once(&self, key: &str, body: &Value) -> Answer {
        let headers = [("idempotency-key", key)];
        self.app
            .send(Method::POST, "/secure/send", &headers, body)
            .await
    }

    /// A started chat's stream.
    async fn start(&self) -> String {
        let answer = self.send(&self.start_body()).await;
        answer.json()["streamId"].as_str().unwrap().to_owned()
    }

    /// What the bot says to an answer.
    async fn reply(&self, stream: &str, text: &str, payload: Option<i64>) -> Value {
        let answer = self.send(&reply_body(stream, text, payload)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["messages"].clone()
    }

    async fn conversation(&self, stream: &str) -> ConversationId {
        let stream = StreamId(stream.parse().unwrap());
        let found = sessions::find_by_stream(self.app.store(), stream).await;
        found.unwrap().unwrap().conversation
    }

    /// What was said in a conversation, a line a message.
    async fn transcript(&self, conversation: ConversationId) -> Vec<String> {
        use quartet::store::messages::{Page, list};
        let page = Page::Newest(1000);
        let messages = list(self.app.store(), self.account, conversation, page).await;
        let messages = messages.unwrap().into_iter();
        messages
            .map(|message| format!("{} {}", message.kind, message.content.unwrap_or_default()))
            .collect()
    }
}

fn reply_body(stream: &str, text: &str, payload: Option<i64>) -> Value {
    match payload {
        Some(payload) => {
            json!({ "streamId": stream, "message": { "text": text, "payload": payload } })
        }
        None => json!({ "streamId": stream, "message": { "text": text } }),
    }
}
