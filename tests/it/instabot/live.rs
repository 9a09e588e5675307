//! The agents' part of a chat: handed over, ended, or nobody came.

use chrono::TimeDelta;
use quartet::model::{
    AgentId, Channel, ConversationId, ConversationStatus, DeliveryStatus, MessageKind, Role,
};
use quartet::store::contacts::{self, NewContact, NewContactInbox};
use quartet::store::conversation_status::StatusChange;
use quartet::store::conversations;
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::messages::{self, From, NewMessage, Page};
use quartet::webhook::Report;
use serde_json::{Value, json};

use super::{OPTION_2, Scene, reply_body};
use crate::receiver::Receiver;

/// A chat that the bot has handed over.
struct Live {
    scene: Scene,
    receiver: Receiver,
    stream: String,
    conversation: ConversationId,
    agent: AgentId,
}

impl Live {
    async fn new() -> Self {
        Self::with(super::DEMO, "Option 2").await
    }

    async fn with(flow: &str, answer: &str) -> Self {
        let scene = Scene::with(flow).await;
        let receiver = Receiver::start().await;
        let agent = scene
            .app
            .agent(scene.account, "Jane Doe", Role::Agent)
            .await
            .id;
        let mut body = scene.start_body();
        body["callbackUrl"] = json!(receiver.url);
        let answered = scene.send(&body).await.json();
        let stream = answered["streamId"].as_str().unwrap().to_owned();
        scene.reply(&stream, answer, None).await;
        let conversation = scene.conversation(&stream).await;
        Self {
            scene,
            receiver,
            stream,
            conversation,
            agent,
        }
    }

    async fn agent_says(&self, text: &str) {
        let app = &self.scene.app;
        let new = NewMessage::text(MessageKind::Outgoing, From::Agent(self.agent), text);
        messages::post(
            app.store(),
            self.scene.account,
            self.conversation,
            new,
            None,
            app.now(),
        )
        .await
        .unwrap();
    }

    /// The agent sets where the conversation stands; where it does then.
    async fn set_status(&self, status: ConversationStatus) -> ConversationStatus {
        let app = &self.scene.app;
        let change = StatusChange {
            to: Some(status),
            snoozed_until: None,
            by: From::Agent(self.agent),
            opener: None,
        };
        let runner = &app.state.runner;
        let changed = runner.set_status(
            self.scene.account,
            self.conversation,
            change,
            None,
            app.now(),
        );
        let to = changed.await.unwrap().to;
        assert_eq!(self.status().await, to);
        to
    }

    async fn status(&self) -> ConversationStatus {
        let store = self.scene.app.store();
        let conversation = conversations::get(store, self.scene.account, self.conversation).await;
        conversation.unwrap().status
    }

    /// What the visitor's client was told by its callback.
    async fn heard(&self) -> Vec<String> {
        self.scene.app.drain_webhooks().await;
        let told = self.receiver.take();
        told.iter()
            .map(|one| {
                let body = one.json();
                let text = body["text"].as_str().unwrap().to_owned();
                assert_eq!(body, json!({ "streamId": self.stream, "text": text }));
                text
            })
            .collect()
    }
}

#[tokio::test]
async fn a_chat_that_is_handed_over_is_the_agents() {
    let live = Live::new().await;
    assert_eq!(live.status().await, ConversationStatus::Open);
    let answer = live
        .scene
        .send(&reply_body(&live.stream, "Anybody?", None))
        .await;
    assert_eq!(
        answer.pair(),
        (200, json!({ "messages": [], "streamId": live.stream }))
    );
    live.agent_says("Hello, Jane here").await;
    assert_eq!(live.heard().await, ["Hello, Jane here"]);
}

#[tokio::test]
async fn an_agent_who_ends_it_gives_the_chat_back_to_the_bot() {
    let live = Live::new().await;
    live.agent_says("Bye").await;
    let status = live.set_status(ConversationStatus::Resolved).await;
    assert_eq!(status, ConversationStatus::Resolved);
    assert_eq!(
        live.heard().await,
        [
            "Bye",
            "Agent has ended this live session",
            "Thank you for talking to us. Goodbye!"
        ]
    );
    let answer = live
        .scene
        .send(&reply_body(&live.stream, "Hello?", None))
        .await;
    assert_eq!(answer.json()["apiStatusCode"], json!("ChatEnded"));
    live.set_status(ConversationStatus::Resolved).await;
    assert_eq!(live.heard().await, [""; 0]);
}

