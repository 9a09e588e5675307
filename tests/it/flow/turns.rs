//! Turns that ask outside, on a database, by two servers.

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use quartet::flow::call::{Answer as Told, Ask, Call, Fault, Outcome, Returned, Said};
use quartet::flow::{Asker, NewChat, Outside, Runner, Words};
use quartet::model::{
    AccountId, BotId, Channel, ConversationId, ConversationStatus, Email, MessageKind, Role,
    StreamId,
};
use quartet::store::bots::{self, NewBot};
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::messages::{self, From, NewMessage, Page};
use quartet::store::{self, Error, Once};
use serde_json::{Map, json};
use tokio::sync::Semaphore;

use crate::app::TestApp;

const FLOW: &str = "
version: 1
start: ask
on_error: sorry
variables: { count: 0 }
nodes:
  ask: { free_text: { text: What?, next: plugin } }
  plugin: { plugin: { url: 'https://plugin.example.org/', next: again } }
  again: { free_text: { text: '{{ vars.count }}. And?', next: plugin2 } }
  plugin2: { plugin: { url: 'https://plugin.example.org/2', next: bye } }
  bye: { say: { text: 'Bye {{ vars.count }}', next: end } }
  sorry: { say: { text: Sorry, next: end } }
";

/// What a plugin was asked: the call's name, the node, and the visitor's words.
type Asked = (String, String, Option<String>);

/// A plugin that counts, and waits for leave to answer.
#[derive(Clone)]
struct Plugin {
    asked: Arc<Mutex<Vec<Asked>>>,
    leave: Arc<Semaphore>,
}

impl Plugin {
    fn new(leave: usize) -> Self {
        Self {
            asked: Arc::default(),
            leave: Arc::new(Semaphore::new(leave)),
        }
    }

    fn outside(&self) -> Outside {
        let plugin = self.clone();
        Outside::new(move |asker, call| {
            let plugin = plugin.clone();
            Box::pin(async move { plugin.answer(asker, call).await })
        })
    }

