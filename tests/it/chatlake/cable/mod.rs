//! Those who are connected hear what happens, in the protocol's own frames.

mod agents;
mod heard;
mod limits;
mod presence;

use axum::http::HeaderValue;
use futures_util::{SinkExt, StreamExt};
use quartet::model::{Agent, UserId};
use quartet::store;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Office;
use crate::app::TestApp;
use crate::server::{Server, soon};

const MESSAGES: &str = "/conversations/1/messages";

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
        app.until_it_listens().await;
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
