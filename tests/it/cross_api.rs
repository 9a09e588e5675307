//! One conversation through all four APIs: what one writes, the others show.

use axum::http::Method;
use chrono::TimeDelta;
use quartet::model::{AccountId, BotId, Channel, ConversationId, Role, Scope};
use quartet::store::apps::{self, NewApp};
use quartet::store::bots::{self, NewBot};
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::ratings;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::receiver::Receiver;

const BOT: i64 = 474_960_032;

/// An account whose bot serves an API inbox, with a client for each API.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) account: AccountId,
    /// The visitor's chat client, and the system behind the inbox.
    visitor: Receiver,
    pub(crate) system: Receiver,
    instabot_key: String,
    imbox_key: String,
    agent_id: i64,
    pub(crate) agent_token: String,
    pub(crate) bot_token: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let app = TestApp::start().await;
        let (visitor, system) = (Receiver::start().await, Receiver::start().await);
        let account = app.account().await;
        let agent = app.agent(account, "John Doe", Role::Administrator).await;
        let bot = bot(&app, account).await;
        let inbox = NewInbox {
            bot: Some(bot),
            webhook_url: Some(system.url.clone()),
            ..NewInbox::new("Shop", Channel::General)
        };
        inboxes::create(app.store(), account, inbox, None, app.now())
            .await
            .unwrap();
        let bot_token = bot_open_token(&app, account, bot).await;
        Self {
            instabot_key: app.key(account, &[Scope::Instabot]).await,
            imbox_key: app.key(account, &[Scope::Imbox]).await,
            agent_token: app.token(account, agent.id).await,
            agent_id: agent.id.0,
            account,
            visitor,
            system,
            bot_token,
            app,
        }
    }

    async fn secure_send(&self, body: Value) -> Answer {
        self.app.post("/secure/send", &body).await
    }

    pub(crate) async fn chatlake(&self, method: Method, path: &str, body: &Value) -> Value {
        let path = format!("/api/v1/accounts/{}{path}", self.account);
        let headers = [("api_access_token", self.agent_token.as_str())];
        let answer = self.app.send(method, &path, &headers, body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) async fn imbox(&self, operation: &str, rest: &str) -> Value {
        let path = format!(
            "/message/{operation}/{}/{}{rest}",
            self.imbox_key, self.account
        );
        let answer = self.app.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()["json"].clone()
    }

    /// What the visitor's chat client was told since the last time.
    pub(crate) async fn told(&self) -> Vec<Value> {
        self.app.drain_webhooks().await;
        self.visitor
            .take()
            .iter()
            .map(crate::receiver::Received::json)
            .collect()
    }

    /// Bot Open's page of what the first visitor and the bot said.
    pub(crate) async fn transcripts(&self) -> Value {
        let ask = async |path: &str, body: Value| {
            let headers = [("authorization", self.bot_token.as_str())];
            self.app
                .send(Method::POST, path, &headers, &body)
                .await
                .json()
        };
        let users = ask("/users", json!({"channelIds": [1013]})).await;
        let visitor = &users["users"][0]["botUserId"];
        let asked = json!({"botUserId": visitor, "channelId": 1013});
        ask("/transcripts", asked).await
    }
}

async fn bot(app: &TestApp, account: AccountId) -> BotId {
    let new = NewBot {
        id: Some(BotId(BOT)),
        name: "Botty".to_owned(),
        description: String::new(),
        avatar_url: String::new(),
    };
    let bot = bots::create(app.store(), account, new, None, app.now())
        .await
        .unwrap()
        .id;
    let flow = include_str!("../../config/flows/demo.yaml");
    app.state
        .runner
        .publish(account, bot, flow, app.now())
        .await
        .unwrap();
    bot
}

async fn bot_open_token(app: &TestApp, account: AccountId, bot: BotId) -> String {
    let new = NewApp {
        bot,
        app_id: Some("reports".to_owned()),
        secret: Some("s3cret".to_owned().into()),
    };
    apps::create(app.store(), account, new, app.now())
        .await
        .unwrap();
    let login = json!({"appId": "reports", "appSecret": "s3cret"});
    let answer = app.post("/login", &login).await.json();
    answer["authToken"].as_str().unwrap().to_owned()
}

/// The values of one key in a list of objects.
pub(crate) fn each<'a>(rows: &'a Value, key: &str) -> Vec<&'a Value> {
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| &row[key])
        .collect()
}

#[tokio::test]
async fn a_chat_goes_from_the_bot_to_an_agent_and_ends_in_everybodys_reports() {
    let scene = Scene::new().await;

    let stream = ask_for_an_agent(&scene).await;
    let id = answer_as_an_agent(&scene, &stream).await;
    reply_to_the_agent(&scene, &stream).await;
    end_as_an_agent(&scene, &stream, id).await;

    imbox_shows_it(&scene, id).await;
    bot_open_shows_it(&scene).await;
    chatlake_shows_it(&scene, id).await;
}

