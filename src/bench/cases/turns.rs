//! A visitor's reply to a bot, over HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::future::BoxFuture;
use serde_json::json;
use sqlx::PgPool;

use super::super::http::{Connection, find, post};
use super::super::receiver::Receiver;
use super::super::stage::Stage;
use super::super::yardstick::{Commits, at_once};
use super::{Case, Goal, Line, Score, Work};
use crate::flow::Runner;
use crate::model::{AccountId, BotId, Channel, Scope};
use crate::store::bots::{self, NewBot};
use crate::store::inboxes::{self, NewInbox};

/// Visitors who write at once.
const CHATS: usize = 64;
/// Visitors whose bot waits for a plugin.
const PLUGIN_CHATS: usize = 200;
/// How long that plugin thinks.
const QUICK: Duration = Duration::from_millis(20);
/// The same of one that two cores can keep up with: it, and not they, is to be what limits.
const SLOW: Duration = Duration::from_millis(100);
/// What part of the turns that the slow one allows there must be.
const OF_ALLOWED: f64 = 0.9;
/// The server's pool, which the yardstick has too.
const CONNECTIONS: usize = 8;

const SETTINGS: &str = "
[outbound]
allow = ['127.0.0.0/8']
[limits]
instabot_per_minute = 0
";

/// What every bot here asks.
const QUESTION: &str = "Please choose an option";

const CHOICE: &str = "
version: 1
start: menu
nodes:
  menu:
    multiple_choice:
      text: Please choose an option
      options:
        - { title: Option 1, next: menu }
        - { title: Option 2, next: menu }
";

const SCRIPT: &str = "
version: 1
start: menu
on_error: menu
variables: { score: 0 }
nodes:
  menu:
    multiple_choice:
      text: Please choose an option
      options:
        - { title: Option 1, next: score }
  score:
    script:
      source: |
        context.set('score', (context.get('score') ?? 0) + 1);
        next();
      next: menu
";

pub(super) async fn prepare(stage: &Stage) -> anyhow::Result<Case> {
    let server = stage.serve(SETTINGS).await?;
    let account = stage.account("Turns").await?;
    let key = stage.key(account, Scope::Instabot, None).await?;
    let place = Place {
        stage,
        account,
        key,
        address: server.address,
    };
    let commits = Commits::new(&stage.pool, CONNECTIONS).await?;
    let choice = place.chats("Choice", CHOICE, CHATS, None).await?;
    let script = place.chats("Script", SCRIPT, CHATS, None).await?;
    let quick = place.chats_asking("Quick plugin", QUICK).await?;
    let slow = place.chats_asking("Slow plugin", SLOW).await?;
    stage.settle().await?;
    let chats = u32::try_from(PLUGIN_CHATS)?;
    let allowed = f64::from(chats) / SLOW.as_secs_f64();
    let lines = vec![
        Line::yardstick(
            format!("one-row commits, {CONNECTIONS} connections"),
            commits,
        ),
        Line::new(format!("choice turns, {CHATS} chats"), choice).goal(Goal::Rate(4000.0)),
        Line::new(format!("script turns, {CHATS} chats"), script).goal(Goal::Rate(2000.0)),
        Line::new(
            format!("turns on a 20 ms plugin, {PLUGIN_CHATS} chats"),
            quick,
        ),
        Line::new(
            format!("turns on a 100 ms plugin, {PLUGIN_CHATS} chats"),
            slow,
        )
        .goal(Goal::Rate(OF_ALLOWED * allowed)),
    ];
    Ok(Case {
        servers: vec![server],
        lines,
    })
}

/// Where chats begin.
struct Place<'a> {
    stage: &'a Stage,
    account: AccountId,
    key: String,
    address: SocketAddr,
}