#[tokio::test]
async fn a_flow_may_ask_on_after_the_agent() {
    let live = Live::with(
        "
version: 1
start: agent
nodes:
  agent:
    live_agent:
      offer: { text: An agent?, accept: 'Yes', decline: 'No' }
      ended: rate
      declined: end
  rate:
    multiple_choice:
      text: How was it?
      options: [{ title: Good, next: end }, { title: Bad, next: end }]
",
        "Yes",
    )
    .await;
    let status = live.set_status(ConversationStatus::Resolved).await;
    assert_eq!(status, ConversationStatus::Resolved);
    assert_eq!(
        live.heard().await,
        [
            "Agent has ended this live session",
            "How was it?\nGood\nBad"
        ]
    );
    let said = live.scene.reply(&live.stream, "hm", None).await;
    assert_eq!(said[0]["text"], json!("How was it?"));
    assert_eq!(live.status().await, ConversationStatus::Pending);
    assert_eq!(
        live.scene.reply(&live.stream, "good", None).await,
        json!([])
    );
    assert_eq!(live.status().await, ConversationStatus::Resolved);
}

#[tokio::test]
async fn a_flow_may_go_to_the_agents_once_more() {
    let live = Live::with(
        "
version: 1
start: agent
nodes:
  agent:
    live_agent:
      offer: { text: An agent?, accept: 'Yes', decline: 'No' }
      ended: again
      declined: end
  again:
    live_agent: { text: One more, ended: end }
",
        "Yes",
    )
    .await;
    let status = live.set_status(ConversationStatus::Resolved).await;
    assert_eq!(status, ConversationStatus::Open);
    assert_eq!(
        live.heard().await,
        ["Agent has ended this live session", "One more"]
    );
    let status = live.set_status(ConversationStatus::Resolved).await;
    assert_eq!(status, ConversationStatus::Resolved);
}

#[tokio::test]
async fn an_agent_who_steps_in_silences_the_bot_until_done() {
    let live = Live::with(super::DEMO, "Option 1").await;
    live.set_status(ConversationStatus::Open).await;
    assert_eq!(live.scene.reply(&live.stream, "Ann", None).await, json!([]));
    live.set_status(ConversationStatus::Pending).await;
    assert_eq!(live.heard().await, ["Agent has ended this live session"]);
    let said = live.scene.reply(&live.stream, "Ann", None).await;
    assert!(
        said[0]["text"]
            .as_str()
            .unwrap()
            .starts_with("Nice to meet you, Ann.")
    );
}

#[tokio::test]
async fn an_ending_and_a_reply_at_the_same_moment_come_one_after_the_other() {
    for _ in 0..5 {
        let live = Live::new().await;
        let reply = reply_body(&live.stream, "Still there?", None);
        let (status, answer) = tokio::join!(
            live.set_status(ConversationStatus::Resolved),
            live.scene.send(&reply),
        );
        assert_eq!(status, ConversationStatus::Resolved);
        let transcript = live.scene.transcript(live.conversation).await;
        let said = transcript
            .iter()
            .any(|line| line == "incoming Still there?");
        assert_eq!(said, answer.status == 200, "{transcript:?}");
        assert_eq!(
            transcript.last().unwrap(),
            "outgoing Thank you for talking to us. Goodbye!"
        );
        assert_eq!(live.status().await, ConversationStatus::Resolved);
    }
}