    async fn answer(&self, asker: Asker, call: Call) -> Result<Returned, Fault> {
        let Ask::Plugin { text, .. } = call.ask else {
            return Err(Fault::Failed);
        };
        let count = {
            let mut asked = self.asked.lock().unwrap();
            asked.push((asker.id.to_string(), call.node, text));
            asked.len()
        };
        self.leave.acquire().await.unwrap().forget();
        Ok(Returned::Plugin(Told {
            messages: vec![Said {
                text: "Plugged".to_owned(),
                rich: None,
            }],
            vars: Map::from_iter([("count".to_owned(), json!(count))]),
            done: true,
            ..Told::default()
        }))
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Until so many have asked.
    async fn wait_for(&self, count: usize) {
        while self.asked().len() < count {
            tokio::task::yield_now().await;
        }
    }
}

struct Scene {
    app: TestApp,
    account: AccountId,
    bot: BotId,
}

impl Scene {
    async fn with(flow: &str) -> Self {
        let app = TestApp::start().await;
        let account = app.account().await;
        let new = NewBot {
            id: None,
            name: "Botty".to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let bot = bots::create(app.store(), account, new, None, app.now());
        let bot = bot.await.unwrap().id;
        let inbox = NewInbox {
            bot: Some(bot),
            ..NewInbox::new("Site", Channel::Webchat)
        };
        inboxes::create(app.store(), account, inbox, None, app.now())
            .await
            .unwrap();
        let scene = Self { app, account, bot };
        let runner = scene.server(Outside::nobody());
        runner
            .publish(account, bot, flow, scene.app.now())
            .await
            .unwrap();
        scene
    }

    /// A server of its own on the same database.
    fn server(&self, outside: Outside) -> Runner {
        Runner::new(self.app.database.store(), "US").asking(outside)
    }

    async fn start(&self, server: &Runner) -> StreamId {
        let new = NewChat {
            bot: self.bot,
            email: Email::parse("ann@example.org").unwrap(),
            callback_url: None,
            metadata: json!({}).into(),
        };
        let started = server.start(self.account, new, None, self.app.now()).await;
        StreamId(started.unwrap().stream)
    }

    async fn reply(
        &self,
        server: &Runner,
        stream: StreamId,
        text: &str,
        key: Option<&str>,
    ) -> Result<Vec<String>, Error> {
        let words = Words {
            text: text.to_owned(),
            payload: None,
        };
        let once = key.map(|key| Once::new("test", key.to_owned(), &[text.as_bytes()]));
        let answer = server
            .reply(stream, None, &words, once, self.app.now())
            .await?;
        Ok(answer.said.into_iter().map(|said| said.text).collect())
    }

    async fn conversation(&self, stream: StreamId) -> ConversationId {
        let found = store::sessions::find_by_stream(self.app.store(), stream).await;
        found.unwrap().unwrap().conversation
    }

    async fn transcript(&self, stream: StreamId) -> Vec<String> {
        let conversation = self.conversation(stream).await;
        let page = Page::Newest(100);
        let list = messages::list(self.app.store(), self.account, conversation, page).await;
        let list = list.unwrap().into_iter();
        list.map(|message| message.content.unwrap()).collect()
    }
}

#[tokio::test]
async fn a_plugin_is_asked_within_the_turn() {
    let scene = Scene::with(FLOW).await;
    let plugin = Plugin::new(10);
    let server = scene.server(plugin.outside());
    let stream = scene.start(&server).await;
    let said = scene.reply(&server, stream, "A shirt", None).await.unwrap();
    assert_eq!(said, ["Plugged", "1. And?"]);
    let said = scene.reply(&server, stream, "Red", None).await.unwrap();
    assert_eq!(said, ["Plugged", "Bye 2"]);
    assert_eq!(
        scene.transcript(stream).await,
        [
            "What?", "A shirt", "Plugged", "1. And?", "Red", "Plugged", "Bye 2"
        ]
    );
    let asked = plugin.asked();
    assert_ne!(asked[0].0, asked[1].0);
    assert_eq!(asked[1].2.as_deref(), Some("Red"));
}

#[tokio::test]
async fn nobody_to_ask_is_a_failure_and_the_flow_says_so() {
    let scene = Scene::with(FLOW).await;
    let server = scene.server(Outside::nobody());
    let stream = scene.start(&server).await;
    let said = scene.reply(&server, stream, "A shirt", None).await.unwrap();
    assert_eq!(said, ["Sorry"]);
}

#[tokio::test]
async fn a_chat_that_waits_holds_no_connection() {
    let scene = Scene::with(FLOW).await;
    let plugin = Plugin::new(0);
    let slow = scene.server(plugin.outside());
    let chats: Vec<StreamId> = join_all((0..12).map(|_| async { scene.start(&slow).await })).await;
    let waiting = join_all(
        chats
            .iter()
            .map(|stream| scene.reply(&slow, *stream, "x", None)),
    );
    let meanwhile = async {
        plugin.wait_for(12).await;
        // The pool has four connections; twelve chats wait, and this one is served all the same.
        let other = scene.start(&slow).await;
        assert_eq!(scene.transcript(other).await, ["What?"]);
        plugin.leave.add_permits(12);
    };
    let (answers, ()) = tokio::join!(waiting, meanwhile);
    for answer in answers {
        assert_eq!(answer.unwrap()[0], "Plugged");
    }
}

#[tokio::test]
async fn two_replies_at_two_servers_are_taken_one_after_the_other() {
    let scene = Scene::with(FLOW).await;
    let plugin = Plugin::new(0);
    let [one, two] = [
        scene.server(plugin.outside()),
        scene.server(plugin.outside()),
    ];
    let stream = scene.start(&one).await;
    let replies = async {
        tokio::join!(
            scene.reply(&one, stream, "first", None),
            scene.reply(&two, stream, "second", None)
        )
    };
    let leave = async {
        plugin.wait_for(2).await;
        plugin.leave.add_permits(3);
    };
    let ((first, second), ()) = tokio::join!(replies, leave);
    let mut answers = [first.unwrap().len(), second.unwrap().len()];
    answers.sort_unstable();
    assert_eq!(answers, [2, 2]);
    let transcript = scene.transcript(stream).await;
    assert_eq!(transcript.len(), 7, "{transcript:?}");
    assert!(transcript[6].starts_with("Bye"), "{transcript:?}");
    let asked = plugin.asked();
    let nodes: Vec<&str> = asked.iter().map(|(_, node, _)| node.as_str()).collect();
    assert_eq!(nodes, ["plugin", "plugin", "plugin2"]);
}

#[tokio::test]
async fn a_turn_that_was_overtaken_does_not_ask_the_same_again() {
    let scene = Scene::with(FLOW).await;
    let plugin = Plugin::new(0);
    let server = scene.server(plugin.outside());
    let stream = scene.start(&server).await;
    let conversation = scene.conversation(stream).await;
    let reply = scene.reply(&server, stream, "A shirt", None);
    let overtake = async {
        plugin.wait_for(1).await;
        // An agent opens the conversation and gives it back: whatever was computed before does not fit any more.
        let agent = scene.app.agent(scene.account, "Jane", Role::Agent).await;
        for to in [ConversationStatus::Open, ConversationStatus::Pending] {
            let change = store::conversation_status::StatusChange {
                to: Some(to),
                snoozed_until: None,
                by: From::Agent(agent.id),
                opener: None,
            };
            let changed =
                server.set_status(scene.account, conversation, change, None, scene.app.now());
            changed.await.unwrap();
        }
        plugin.leave.add_permits(2);
    };
    let (said, ()) = tokio::join!(reply, overtake);
    assert_eq!(said.unwrap(), ["Plugged", "1. And?"]);
    assert_eq!(plugin.asked().len(), 1);
}

#[tokio::test]
async fn a_repeat_while_the_first_is_under_way_is_done_once_under_one_name() {
    let scene = Scene::with(FLOW).await;
    let plugin = Plugin::new(0);
    let [one, two] = [
        scene.server(plugin.outside()),
        scene.server(plugin.outside()),
    ];
    let stream = scene.start(&one).await;
    let replies = async {
        tokio::join!(
            scene.reply(&one, stream, "A shirt", Some("key")),
            scene.reply(&two, stream, "A shirt", Some("key"))
        )
    };
    let leave = async {
        plugin.wait_for(2).await;
        plugin.leave.add_permits(2);
    };
    let ((first, second), ()) = tokio::join!(replies, leave);
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(scene.transcript(stream).await.len(), 4);
    let asked = plugin.asked();
    assert_eq!(asked[0], asked[1], "a plugin can tell that it is the same");
    let again = scene.reply(&two, stream, "A shirt", Some("key")).await;
    assert_eq!(again.unwrap().len(), 2);
    assert_eq!(plugin.asked().len(), 2, "the answer is known by now");
}

#[tokio::test]
async fn a_server_that_dies_between_answer_and_commit_leaves_nothing_behind() {
    for key in [Some("key"), None] {
        let scene = Scene::with(FLOW).await;
        let plugin = Plugin::new(0);
        let dying = scene.server(plugin.outside());
        let stream = scene.start(&dying).await;
        {
            let reply = std::pin::pin!(scene.reply(&dying, stream, "A shirt", key));
            let asked = std::pin::pin!(plugin.wait_for(1));
            futures_util::future::select(reply, asked).await;
        }
        assert_eq!(scene.transcript(stream).await, ["What?"]);
        plugin.leave.add_permits(1);
        let other = scene.server(plugin.outside());
        let said = scene.reply(&other, stream, "A shirt", key).await.unwrap();
        assert_eq!(said, ["Plugged", "2. And?"]);
        assert_eq!(scene.transcript(stream).await.len(), 4);
        let asked = plugin.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0], asked[1], "a plugin can tell that it is the same");
    }
}

