//! Those who are connected hear what happens: each what is theirs, in the protocol's own frames.

use std::collections::BTreeSet;

use axum::http::HeaderValue;
use chrono::TimeDelta;
use futures_util::{SinkExt, StreamExt};
use quartet::model::{Agent, Channel, UserId};
use quartet::store;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Office;
use super::public::Page;
use crate::app::{TestApp, json_request};
use crate::server::{Server, soon};

/// A server with a socket, which hears of commits.
pub(super) struct Live {
    pub(super) server: Server,
    _running: JoinSet<()>,
}

impl Live {
    pub(super) async fn start(app: &TestApp) -> Self {
        let server = Server::start(app.router(), "").await;
        let (feed, stop) = (app.state.feed.clone(), server.shutdown.clone());
        let mut running = JoinSet::new();
        running.spawn(async move { feed.run(stop).await });
        listening(app).await;
        Self {
            server,
            _running: running,
        }
    }

    pub(super) async fn connect(&self) -> Client {
        self.try_connect().await.unwrap()
    }

    pub(super) async fn try_connect(&self) -> Result<Client, Error> {
        let stream = TcpStream::connect(self.server.address).await.unwrap();
        let mut request = "ws://quartet/cable".into_client_request().unwrap();
        let protocol = HeaderValue::from_static("actioncable-v1-json, actioncable-unsupported");
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", protocol);
        headers.insert("origin", HeaderValue::from_static("https://shop.example"));
        let (socket, response) = soon(tokio_tungstenite::client_async(request, stream)).await?;
        let spoken = response.headers().get("sec-websocket-protocol").unwrap();
        assert_eq!(spoken, "actioncable-v1-json");
        let mut client = Client(socket);
        assert_eq!(client.frame().await, Some(json!({"type": "welcome"})));
        Ok(client)
    }

    /// A client that listens with this identifier.
    pub(super) async fn listen(&self, identifier: &str) -> Client {
        let mut client = self.connect().await;
        client.subscribe(identifier).await;
        client
    }
}

/// Waits until the server hears of commits.
async fn listening(app: &TestApp) {
    let mut conn = app.database.connect().await;
    soon(async {
        loop {
            let listeners = sqlx::query(
                "select 1 from pg_stat_activity
                 where datname = current_database() and state = 'idle' and query ilike 'listen %quartet_events%'",
            );
            if listeners.fetch_optional(&mut conn).await.unwrap().is_some() {
                return;
            }
        }
    })
    .await;
}

/// One end of a websocket.
pub(super) struct Client(pub(super) WebSocketStream<TcpStream>);

impl Client {
    pub(super) async fn send(&mut self, command: &str, identifier: &str) {
        let frame = json!({"command": command, "identifier": identifier});
        self.say(&frame).await;
    }

    pub(super) async fn say(&mut self, frame: &Value) {
        let text = Message::text(frame.to_string());
        soon(self.0.send(text)).await.unwrap();
    }

    /// The next frame that is no ping; `None` at the end.
    pub(super) async fn frame(&mut self) -> Option<Value> {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] != "ping" {
                        return Some(frame);
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(other)) => panic!("{other:?}"),
            }
        }
    }

    /// The next frame, on a server that is busy with many.
    pub(super) async fn patient_frame(&mut self) -> Value {
        loop {
            let frame = self.0.next().await.unwrap().unwrap();
            if let Message::Text(text) = frame {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] != "ping" {
                    return frame;
                }
            }
        }
    }

    /// Subscribes, and gives what it is told of who is there.
    pub(super) async fn subscribe(&mut self, identifier: &str) -> Value {
        self.send("subscribe", identifier).await;
        assert_eq!(
            self.frame().await,
            Some(json!({"type": "confirm_subscription", "identifier": identifier}))
        );
        let mut presence = self.frame().await.unwrap();
        assert_eq!(presence["identifier"], identifier);
        assert_eq!(presence["message"]["event"], "presence.update");
        presence["message"]["data"].take()
    }

    /// The next event and its data.
    pub(super) async fn told(&mut self) -> (String, Value) {
        let mut frame = self.frame().await.unwrap();
        let event = frame["message"]["event"].as_str().unwrap().to_owned();
        (event, frame["message"]["data"].take())
    }

    /// What happens up to an event.
    pub(super) async fn events_until(&mut self, last: &str) -> Vec<String> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event| event != last) {
            events.push(self.told().await.0);
        }
        events
    }
}

/// With what a contact subscribes.
pub(super) fn contact(token: &Value) -> String {
    json!({"channel": "RoomChannel", "pubsub_token": token}).to_string()
}

