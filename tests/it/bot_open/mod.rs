//! The Bot Open API from outside.

mod isolation;
mod kinds;
mod refusals;
mod tokens;
mod transcripts;
mod usage;
mod users;

use axum::body::Body;
use axum::http::{Method, Request};
use chrono::{DateTime, Utc};
use quartet::model::{
    AccountId, BotApp, BotId, Channel, ContactId, ContactInbox, ConversationId, Inbox, Message,
    MessageKind,
};
use quartet::store::apps::NewApp;
use quartet::store::bots::NewBot;
use quartet::store::contacts::{NewContact, NewContactInbox};
use quartet::store::inboxes::NewInbox;
use quartet::store::messages::{From, NewMessage};
use quartet::store::{apps, bots, contacts, inboxes, messages};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// An account with a bot, its app, and a token of it.
struct Scene {
    app: TestApp,
    tenant: Tenant,
}

/// One bot and who asks for it.
struct Tenant {
    account: AccountId,
    bot: BotId,
    credentials: BotApp,
    secret: SecretString,
    token: String,
}

/// Somebody in a conversation.
struct Person {
    contact: ContactId,
    way: ContactInbox,
    conversation: ConversationId,
}

impl Scene {
    async fn new() -> Self {
        Self::with("").await
    }

    async fn with(toml: &str) -> Self {
        let app = TestApp::with(toml).await;
        let account = app.account().await;
        let tenant = tenant(&app, account).await;
        Self { app, tenant }
    }

    /// An inbox that the bot serves.
    async fn inbox(&self, channel: Channel) -> Inbox {
        inbox_of(&self.app, &self.tenant, channel).await
    }

    /// Somebody new in an inbox, with a conversation.
    async fn person(&self, inbox: &Inbox, name: &str, source_id: &str) -> Person {
        person_of(&self.app, self.tenant.account, inbox, name, source_id).await
    }

    async fn say(&self, person: &Person, new: NewMessage) -> Message {
        let (store, account) = (self.app.store(), self.tenant.account);
        messages::post(
            store,
            account,
            person.conversation,
            new,
            None,
            self.app.now(),
        )
        .await
        .unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        get(&self.app, &self.tenant.token, path).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("authorization", self.tenant.token.as_str())];
        self.app.send(Method::POST, path, &headers, body).await
    }

    /// What `/transcripts` gives of somebody.
    async fn transcripts(&self, source_id: &str, channel: i64) -> Value {
        let body = json!({ "botUserId": source_id, "channelId": channel });
        let answer = self.post("/transcripts", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

async fn tenant(app: &TestApp, account: AccountId) -> Tenant {
    let new = NewBot {
        id: None,
        name: "Bot".to_owned(),
        description: String::new(),
        avatar_url: String::new(),
    };
    let bot = bots::create(app.store(), account, new, None, app.now())
        .await
        .unwrap()
        .id;
    let new = NewApp {
        bot,
        app_id: None,
        secret: None,
    };
    let (credentials, secret) = apps::create(app.store(), account, new, app.now())
        .await
        .unwrap();
    let answer = log_in(app, &credentials.app_id, secret.expose_secret()).await;
    let token = answer.json()["authToken"].as_str().unwrap().to_owned();
    Tenant {
        account,
        bot,
        credentials,
        secret,
        token,
    }
}

async fn log_in(app: &TestApp, app_id: &str, secret: &str) -> Answer {
    app.post("/login", &json!({ "appId": app_id, "appSecret": secret }))
        .await
}

async fn inbox_of(app: &TestApp, tenant: &Tenant, channel: Channel) -> Inbox {
    let new = NewInbox {
        bot: Some(tenant.bot),
        ..NewInbox::new("Inbox", channel)
    };
    inboxes::create(app.store(), tenant.account, new, None, app.now())
        .await
        .unwrap()
}

async fn person_of(
    app: &TestApp,
    account: AccountId,
    inbox: &Inbox,
    name: &str,
    source_id: &str,
) -> Person {
    let new = NewContact {
        name: name.to_owned(),
        custom_attributes: json!({ "plan": "gold", "visits": 3 }).into(),
        ..NewContact::default()
    };
    let way = NewContactInbox {
        inbox: inbox.id,
        source_id: Some(source_id.to_owned()),
    };
    let (contact, way) = contacts::create(app.store(), account, new, Some(way), None, app.now())
        .await
        .unwrap();
    let way = way.unwrap();
    let conversation = app.conversation(account, way.id).await;
    Person {
        contact: contact.id,
        way,
        conversation,
    }
}

async fn get(app: &TestApp, token: &str, path: &str) -> Answer {
    let request = Request::get(path)
        .header("authorization", token)
        .body(Body::empty());
    app.call(request.unwrap()).await
}

fn incoming(text: &str) -> NewMessage {
    NewMessage::text(MessageKind::Incoming, From::Contact, text)
}

fn said_at(text: &str, at: &str) -> NewMessage {
    NewMessage {
        said_at: Some(moment(at)),
        ..incoming(text)
    }
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn refusal(status: u16, error: &str, message: &str) -> (u16, Value) {
    (
        status,
        json!({ "statusCode": status, "error": error, "message": message }),
    )
}

/// The keys of an object with the types of their values, and of what is within.
fn types(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(items) => items.iter().take(1).map(types).collect(),
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| (name.clone(), types(value)))
            .collect(),
    }
}
