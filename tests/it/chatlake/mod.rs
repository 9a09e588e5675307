//! Chatlake's API, from outside.

mod agent_bots;
mod agents;
mod assignments;
mod attention;
mod auto_assignment;
mod auto_resolve;
mod automatic_answers;
mod bad_input;
mod cable;
mod canned_responses;
mod contact_changes;
mod contact_files;
mod contact_filter;
mod contact_lists;
mod contact_merges;
mod contact_search;
mod contact_ways;
mod contacts;
mod conversation_changes;
mod conversation_filter;
mod conversations;
mod custom_attributes;
mod custom_filters;
mod files;
mod inbox_settings;
mod inboxes;
mod labels;
mod limits;
mod lists;
mod live;
mod members;
mod message_changes;
mod message_rules;
mod messages;
mod notes;
mod openapi;
mod platform;
mod profile;
mod public;
mod public_refusals;
mod refusals;
mod reports;
mod search;
mod sessions;
mod shared_bots;
mod snooze;
mod surveys;
mod teams;
mod vendor_page;
mod webhooks;

pub(crate) use openapi::documented_routes;

use axum::body::Body;
use axum::http::{Method, Request};
use quartet::model::{AccountId, Agent, Channel, InboxId, Role};
use quartet::store;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

/// Somebody with a token, who sends requests below an account.
pub(super) struct Caller<'a> {
    pub(super) app: &'a TestApp,
    pub(super) account: AccountId,
    pub(super) token: String,
}

/// An account with an administrator, an agent who is a member of its API inbox, and an agent who is of no inbox.
pub(super) struct Office<'a> {
    pub(super) app: &'a TestApp,
    pub(super) account: AccountId,
    pub(super) inbox: InboxId,
    pub(super) john: Agent,
    pub(super) jane: Agent,
    pub(super) admin: Caller<'a>,
    pub(super) agent: Caller<'a>,
    pub(super) outsider: Caller<'a>,
}

impl<'a> Office<'a> {
    pub(super) async fn open(app: &'a TestApp) -> Self {
        let account = app.account().await;
        let inbox = app.inbox(account, Channel::General).await.id;
        let mut people = Vec::new();
        for (name, role) in [
            ("John Doe", Role::Administrator),
            ("Jane Doe", Role::Agent),
            ("Olaf Out", Role::Agent),
        ] {
            let person = app.agent(account, &format!("{name} {account}"), role).await;
            let token = app.token(account, person.id).await;
            people.push((
                person,
                Caller {
                    app,
                    account,
                    token,
                },
            ));
        }
        let [john, jane, olaf] = <[_; 3]>::try_from(people).ok().unwrap();
        store::inboxes::add_members(app.store(), account, inbox, vec![jane.0.id], app.now())
            .await
            .unwrap();
        Self {
            app,
            account,
            inbox,
            john: john.0,
            jane: jane.0,
            admin: john.1,
            agent: jane.1,
            outsider: olaf.1,
        }
    }

    /// A bot's token.
    pub(super) async fn bot(&self) -> Caller<'a> {
        let new = store::bots::NewBot {
            id: None,
            name: "Robo".to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let bot = store::bots::create(self.app.store(), self.account, new, None, self.app.now())
            .await
            .unwrap();
        let new = store::keys::NewKey {
            name: String::new(),
            scopes: vec![quartet::model::Scope::Chatlake],
            agent: None,
            bot: Some(bot.id),
            text: None,
        };
        let (_, text) = store::keys::create(self.app.store(), self.account, new, self.app.now())
            .await
            .unwrap();
        let token = secrecy::ExposeSecret::expose_secret(&text).to_owned();
        Caller {
            app: self.app,
            account: self.account,
            token,
        }
    }

    /// A contact with a way into the API inbox; the source id.
    pub(super) async fn contact(&self, name: &str, source_id: &str) -> i64 {
        let body = json!({"name": name, "inbox_id": self.inbox.0, "source_id": source_id});
        self.admin.post("/contacts", &body).await.json()["id"]
            .as_i64()
            .unwrap()
    }

    /// A conversation with a new contact of that source id.
    pub(super) async fn conversation(&self, source_id: &str) -> i64 {
        self.contact("Pranav", source_id).await;
        let body = json!({"source_id": source_id});
        self.admin.post("/conversations", &body).await.json()["id"]
            .as_i64()
            .unwrap()
    }
}

impl Caller<'_> {
    pub(super) fn path(&self, path: &str) -> String {
        format!("/api/v1/accounts/{}{path}", self.account)
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.send(Method::POST, path, &json, Body::from(body.to_string()))
            .await
    }

    /// JSON with any method.
    pub(super) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.send(method, path, &json, Body::from(body.to_string()))
            .await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.send(Method::PATCH, path, &json, Body::from(body.to_string()))
            .await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    /// A POST that its client named.
    pub(super) async fn post_once(&self, key: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        self.send(Method::POST, path, &headers, Body::from(body.to_string()))
            .await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(self.path(path))
            .header("api_access_token", &self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.app.call(request.body(body).unwrap()).await
    }
}

/// The texts of a list of messages.
pub(super) fn contents(list: &Value) -> Vec<&str> {
    let messages = list["payload"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect()
}

/// The names of a list of contacts.
pub(super) fn names(list: &Value) -> Vec<&str> {
    let contacts = list["payload"].as_array().unwrap();
    contacts
        .iter()
        .map(|contact| contact["name"].as_str().unwrap())
        .collect()
}