/// With what an agent subscribes.
pub(super) async fn agent(office: &Office<'_>, agent: &Agent) -> String {
    let (store, user) = (office.app.store(), UserId(agent.id.0));
    let token = store::users::get_pubsub_token(store, None, user)
        .await
        .unwrap();
    json!({
        "channel": "RoomChannel", "pubsub_token": token, "account_id": office.account.0, "user_id": agent.id.0
    })
    .to_string()
}

const MESSAGES: &str = "/conversations/1/messages";

#[tokio::test]
async fn a_contact_hears_what_is_said_to_it_and_no_more() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    // Spaces and order are the client's own.
    let identifier = format!(
        "{{ \"pubsub_token\": {}, \"channel\" :\"RoomChannel\"}}",
        ann["pubsub_token"]
    );
    let mut client = live.connect().await;
    let present = client.subscribe(&identifier).await;
    assert_eq!(
        present,
        json!({"account_id": office.account.0, "users": {}})
    );

    let note = json!({"content": "Psst", "private": true});
    office.agent.post(MESSAGES, &note).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    let (event, data) = client.told().await;
    assert_eq!(event, "message.created");
    let jane = json!({
        "availability_status": "offline", "available_name": office.jane.name,
        "avatar_url": "", "id": office.jane.id.0, "name": office.jane.name, "thumbnail": "", "type": "user"
    });
    assert_eq!(
        data,
        json!({
            "account_id": office.account.0, "additional_attributes": {}, "content": "Hello", "content_attributes": {},
            "content_type": "text", "conversation_id": 1, "created_at": 1_773_144_000, "external_source_ids": {},
            "id": 2, "inbox_id": office.inbox.0, "message_type": 1, "performer": jane, "private": false,
            "processed_message_content": "Hello", "sender": jane, "sender_id": office.jane.id.0, "sender_type": "User",
            "sentiment": {}, "source_id": null, "status": "sent", "updated_at": "2026-03-10T12:00:00.000Z",
            "conversation": {
                "assignee_id": data["conversation"]["assignee_id"], "unread_count": 0,
                "last_activity_at": 1_773_144_000, "contact_inbox": {"source_id": "a"}
            }
        })
    );

    client.send("unsubscribe", &identifier).await;
    client.subscribe(&identifier).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Still there?"}))
        .await;
    let (_, data) = client.told().await;
    assert_eq!(data["content"], "Still there?");
}

#[tokio::test]
async fn agents_hear_of_the_inboxes_that_are_open_to_them() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let mut conn = app.database.connect().await;
    // Or whoever is there would be given the conversation, and all would hear of that, too.
    let nobody = "update inboxes set enable_auto_assignment = false".to_owned();
    crate::database::execute(&mut conn, nobody).await;
    let live = Live::start(&app).await;
    let olaf = store::agents::list(app.store(), office.account)
        .await
        .unwrap();
    let olaf = olaf
        .into_iter()
        .find(|it| it.name.starts_with("Olaf"))
        .unwrap();
    let mut john = live.listen(&agent(&office, &office.john).await).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    let mut olaf = live.listen(&agent(&office, &olaf).await).await;

    page.visitor("a").await;
    page.post(
        "/contacts/a/conversations/1/messages",
        &json!({"content": "Hi"}),
    )
    .await;
    let note = json!({"content": "Psst", "private": true});
    office.agent.post(MESSAGES, &note).await;
    page.post("/contacts", &json!({"source_id": "b", "name": "Bob"}))
        .await;
    for client in [&mut john, &mut jane] {
        let (event, data) = client.told().await;
        assert_eq!(
            (event.as_str(), &data["name"]),
            ("contact.created", &json!("Ann"))
        );
        let (event, data) = client.told().await;
        assert_eq!(
            (event.as_str(), &data["id"]),
            ("conversation.created", &json!(1))
        );
        for (text, private) in [("Hi", false), ("Psst", true)] {
            let (event, data) = client.told().await;
            assert_eq!(
                (event.as_str(), &data["content"], &data["private"]),
                ("message.created", &json!(text), &json!(private))
            );
        }
        assert_eq!(client.told().await.1["name"], "Bob");
    }
    // Contacts are the account's; what they say is the inbox's.
    for name in ["Ann", "Bob"] {
        let (event, data) = olaf.told().await;
        assert_eq!(
            (event.as_str(), &data["name"]),
            ("contact.created", &json!(name))
        );
        assert_eq!(data["account_id"], office.account.0);
    }
}

