//! Turns a second, end to end: a visitor's reply over HTTP, the flow, the commit, the answer.
//!
//! `cargo bench --bench turns` starts a private PostgreSQL, the server and the clients in one process and prints, for
//! each kind of turn, the least, the middle and the most of several rounds. The yardstick beside them is a
//! transaction that writes one row and commits, from as many tasks as the pool has connections: what a commit costs here.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use quartet::api::AppState;
use quartet::app::{self, health::Health};
use quartet::clock::{Clock, SystemClock};
use quartet::config::{Config, Overrides};
use quartet::model::{AccountId, BotId, Channel, Scope};
use quartet::outbound;
use quartet::postgres::{Cluster, Options};
use quartet::store::bots::{self, NewBot};
use quartet::store::inboxes::{self, NewInbox};
use quartet::store::keys::{self, NewKey};
use quartet::store::{Store, accounts};
use quartet::telemetry::Metrics;
use quartet::vault::Vault;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
const CLIENTS: usize = 64;
/// Chats that wait for the plugin at once.
const PLUGIN_CLIENTS: usize = 200;
/// How long the plugin thinks.
const PLUGIN_DELAY: Duration = Duration::from_millis(20);

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

struct Bench {
    state: AppState,
    address: SocketAddr,
    account: AccountId,
    key: String,
}

impl Bench {
    /// A bot that serves an inbox of its own with this flow.
    async fn bot(&self, name: &str, flow: &str) -> BotId {
        let (store, now) = (&self.state.store, self.state.clock.now());
        let new = NewBot {
            id: None,
            name: name.to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let bot = bots::create(store, self.account, new, None, now)
            .await
            .unwrap()
            .id;
        let inbox = NewInbox {
            bot: Some(bot),
            ..NewInbox::new(name, Channel::Webchat)
        };
        inboxes::create(store, self.account, inbox, None, now)
            .await
            .unwrap();
        self.state
            .runner
            .publish(self.account, bot, flow, now)
            .await
            .unwrap();
        bot
    }

    /// Rounds of replies from so many clients at once, each in a chat of its own, in turns a second.
    async fn turns(&self, bot: BotId, clients: usize) -> Vec<f64> {
        let mut chats = Vec::new();
        for client in 0..clients {
            chats.push(Chat::start(self, bot, client).await);
        }
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let (stop, count) = (
                Arc::new(AtomicBool::new(false)),
                Arc::new(AtomicU64::new(0)),
            );
            let mut running = JoinSet::new();
            let began = Instant::now();
            for mut chat in std::mem::take(&mut chats) {
                let (stop, count) = (stop.clone(), count.clone());
                running.spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        chat.reply().await;
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    chat
                });
            }
            tokio::time::sleep(ROUND).await;
            stop.store(true, Ordering::Relaxed);
            chats = running.join_all().await;
            rounds.push(count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64());
        }
        rounds
    }
}

/// One visitor's connection.
struct Chat {
    stream: TcpStream,
    reply: Vec<u8>,
}