/// What a visitor says in a chat.
fn reply(stream: &str, text: &str) -> Value {
    json!({"streamId": stream, "message": {"text": text}})
}

/// The visitor starts a chat and asks for an agent.
pub(crate) async fn ask_for_an_agent(scene: &Scene) -> String {
    let started = scene
        .secure_send(json!({
            "apiKey": scene.instabot_key, "start": true, "botId": BOT, "email": "ann@example.org",
            "callbackUrl": scene.visitor.url, "metadata": {"plan": "gold"}
        }))
        .await
        .json();
    let stream = started["streamId"].as_str().unwrap().to_owned();
    assert_eq!(
        each(&started["messages"], "text"),
        ["Hello!", "Please choose an option"]
    );
    scene.app.advance(TimeDelta::seconds(10));
    let handed_over = scene.secure_send(reply(&stream, "Option 2")).await.json();
    assert_eq!(
        each(&handed_over["messages"], "text"),
        ["One moment, I am fetching a colleague"]
    );
    stream
}

/// An agent finds the chat among the open ones, and answers.
async fn answer_as_an_agent(scene: &Scene, stream: &str) -> ConversationId {
    let open = scene
        .chatlake(Method::GET, "/conversations?status=open", &json!({}))
        .await;
    let conversation = &open["data"]["payload"][0];
    let id = ConversationId(conversation["id"].as_i64().unwrap());
    assert_eq!(conversation["meta"]["sender"]["email"], "ann@example.org");
    assert_eq!(conversation["custom_attributes"], json!({"plan": "gold"}));
    scene.told().await;
    scene.app.advance(TimeDelta::seconds(20));
    let messages = format!("/conversations/{id}/messages");
    scene
        .chatlake(
            Method::POST,
            &messages,
            &json!({"content": "Hi, this is John"}),
        )
        .await;
    scene
        .chatlake(
            Method::POST,
            &messages,
            &json!({"content": "a note", "private": true}),
        )
        .await;
    assert_eq!(
        scene.told().await,
        [json!({"streamId": stream, "text": "Hi, this is John"})]
    );
    scene.system.take();
    id
}

/// The visitor's answer goes to the agents' side alone.
async fn reply_to_the_agent(scene: &Scene, stream: &str) {
    scene.app.advance(TimeDelta::seconds(10));
    let answer = scene.secure_send(reply(stream, "Hello John")).await;
    assert_eq!(
        answer.pair(),
        (200, json!({"messages": [], "streamId": stream}))
    );
    assert_eq!(scene.told().await, Vec::<Value>::new());
    let heard = scene.system.take();
    assert_eq!(heard[0].json()["event"], "message_created");
    assert_eq!(heard[0].json()["content"], "Hello John");
    assert_eq!(heard[0].json()["message_type"], "incoming");
}

/// The agent ends it, and the flow takes that way out.
async fn end_as_an_agent(scene: &Scene, stream: &str, id: ConversationId) {
    let toggle = format!("/conversations/{id}/toggle_status");
    let ended = scene
        .chatlake(Method::POST, &toggle, &json!({"status": "resolved"}))
        .await;
    assert_eq!(ended["payload"]["current_status"], "resolved");
    assert_eq!(
        scene.told().await,
        [
            json!({"streamId": stream, "text": "Agent has ended this live session"}),
            json!({"streamId": stream, "text": "Thank you for talking to us. Goodbye!"}),
        ]
    );
    let over = scene.secure_send(reply(stream, "Anybody?")).await;
    assert_eq!(
        (over.status.as_u16(), &over.json()["apiStatusCode"]),
        (409, &json!("ChatEnded"))
    );
}