#[tokio::test]
async fn what_another_server_commits_is_heard() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let token = ("api_access_token", office.agent.token.as_str());
    let body = json!({"content": "From elsewhere"});
    let path = office.agent.path(MESSAGES);
    let request = json_request(axum::http::Method::POST, &path, &[token], &body);
    assert_eq!(
        crate::app::call(app.second_router(), request).await.status,
        200
    );
    assert_eq!(client.told().await.1["content"], "From elsewhere");

    // Whoever comes back is told of what comes after, and reads the rest.
    drop(client);
    office
        .agent
        .post(MESSAGES, &json!({"content": "Missed"}))
        .await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Heard"}))
        .await;
    assert_eq!(client.told().await.1["content"], "Heard");
    let said = page
        .get("/contacts/a/conversations/1/messages")
        .await
        .json();
    assert_eq!(said[1]["content"], "Missed");
}

/// What stands in a conversation, in the order of the alphabet.
const CONVERSATION: [&str; 23] = [
    "account_id",
    "additional_attributes",
    "agent_last_seen_at",
    "can_reply",
    "channel",
    "contact_inbox",
    "contact_last_seen_at",
    "created_at",
    "custom_attributes",
    "first_reply_created_at",
    "id",
    "inbox_id",
    "labels",
    "last_activity_at",
    "messages",
    "meta",
    "priority",
    "snoozed_until",
    "status",
    "timestamp",
    "unread_count",
    "updated_at",
    "waiting_since",
];

fn keys(data: &Value) -> Vec<&str> {
    let keys: BTreeSet<&str> = data
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.into_iter().collect()
}

#[tokio::test]
async fn a_conversation_is_told_of_in_full_and_each_change_once() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    assert_eq!(
        jane.events_until("first.reply.created").await,
        ["message.created", "first.reply.created"]
    );
    assert_eq!(client.told().await.0, "message.created");
    let note = json!({"content": "Psst", "private": true});
    office.agent.post(MESSAGES, &note).await;
    office
        .agent
        .post(
            "/conversations/1/toggle_status",
            &json!({"status": "resolved"}),
        )
        .await;

    let (event, data) = client.told().await;
    assert_eq!(event, "conversation.updated");
    assert_eq!(data["messages"][0]["content"], "Hello");
    assert_eq!(keys(&data), CONVERSATION);
    assert_eq!(
        data["contact_inbox"],
        json!({
            "contact_id": 1, "hmac_verified": false, "id": 1, "inbox_id": office.inbox.0, "source_id": "a",
            "created_at": "2026-03-10T12:00:00.000Z", "updated_at": "2026-03-10T12:00:00.000Z"
        })
    );
    assert_eq!(
        (&data["status"], &data["meta"]["sender"]["name"]),
        (&json!("resolved"), &json!("Ann"))
    );
    assert_eq!(client.told().await.0, "conversation.status_changed");

    let change = json!({"status": "open"});
    office
        .agent
        .post("/conversations/1/toggle_status", &change)
        .await;
    let events = jane.events_until("assignee.changed").await;
    assert!(
        events.contains(&"conversation.status_changed".to_owned()),
        "{events:?}"
    );
}

#[tokio::test]
async fn the_other_side_sees_who_is_writing_and_what_was_read() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    let live = Live::start(&app).await;
    let mut client = live.listen(&contact(&ann["pubsub_token"])).await;
    let mut jane = live.listen(&agent(&office, &office.jane).await).await;
    for status in ["on", "off"] {
        let body = json!({"typing_status": status});
        page.post("/contacts/a/conversations/1/toggle_typing", &body)
            .await;
        let (event, data) = jane.told().await;
        assert_eq!(event, format!("conversation.typing_{status}"));
        assert_eq!(
            (&data["user"]["name"], &data["is_private"]),
            (&json!("Ann"), &json!(false))
        );
        assert_eq!(data["conversation"]["id"], 1);
    }
    page.post("/contacts/a/conversations/1/update_last_seen", &json!({}))
        .await;
    let mut events = BTreeSet::new();
    for _ in 0..2 {
        let (event, data) = jane.told().await;
        if event == "message.updated" {
            assert_eq!(
                data["previous_changes"],
                json!({"status": ["sent", "read"]})
            );
        }
        events.insert(event);
    }
    let both = ["conversation.read", "message.updated"].map(str::to_owned);
    assert_eq!(events, BTreeSet::from(both));
    // Its own typing was not told to the contact.
    assert_eq!(client.told().await.0, "message.updated");
}

