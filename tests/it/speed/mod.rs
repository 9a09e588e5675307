//! What calls cost the database, in numbers that are the same on every machine: statements, and pages of tables and
//! indexes. How long they take is told by `quartet bench`.

mod crowd;
mod pages;
mod planning;
mod statements;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::routes::Tenant;

/// A request that can be made again.
#[derive(Debug, Clone)]
struct Call {
    /// What it is called in a table.
    name: String,
    method: Method,
    path: String,
    /// A header that says who asks.
    credential: (&'static str, String),
    body: Value,
}

impl Call {
    /// As an agent, or somebody's program, through Chatlake.
    fn chatlake(tenant: &Tenant, method: Method, path: &str, body: Value) -> Self {
        Self {
            name: format!("{method} {path}"),
            method,
            path: format!("/api/v1/accounts/{}{path}", tenant.ids.account),
            credential: ("api_access_token", tenant.token.clone()),
            body,
        }
    }

    /// As the owner of a bot through the Bot Open API.
    fn bot_open(tenant: &Tenant, method: Method, path: &str, body: Value) -> Self {
        Self {
            name: format!("{method} {path}"),
            method,
            path: path.to_owned(),
            credential: ("authorization", tenant.bot_open.clone()),
            body,
        }
    }

    /// As a visitor's client through the Chat API.
    fn instabot(name: &str, body: Value) -> Self {
        Self {
            name: format!("POST /secure/{name}"),
            method: Method::POST,
            path: format!("/secure/{name}"),
            credential: ("accept", "*/*".to_owned()),
            body,
        }
    }

    /// As whoever has a key through ImBox.
    fn imbox(tenant: &Tenant, operation: &str, rest: &str) -> Self {
        let (key, account) = (&tenant.key, tenant.ids.account);
        Self {
            name: format!("GET /message/{operation}{rest}"),
            method: Method::GET,
            path: format!("/message/{operation}/{key}/{account}{rest}"),
            credential: ("accept", "*/*".to_owned()),
            body: Value::Null,
        }
    }

    /// Under another name.
    fn named(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    fn request(&self) -> Request<Body> {
        let request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(self.credential.0, &self.credential.1)
            .header("content-type", "application/json");
        let body = match &self.body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        request.body(body).unwrap()
    }
}

/// A visitor's answer to a bot that asks the same again and again.
async fn choice_turn(app: &TestApp, tenant: &Tenant) -> Call {
    let flow = "
version: 1
start: menu
nodes:
  menu:
    multiple_choice:
      text: Please choose an option
      options:
        - { title: Option 1, next: menu }
";
    let (account, bot) = (tenant.ids.account, tenant.ids.bot);
    let published = app.state.runner.publish(
        quartet::model::AccountId(account),
        quartet::model::BotId(bot),
        flow,
        app.now(),
    );
    published.await.unwrap();
    let start =
        json!({"apiKey": tenant.key, "start": true, "botId": bot, "email": "turn@example.org"});
    let started = app.post("/secure/send", &start).await.json();
    let reply = json!({"streamId": started["streamId"], "message": {"text": "Option 1"}});
    Call::instabot("send", reply)
}