#[tokio::test]
async fn what_a_script_sets_of_the_visitor_is_kept_on_the_contact() {
    let scene = Scene::with(
        "
version: 1
start: script
nodes:
  script: { script: { source: next(), next: forget, on_error: end } }
  forget: { set: { user: { old: null, vip: true }, next: ask } }
  ask: { free_text: { text: '{{ user.plan }} {{ user.vip }}', next: end } }
",
    )
    .await;
    let outside = Outside::new(|asker, _| {
        assert_eq!(asker.conversation, None, "it begins");
        assert!(asker.stream.is_some());
        Box::pin(async {
            let user = json!({ "plan": "gold", "old": 1, "name": "Ann" });
            Ok(Returned::Script(Outcome {
                user: user.as_object().unwrap().clone(),
                ..Outcome::default()
            }))
        })
    });
    let stream = scene.start(&scene.server(outside)).await;
    assert_eq!(scene.transcript(stream).await, ["gold true"]);
    let store = scene.app.store();
    let contact = store::contacts::find_by_email(store, scene.account, "ann@example.org").await;
    let contact = contact.unwrap().unwrap();
    assert_eq!(contact.name, "Ann");
    assert_eq!(
        serde_json::Value::from(contact.custom_attributes),
        json!({ "plan": "gold", "vip": true })
    );
}

#[tokio::test]
async fn a_message_of_another_api_lets_the_plugin_speak() {
    let scene = Scene::with(FLOW).await;
    let plugin = Plugin::new(5);
    let server = scene.server(plugin.outside());
    let stream = scene.start(&server).await;
    let conversation = scene.conversation(stream).await;
    let incoming = NewMessage::text(MessageKind::Incoming, From::Contact, "A shirt");
    let received = server.receive(scene.account, conversation, incoming, None, scene.app.now());
    received.await.unwrap();
    assert_eq!(
        scene.transcript(stream).await,
        ["What?", "A shirt", "Plugged", "1. And?"]
    );
    assert_eq!(plugin.asked()[0].2.as_deref(), Some("A shirt"));
}