impl Place<'_> {
    /// So many chats with a bot of their own.
    async fn chats(
        &self,
        name: &str,
        flow: &str,
        count: usize,
        plugin: Option<Receiver>,
    ) -> anyhow::Result<Chats> {
        let bot = self.bot(name, flow).await?;
        let mut chats = Vec::new();
        for number in 0..count {
            let chat = Chat::start(self.address, &self.key, bot, number).await;
            chats.push(chat.context("a chat cannot be started")?);
        }
        Ok(Chats {
            chats,
            account: self.account,
            pool: self.stage.pool.clone(),
            _plugin: plugin,
        })
    }

    /// Chats whose bot asks a plugin that takes so long.
    async fn chats_asking(&self, name: &str, takes: Duration) -> anyhow::Result<Chats> {
        let plugin = Receiver::start(takes).await?;
        let flow = format!(
            "version: 1\nstart: menu\non_error: end\nnodes:\n  menu:\n    multiple_choice:\n      text: {QUESTION}\n      \
             options: [{{ title: Option 1, next: ask }}]\n  ask:\n    plugin: {{ url: '{}', next: menu }}\n",
            plugin.url()
        );
        self.chats(name, &flow, PLUGIN_CHATS, Some(plugin)).await
    }

    /// A bot that serves an inbox of its own with this flow.
    async fn bot(&self, name: &str, flow: &str) -> anyhow::Result<BotId> {
        let (store, now) = (&self.stage.store, self.stage.now());
        let new = NewBot {
            id: None,
            name: name.to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let bot = bots::create(store, self.account, new, None, now).await?.id;
        let inbox = NewInbox {
            bot: Some(bot),
            ..NewInbox::new(name, Channel::Webchat)
        };
        inboxes::create(store, self.account, inbox, None, now).await?;
        let runner = Runner::new(store.clone(), "US");
        runner.publish(self.account, bot, flow, now).await?;
        Ok(bot)
    }
}

/// Visitors who answer a bot's question as soon as it is asked.
struct Chats {
    chats: Vec<Chat>,
    account: AccountId,
    pool: PgPool,
    _plugin: Option<Receiver>,
}

/// One visitor's connection.
struct Chat {
    connection: Connection,
    stream_id: String,
    reply: Vec<u8>,
    answered: i64,
}

impl Chat {
    async fn start(
        address: SocketAddr,
        key: &str,
        bot: BotId,
        number: usize,
    ) -> anyhow::Result<Self> {
        let mut connection = Connection::open(address).await?;
        let email = format!("visitor{number}@example.org");
        let start = json!({"apiKey": key, "start": true, "botId": bot.0, "email": email});
        let answer = connection
            .ask_json(&post("/secure/send", "", &start), 200)
            .await?;
        let stream_id = answer["streamId"]
            .as_str()
            .context("no streamId")?
            .to_owned();
        let reply = json!({"streamId": stream_id, "message": {"text": "Option 1"}});
        Ok(Self {
            connection,
            stream_id,
            reply: post("/secure/send", "", &reply),
            answered: 0,
        })
    }

    async fn reply(&mut self) -> anyhow::Result<()> {
        let (status, body) = self.connection.ask(&self.reply).await?;
        ensure!(
            status == 200 && find(body, QUESTION.as_bytes()).is_some(),
            "{status}: {}",
            String::from_utf8_lossy(body)
        );
        self.answered += 1;
        Ok(())
    }
}

impl Work for Chats {
    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(async move {
            let chats = std::mem::take(&mut self.chats).into_iter();
            let clients = chats.map(|mut chat| {
                |stop: std::sync::Arc<std::sync::atomic::AtomicBool>| async move {
                    let mut latencies = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let began = Instant::now();
                        chat.reply().await?;
                        latencies.push(began.elapsed());
                    }
                    Ok((chat, latencies))
                }
            });
            let (score, chats) = at_once(length, clients).await?;
            self.chats = chats;
            Ok(score)
        })
    }

    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let written: Vec<(String, i64)> = sqlx::query_as(
                "select c.stream_id::text, count(*) from conversations c
                 join messages m on m.account_id = c.account_id and m.conversation_id = c.id
                 where c.account_id = $1 and c.stream_id is not null and m.kind = 'incoming' and m.content = 'Option 1'
                 group by 1",
            )
            .bind(self.account)
            .fetch_all(&self.pool)
            .await?;
            let written: BTreeMap<_, _> = written.into_iter().collect();
            for chat in &self.chats {
                let rows = written.get(&chat.stream_id).copied().unwrap_or(0);
                ensure!(
                    rows == chat.answered,
                    "{rows} messages of {} answered replies in {}",
                    chat.answered,
                    chat.stream_id
                );
            }
            Ok(())
        })
    }
}