#[tokio::test]
async fn nobody_who_comes_in_time_is_noticed_once() {
    let live = Live::new().await;
    let app = &live.scene.app;
    let other = quartet::flow::Runner::new(app.database.store(), "US");
    app.advance(TimeDelta::seconds(599));
    assert_eq!(app.state.runner.fire_due(app.now()).await.unwrap(), 0);
    app.advance(TimeDelta::seconds(1));
    let (here, there) = tokio::join!(
        app.state.runner.fire_due(app.now()),
        other.fire_due(app.now()),
    );
    assert_eq!(here.unwrap() + there.unwrap(), 1);
    assert_eq!(
        live.heard().await,
        ["Sorry, nobody is free right now. We will write to you."]
    );
    assert_eq!(live.status().await, ConversationStatus::Resolved);
    assert_eq!(app.state.runner.fire_due(app.now()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_agent_who_came_in_time_is_not_hurried() {
    let live = Live::new().await;
    let app = &live.scene.app;
    app.advance(TimeDelta::seconds(500));
    live.agent_says("Here I am").await;
    live.scene.reply(&live.stream, "Good", None).await;
    app.advance(TimeDelta::seconds(500));
    assert_eq!(app.state.runner.fire_due(app.now()).await.unwrap(), 0);
    assert_eq!(live.heard().await, ["Here I am"]);
    assert_eq!(live.status().await, ConversationStatus::Open);
}

/// What the system behind an API inbox was told of messages.
fn told(receiver: &Receiver) -> Vec<(Value, Value)> {
    let received = receiver.take();
    let bodies = received.iter().map(crate::receiver::Received::json);
    bodies
        .filter(|body| body["event"] == json!("message_created"))
        .map(|body| (body["message_type"].clone(), body["content"].clone()))
        .collect()
}

#[tokio::test]
async fn a_bot_answers_what_comes_in_through_another_api() {
    let scene = Scene::new().await;
    let (app, account) = (&scene.app, scene.account);
    let receiver = Receiver::start().await;
    let inbox = NewInbox {
        bot: Some(scene.bot),
        webhook_url: Some(receiver.url.clone()),
        ..NewInbox::new("Shop", Channel::General)
    };
    let inbox = inboxes::create(app.store(), account, inbox, None, app.now())
        .await
        .unwrap();
    let way = NewContactInbox {
        inbox: inbox.id,
        source_id: None,
    };
    let contact = NewContact::default();
    let (_, way) = contacts::create(app.store(), account, contact, Some(way), None, app.now())
        .await
        .unwrap();
    let conversation = app.conversation(account, way.unwrap().id).await;
    let receive = async |text: &str, source: Option<&str>| {
        let mut new = NewMessage::text(MessageKind::Incoming, From::Contact, text);
        new.source_id = source.map(str::to_owned);
        let runner = &app.state.runner;
        let posted = runner
            .receive(account, conversation, new, None, app.now())
            .await;
        let posted = posted.unwrap();
        assert_eq!(posted.content.as_deref(), Some(text));
        posted.id
    };
    receive("Hi", None).await;
    let first = receive("option 1", Some("m-2")).await;
    let copy = receive("option 1", Some("m-2")).await;
    assert_eq!(first, copy);
    assert_eq!(
        scene.transcript(conversation).await,
        [
            "incoming Hi",
            "outgoing Hello!",
            "outgoing Please choose an option",
            "incoming option 1",
            "outgoing What is your name?"
        ]
    );
    app.drain_webhooks().await;
    let told = told(&receiver);
    assert_eq!(told.len(), 5);
    assert_eq!(told[4], (json!("outgoing"), json!("What is your name?")));
    assert_eq!(scene.inbox.channel, Channel::Webchat);
}

#[tokio::test]
async fn a_flow_begins_anew_when_a_contact_comes_back() {
    let live = Live::new().await;
    live.set_status(ConversationStatus::Resolved).await;
    let app = &live.scene.app;
    let new = NewMessage::text(MessageKind::Incoming, From::Contact, "Hello again");
    let runner = &app.state.runner;
    runner
        .receive(live.scene.account, live.conversation, new, None, app.now())
        .await
        .unwrap();
    assert_eq!(live.status().await, ConversationStatus::Pending);
    let heard = live.heard().await;
    assert_eq!(
        heard[heard.len() - 2..],
        ["Hello!", "Please choose an option\nOption 1\nOption 2"]
    );
    let said = live.scene.reply(&live.stream, "x", Some(OPTION_2)).await;
    assert_eq!(
        said[0]["text"],
        json!("One moment, I am fetching a colleague")
    );
}

#[tokio::test]
async fn a_callback_that_nobody_takes_leaves_the_message_as_it_is() {
    let live = Live::new().await;
    live.scene.app.drain_webhooks().await;
    live.receiver.answer_by(|_| 410);
    live.agent_says("Hello").await;
    let given_up = Report {
        failed: 1,
        ..Report::default()
    };
    assert_eq!(live.scene.app.drain_webhooks().await, [given_up]);
    let page = Page::Newest(1);
    let messages = messages::list(
        live.scene.app.store(),
        live.scene.account,
        live.conversation,
        page,
    )
    .await
    .unwrap();
    assert_eq!(messages[0].content.as_deref(), Some("Hello"));
    assert_eq!(messages[0].status, DeliveryStatus::Sent);
}