async fn imbox_shows_it(scene: &Scene, id: ConversationId) {
    let (store, now) = (scene.app.store(), scene.app.now());
    let rating = quartet::model::Rating {
        rating: 5,
        feedback: None,
        rated_at: now,
    };
    ratings::set(store, scene.account, id, rating, now)
        .await
        .unwrap();

    let rows = scene
        .imbox("chatStatistics", "?startTime=2026-03-01T00:00:00.000Z")
        .await;
    let row = &rows[0];
    assert_eq!(row["channel"], format!("V{id}"));
    assert_eq!(row["agentName"], "John Doe");
    assert_eq!(
        row["responseTime"], 20_000,
        "from the first visitor message to the first of an agent"
    );
    assert_eq!(row["duration"], 30_000, "to the last message");
    assert_eq!(row["rating"], 5);

    let rows = scene
        .imbox("grabAgent", &format!("/{}", scene.agent_id))
        .await;
    assert_eq!(rows[0]["agentLastActive"], "2026-03-10T12:00:30.000Z");

    let rows = scene.imbox("grabConversation", &format!("/V{id}")).await;
    let said: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["from"] != "system")
        .map(|row| {
            (
                row["from"].as_str().unwrap(),
                row["message"].as_str().unwrap(),
                &row["agentID"],
            )
        })
        .collect();
    let (visitor, agent, bot) = (json!(0), json!(scene.agent_id), Value::Null);
    let unnamed = format!("V{id}");
    assert_eq!(
        said,
        [
            ("Botty", "Hello!", &bot),
            ("Botty", "Please choose an option", &bot),
            (unnamed.as_str(), "Option 2", &visitor),
            ("Botty", "One moment, I am fetching a colleague", &bot),
            ("John Doe", "Hi, this is John", &agent),
            (unnamed.as_str(), "Hello John", &visitor),
            ("Botty", "Thank you for talking to us. Goodbye!", &bot),
        ]
    );
}

async fn bot_open_shows_it(scene: &Scene) {
    let headers = [("authorization", scene.bot_token.as_str())];
    let users = scene
        .app
        .send(
            Method::POST,
            "/users",
            &headers,
            &json!({"channelIds": [1013]}),
        )
        .await
        .json();
    let user = users["users"][0]["botUserId"].as_str().unwrap();
    let body = json!({"botUserId": user, "channelId": 1013});
    let page = scene
        .app
        .send(Method::POST, "/transcripts", &headers, &body)
        .await
        .json();
    assert_eq!(
        each(&page["transcripts"], "from"),
        ["Bot", "Bot", "User", "Bot", "Agent", "User", "Bot"]
    );
    assert_eq!(
        page["transcripts"][1]["text"],
        json!({"message": "Please choose an option", "buttons": ["Option 1", "Option 2"], "isRating": false})
    );
    let usage = scene.app.call(
        axum::http::Request::get("/botUsage?monthDate=2026-03-01")
            .header("authorization", &scene.bot_token)
            .body(axum::body::Body::empty())
            .unwrap(),
    );
    assert_eq!(
        usage.await.json(),
        json!({"totalMessages": 7, "totalUsers": 1})
    );
}

async fn chatlake_shows_it(scene: &Scene, id: ConversationId) {
    let messages = format!("/conversations/{id}/messages");
    let page = scene.chatlake(Method::GET, &messages, &json!({})).await;
    let spoken: Vec<_> = page["payload"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["message_type"] != 2)
        .map(|message| {
            (
                message["message_type"].as_i64().unwrap(),
                message["private"].as_bool().unwrap(),
            )
        })
        .collect();
    let (bot, visitor, agent, note) = ((1, false), (0, false), (1, false), (1, true));
    assert_eq!(spoken, [bot, bot, visitor, bot, agent, note, visitor, bot]);
    assert_eq!(page["payload"][1]["content_type"], "input_select");
}

#[tokio::test]
async fn a_message_that_is_taken_back_is_gone_everywhere() {
    const DELETED: &str = "This message was deleted";
    let scene = Scene::new().await;
    let stream = ask_for_an_agent(&scene).await;
    let id = answer_as_an_agent(&scene, &stream).await;
    let messages = format!("/conversations/{id}/messages");
    let page = scene.chatlake(Method::GET, &messages, &json!({})).await;
    let all = page["payload"].as_array().unwrap();
    let said = all
        .iter()
        .find(|message| message["content"] == "Hi, this is John");
    let path = format!("{messages}/{}", said.unwrap()["id"]);
    let gone = scene.chatlake(Method::DELETE, &path, &json!({})).await;
    assert_eq!(gone["content_attributes"], json!({"deleted": true}));

    assert_eq!(
        scene.told().await,
        Vec::<Value>::new(),
        "the visitor was told once"
    );
    let heard = scene.system.take().pop().unwrap().json();
    assert_eq!(
        json!([
            heard["event"],
            heard["content"],
            heard["content_attributes"]
        ]),
        json!(["message_updated", DELETED, {"deleted": true}])
    );
    let rows = scene.imbox("grabConversation", &format!("/V{id}")).await;
    let texts = each(&rows, "message");
    assert!(texts.iter().any(|text| **text == DELETED), "{texts:?}");
    assert!(!rows.to_string().contains("Hi, this is John"));
    let page = scene.transcripts().await;
    assert!(page.to_string().contains(DELETED), "{page}");
    assert!(!page.to_string().contains("Hi, this is John"));
}
