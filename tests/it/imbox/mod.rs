//! ImBox's chat API, from outside.

mod isolation;
mod refusals;
mod samples;
mod statistics;
mod streaming;

use chrono::{DateTime, Utc};
use quartet::model::{
    AccountId, Agent, AgentId, BotId, Channel, ConversationId, Inbox, MatchType, Message,
    MessageKind, PagePattern, Role, Scope,
};
use quartet::store;
use quartet::store::bots::NewBot;
use quartet::store::contacts::{NewContact, NewContactInbox};
use quartet::store::messages::{From, NewMessage};
use quartet::store::page_filters::NewPageFilter;
use quartet::store::visits::NewVisit;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// An account with an inbox and a key for this API.
struct World {
    app: TestApp,
    account: AccountId,
    key: String,
    inbox: Inbox,
}

impl World {
    async fn start() -> Self {
        Self::on(TestApp::start().await).await
    }

    /// The first account of a server.
    async fn on(app: TestApp) -> Self {
        app.clock.set(at("2020-01-01T00:00:00Z"));
        let account = app.account().await;
        let key = app.key(account, &[Scope::Imbox]).await;
        let inbox = app.inbox(account, Channel::Webchat).await;
        Self {
            app,
            account,
            key,
            inbox,
        }
    }

    /// Asks for `operation`, with the rest of the path and the query.
    async fn ask(&self, operation: &str, rest: &str) -> Answer {
        self.app.get(&self.path(operation, rest)).await
    }

    fn path(&self, operation: &str, rest: &str) -> String {
        format!("/message/{operation}/{}/{}{rest}", self.key, self.account)
    }

    /// The rows of an answer that must be one.
    async fn rows(&self, operation: &str, rest: &str) -> Value {
        let answer = self.ask(operation, rest).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut body = answer.json();
        let rows = body["json"].take();
        assert_eq!(
            body,
            json!({"result": "success", "json": null, "length": rows.as_array().unwrap().len()})
        );
        rows
    }

    fn set(&self, now: &str) {
        self.app.clock.set(at(now));
    }

    /// A conversation with a contact of this name.
    async fn conversation(&self, name: &str) -> ConversationId {
        let store = self.app.store();
        let contact = NewContact {
            name: name.to_owned(),
            ..NewContact::default()
        };
        let way = NewContactInbox {
            inbox: self.inbox.id,
            source_id: None,
        };
        let (_, way) = store::contacts::create(
            store,
            self.account,
            contact,
            Some(way),
            None,
            self.app.now(),
        )
        .await
        .unwrap();
        self.app.conversation(self.account, way.unwrap().id).await
    }

    async fn agent(&self, name: &str) -> Agent {
        self.app.agent(self.account, name, Role::Agent).await
    }

    async fn bot(&self, name: &str) -> BotId {
        let new = NewBot {
            id: None,
            name: name.to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        store::bots::create(self.app.store(), self.account, new, None, self.app.now())
            .await
            .unwrap()
            .id
    }

    async fn page_filter(&self, match_type: MatchType, pattern: &str) -> i64 {
        let pattern = PagePattern::parse(match_type, pattern).unwrap();
        let new = NewPageFilter {
            name: "Filter".to_owned(),
            pattern,
        };
        store::page_filters::create(self.app.store(), self.account, new, self.app.now())
            .await
            .unwrap()
            .id
            .0
    }

    async fn post(&self, conversation: ConversationId, new: NewMessage) -> Message {
        store::messages::post(
            self.app.store(),
            self.account,
            conversation,
            new,
            None,
            self.app.now(),
        )
        .await
        .unwrap()
    }

    async fn visitor_says(&self, conversation: ConversationId, text: &str) -> Message {
        self.post(
            conversation,
            NewMessage::text(MessageKind::Incoming, From::Contact, text),
        )
        .await
    }

    async fn agent_says(
        &self,
        conversation: ConversationId,
        agent: AgentId,
        text: &str,
    ) -> Message {
        self.post(
            conversation,
            NewMessage::text(MessageKind::Outgoing, From::Agent(agent), text),
        )
        .await
    }

    async fn visit(&self, conversation: ConversationId, new: NewVisit) -> i64 {
        store::visits::record(
            self.app.store(),
            self.account,
            conversation,
            new,
            self.app.now(),
        )
        .await
        .unwrap()
        .0
    }

    async fn page(&self, conversation: ConversationId, page_url: &str) -> i64 {
        self.visit(
            conversation,
            NewVisit {
                page_url: page_url.to_owned(),
                ..NewVisit::default()
            },
        )
        .await
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The body of a refusal.
fn refusal(message: &str) -> Value {
    json!({"result": "error", "message": message, "json": [], "length": 0})
}