#[tokio::test]
async fn a_proved_contact_hears_through_each_of_its_proved_ways() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let other = app.inbox(office.account, Channel::General).await.id;
    let elsewhere = Office {
        inbox: other,
        ..Office::open(&app).await
    };
    let elsewhere = Page::of(&Office {
        account: office.account,
        ..elsewhere
    })
    .await;
    let body = json!({"source_id": "b", "identifier": "id-a"});
    let again = elsewhere.post("/contacts", &body).await.json();
    assert_eq!(again["id"], ann["id"]);
    let unproved = json!({"source_id": "c", "identifier": "id-a"});
    let unproved = elsewhere.post("/contacts", &unproved).await.json();
    let live = Live::start(&app).await;
    let mut clients = Vec::new();
    for way in [&ann, &again, &unproved] {
        clients.push(live.listen(&contact(&way["pubsub_token"])).await);
    }
    for way in store::contacts::list_ways(app.store(), office.account, quartet::model::ContactId(1))
        .await
        .unwrap()
        .iter()
        .take(2)
    {
        store::visitors::verify(app.store(), office.account, way.id, app.now())
            .await
            .unwrap();
    }
    office
        .agent
        .post(MESSAGES, &json!({"content": "Hello"}))
        .await;
    elsewhere
        .post("/contacts/c/conversations", &json!({}))
        .await;
    assert_eq!(clients[0].told().await.1["content"], "Hello");
    assert_eq!(clients[1].told().await.1["content"], "Hello");
    assert_eq!(clients[2].told().await.0, "conversation.created");
}

#[tokio::test]
async fn a_token_that_opens_nothing_has_no_answer() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let other = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.connect().await;
    let jane = agent(&office, &office.jane).await;
    let foreign = jane.replace(
        &format!("\"account_id\":{}", office.account),
        &format!("\"account_id\":{}", other.account),
    );
    let disguised = jane.replace(
        &format!("\"user_id\":{}", office.jane.id.0),
        &format!("\"user_id\":{}", office.john.id.0),
    );
    assert_ne!((&foreign, &disguised), (&jane, &jane));
    for wrong in [
        foreign,
        disguised,
        contact(&json!("nonsense")),
        "nonsense".to_owned(),
    ] {
        client.send("subscribe", &wrong).await;
    }
    client.say(&json!({"command": "dance"})).await;
    client.say(&json!([])).await;
    client.subscribe(&contact(&ann["pubsub_token"])).await;
}

#[tokio::test]
async fn presence_is_shown_and_passes() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let page = Page::of(&office).await;
    let ann = page.visitor("a").await;
    let live = Live::start(&app).await;
    let mut client = live.connect().await;
    client.subscribe(&contact(&ann["pubsub_token"])).await;
    let mut jane = live.connect().await;
    let identifier = agent(&office, &office.jane).await;
    let users = json!({office.jane.id.to_string(): "online"});
    assert_eq!(
        jane.subscribe(&identifier).await,
        json!({"account_id": office.account.0, "users": users, "contacts": {"1": "online"}})
    );
    let shown = office.admin.get("/contacts/1").await.json();
    assert_eq!(shown["payload"]["availability_status"], "online");
    app.advance(TimeDelta::seconds(30));
    let stay = json!({
        "command": "message", "identifier": contact(&ann["pubsub_token"]), "data": "{\"action\":\"update_presence\"}"
    });
    client.say(&stay).await;
    let (event, data) = client.told().await;
    assert_eq!(
        (event.as_str(), &data["users"]),
        ("presence.update", &json!({}))
    );
    app.advance(TimeDelta::seconds(89));
    let stay = json!({
        "command": "message", "identifier": identifier, "data": "{\"action\":\"update_presence\"}"
    });
    jane.say(&stay).await;
    assert_eq!(jane.told().await.1["contacts"], json!({"1": "online"}));
    app.advance(TimeDelta::seconds(1));
    jane.say(&stay).await;
    assert_eq!(jane.told().await.1["contacts"], json!({}));
    let expire = async || {
        store::presence::expire(app.store(), app.now())
            .await
            .unwrap()
    };
    assert_eq!(expire().await, 1);
    let shown = office.admin.get("/contacts/1").await.json();
    assert_eq!(shown["payload"]["availability_status"], "offline");
    let body = json!({"content": "Hello"});
    let said = office.agent.post(MESSAGES, &body).await.json();
    assert_eq!(said["sender"]["availability_status"], "online");
    app.advance(TimeDelta::seconds(20));
    assert_eq!(expire().await, 1);
    let said = office.agent.post(MESSAGES, &body).await.json();
    assert_eq!(said["sender"]["availability_status"], "offline");
}