impl Chat {
    async fn start(bench: &Bench, bot: BotId, number: usize) -> Self {
        let mut stream = TcpStream::connect(bench.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let email = format!("visitor{number}@example.org");
        let start = json!({"apiKey": bench.key, "start": true, "botId": bot.0, "email": email});
        let answer = ask(&mut stream, &request(&start)).await;
        let reply = json!({"streamId": answer["streamId"], "message": {"text": "Option 1"}});
        Self {
            stream,
            reply: request(&reply),
        }
    }

    async fn reply(&mut self) {
        let answer = ask(&mut self.stream, &self.reply).await;
        assert_eq!(
            answer["messages"][0]["text"], "Please choose an option",
            "{answer}"
        );
    }
}

fn request(body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST /secure/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn ask(stream: &mut TcpStream, request: &[u8]) -> Value {
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::with_capacity(1024);
    loop {
        let mut buffer = [0; 2048];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the server hung up");
        answer.extend_from_slice(&buffer[..read]);
        let text = std::str::from_utf8(&answer).unwrap();
        if let Some((_, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            return body;
        }
    }
}

/// A plugin that thinks for a while and leads back to the question.
async fn plugin() -> SocketAddr {
    let answer = || async {
        tokio::time::sleep(PLUGIN_DELAY).await;
        axum::Json(json!({}))
    };
    let router = axum::Router::new().fallback(answer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "it serves as long as the process lives"
    )]
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// Commits of one row a second: the yardstick.
async fn commits(cluster: &Cluster, connections: u32) -> Vec<f64> {
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .connect_with(cluster.connect_options())
        .await
        .unwrap();
    sqlx::raw_sql("create table yardstick (id bigint generated always as identity primary key, at timestamptz)")
        .execute(&pool)
        .await
        .unwrap();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (stop, count) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let mut running = JoinSet::new();
        let began = Instant::now();
        for _ in 0..connections {
            let (pool, stop, count) = (pool.clone(), stop.clone(), count.clone());
            running.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    sqlx::query("insert into yardstick (at) values (now())")
                        .execute(&pool)
                        .await
                        .unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        tokio::time::sleep(ROUND).await;
        stop.store(true, Ordering::Relaxed);
        running.join_all().await;
        rounds.push(count.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64());
    }
    rounds
}

fn print(name: &str, mut rounds: Vec<f64>) {
    rounds.sort_by(f64::total_cmp);
    let (least, middle, most) = (
        rounds[0],
        rounds[rounds.len() / 2],
        rounds[rounds.len() - 1],
    );
    println!("{name:<44} {least:>9.0} {middle:>9.0} {most:>9.0}");
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("bench.toml");
    let toml = "[outbound]\nallow = [\"127.0.0.0/8\"]\n[limits]\ninstabot_per_minute = 0\n";
    std::fs::write(&settings, toml).unwrap();
    let config = Config::load(Some(&settings), &Overrides::default()).unwrap();
    let cluster = Cluster::start(&Options::new(folder.path().join("data")))
        .await
        .unwrap();
    let connections = config.database.max_connections.get();
    let store = Store::new(cluster.connect_options(), connections, Vault::new([7; 32]));
    store.migrate().await.unwrap();

    let shutdown = CancellationToken::new();
    let bench = serve(&config, &store, &shutdown).await;
    let plugin = format!(
        "version: 1\nstart: menu\non_error: end\nnodes:\n  menu:\n    multiple_choice:\n      text: Please choose an option\n      \
         options: [{{ title: Option 1, next: ask }}]\n  ask:\n    plugin: {{ url: 'http://{}/', next: menu }}\n",
        plugin().await
    );
    println!(
        "{:<44} {:>9} {:>9} {:>9}",
        "a second", "least", "middle", "most"
    );
    print(
        &format!("one-row commits, {connections} connections"),
        commits(&cluster, connections).await,
    );
    let bot = bench.bot("Choice", CHOICE).await;
    print(
        &format!("choice turns, {CLIENTS} chats"),
        bench.turns(bot, CLIENTS).await,
    );
    let bot = bench.bot("Script", SCRIPT).await;
    print(
        &format!("script turns, {CLIENTS} chats"),
        bench.turns(bot, CLIENTS).await,
    );
    let bot = bench.bot("Plugin", &plugin).await;
    let turns = bench.turns(bot, PLUGIN_CLIENTS).await;
    print(
        &format!("turns on a 20 ms plugin, {PLUGIN_CLIENTS} chats"),
        turns,
    );

    shutdown.cancel();
    store.close().await;
    cluster.stop().await.unwrap();
}

async fn serve(config: &Config, store: &Store, shutdown: &CancellationToken) -> Bench {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let now = clock.now();
    let account = accounts::create(store, "Bench".to_owned(), now)
        .await
        .unwrap()
        .id;
    let new = NewKey {
        name: "bench".to_owned(),
        scopes: vec![Scope::Instabot],
        agent: None,
        bot: None,
        text: None,
    };
    let (_, key) = keys::create(store, account, new, now).await.unwrap();
    let client = outbound::Client::new(&config.outbound).unwrap();
    let program = env!("CARGO_BIN_EXE_quartet").into();
    let outside = app::outside(store, &clock, client, &config.flow, program);
    let state = AppState::new(store.clone(), clock, config, outside);
    let health = Health {
        ready: Arc::new(|| Box::pin(async { true })),
        metrics: Metrics::install().unwrap(),
    };
    let router = app::build(
        app::apis(&state, config),
        health,
        &config.http,
        &config.limits,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (http, stop) = (config.http.clone(), shutdown.clone());
    #[expect(
        clippy::disallowed_methods,
        reason = "it serves until it is told to stop"
    )]
    tokio::spawn(async move { app::serve::run(listener, router, &http, stop).await });
    Bench {
        state,
        address,
        account,
        key: key.expose_secret().to_owned(),
    }
}
