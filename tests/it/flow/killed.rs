//! A server that is killed between a plugin's answer and the commit of the turn.

use quartet::flow::NewChat;
use quartet::model::{AccountId, Attributes, Channel, Email, Scope};
use quartet::store::bots::{self, NewBot};
use quartet::store::inboxes::{self, NewInbox};
use serde_json::{Value, json};
use sqlx::{Connection, Row};

use crate::app::TestApp;
use crate::process::{Process, ask};
use crate::receiver::Receiver;
use crate::server::soon;

/// A chat whose next words are for a plugin.
struct Scene {
    app: TestApp,
    plugin: Receiver,
    account: AccountId,
    stream: i64,
}

impl Scene {
    async fn new() -> Self {
        let (app, plugin) = (TestApp::start().await, Receiver::start().await);
        let account = app.account().await;
        let new = NewBot {
            id: None,
            name: "Bot".to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let (store, now, runner) = (app.store(), app.now(), &app.state.runner);
        let bot = bots::create(store, account, new, None, now)
            .await
            .unwrap()
            .id;
        let inbox = NewInbox {
            bot: Some(bot),
            ..NewInbox::new("Web", Channel::Webchat)
        };
        inboxes::create(store, account, inbox, None, now)
            .await
            .unwrap();
        let flow = format!(
            "version: 1\nstart: ask\non_error: end\nvariables: {{ count: 0 }}\nnodes:\n  ask: {{ free_text: {{ text: What?, next: plugin }} }}\n  \
             plugin: {{ plugin: {{ url: '{}', next: thanks }} }}\n  thanks: {{ say: {{ text: 'Number {{{{ vars.count }}}}', next: end }} }}\n",
            plugin.url
        );
        runner.publish(account, bot, &flow, now).await.unwrap();
        let chat = NewChat {
            bot,
            email: Email::parse("ann@example.org").unwrap(),
            callback_url: None,
            metadata: Attributes::default(),
        };
        let stream = runner.start(account, chat, None, now).await.unwrap().stream;
        Self {
            app,
            plugin,
            account,
            stream,
        }
    }

    /// The visitor's words as a request that its client names.
    fn request(&self, key: &str) -> Vec<u8> {
        let body = json!({"apiKey": key, "streamId": self.stream, "message": {"text": "Roses"}})
            .to_string();
        format!(
            "POST /secure/send HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: one\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// What is in the conversation.
    async fn said(&self) -> Vec<String> {
        let mut conn = self.app.database.connect().await;
        let rows = sqlx::query("select content from messages where account_id = $1 order by id")
            .bind(self.account.0)
            .fetch_all(&mut conn)
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Waits until a server's turn stands before the lock of its conversation: the plugin has answered by then.
    async fn wait_for_the_commit(&self) {
        let mut conn = self.app.database.connect().await;
        let waits = "select count(*) from pg_stat_activity
                     where datname = current_database() and wait_event_type = 'Lock'";
        soon(async {
            while sqlx::query(waits)
                .fetch_one(&mut conn)
                .await
                .unwrap()
                .get::<i64, _>(0)
                == 0
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_killed_before_its_commit_is_taken_once_when_it_is_repeated() {
    let scene = Scene::new().await;
    let key = scene.app.key(scene.account, &[Scope::Instabot]).await;
    let request = scene.request(&key);
    for _ in 0..2 {
        scene
            .plugin
            .answer_with(200, json!({"variables": {"count": 7}}).to_string());
    }

    let mut holder = scene.app.database.connect().await;
    let mut lock = holder.begin().await.unwrap();
    sqlx::query("select from conversations for update")
        .execute(&mut *lock)
        .await
        .unwrap();
    let first = Process::start(&scene.app.database);
    let address = first.url.strip_prefix("http://").unwrap().to_owned();
    let (hung_up, ()) = tokio::join!(ask(&address, &request), async {
        scene.wait_for_the_commit().await;
        first.kill();
    });
    assert_eq!(hung_up, None);
    lock.rollback().await.unwrap();
    assert_eq!(scene.said().await, ["What?"]);

    let second = Process::start(&scene.app.database);
    let address = second.url.strip_prefix("http://").unwrap();
    let (status, answer) = soon(ask(address, &request)).await.unwrap();
    assert_eq!((status, texts(&answer)), (200, vec!["Number 7"]));
    assert_eq!(soon(ask(address, &request)).await.unwrap(), (200, answer));
    assert_eq!(scene.said().await, ["What?", "Roses", "Number 7"]);
    let asked = scene.plugin.take();
    let ids: Vec<&str> = asked.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(ids.len(), 2, "{asked:?}");
    assert_eq!(ids[0], ids[1]);
}

fn texts(answer: &Value) -> Vec<&str> {
    let messages = answer["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["text"].as_str().unwrap())
        .collect()
}
