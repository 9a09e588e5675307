//! What was acknowledged is there afterwards, whatever happens to the server or to its client.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::Method;
use quartet::model::{AccountId, Channel, ConversationId, Role};
use quartet::store::contacts::{self, NewContact, NewContactInbox};
use quartet::store::messages::{self, Page};
use serde_json::json;
use sqlx::Row;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::app::TestApp;
use crate::process::{Process, ask};
use crate::server::soon;

/// Clients that write at once.
const CLIENTS: usize = 8;
/// Answers to wait for before the server is killed.
const ENOUGH: usize = 100;

/// Connections that a test's server has at most.
const CONNECTIONS: usize = 4;

/// However much one conversation takes: what is tested is not that.
const ANY_PACE: (&str, &str) = (
    "QUARTET__CHATLAKE__MESSAGES_PER_CONVERSATION_PER_MINUTE",
    "0",
);

/// A conversation to write into, and the head of a request that does.
struct Target {
    app: TestApp,
    account: AccountId,
    conversation: ConversationId,
    token: String,
}

impl Target {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let account = app.account().await;
        let agent = app.agent(account, "John Doe", Role::Administrator).await;
        let token = app.token(account, agent.id).await;
        let inbox = app.inbox(account, Channel::General).await;
        let way = NewContactInbox {
            inbox: inbox.id,
            source_id: None,
        };
        let contact = NewContact {
            name: "Ann".to_owned(),
            ..NewContact::default()
        };
        let (_, way) = contacts::create(app.store(), account, contact, Some(way), None, app.now())
            .await
            .unwrap();
        let conversation = app.conversation(account, way.unwrap().id).await;
        Self {
            app,
            account,
            conversation,
            token,
        }
    }

    fn path(&self) -> String {
        format!(
            "/api/v1/accounts/{}/conversations/{}/messages",
            self.account, self.conversation
        )
    }

    /// A whole request on the wire.
    fn request(&self, content: &str) -> Vec<u8> {
        let body = json!({"content": content, "message_type": "incoming"}).to_string();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\napi_access_token: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.path(),
            self.token,
            body.len()
        );
        [head.as_bytes(), body.as_bytes()].concat()
    }

    /// The ids that are stored.
    async fn stored(&self) -> BTreeSet<i64> {
        let page = Page::Newest(100_000);
        let messages = messages::list(self.app.store(), self.account, self.conversation, page)
            .await
            .unwrap();
        messages.iter().map(|message| message.id.0).collect()
    }

    /// Sessions that sit in a transaction and do nothing.
    async fn stuck(&self) -> i64 {
        let mut conn = self.app.database.connect().await;
        let row = sqlx::query(
            "select count(*) from pg_stat_activity
             where datname = current_database() and state like 'idle in transaction%'",
        );
        row.fetch_one(&mut conn).await.unwrap().get(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_message_survives_the_kill_of_the_server() {
    Box::pin(kill_while_clients_write(&[ANY_PACE])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_one_that_is_written_alone() {
    let alone = ("QUARTET__DATABASE__BATCH_SIZE", "1");
    Box::pin(kill_while_clients_write(&[ANY_PACE, alone])).await;
}

async fn kill_while_clients_write(settings: &[(&str, &str)]) {
    let target = Arc::new(Target::new().await);
    let server = Process::start_with(&target.app.database, settings);
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    let count = Arc::new(AtomicUsize::new(0));
    let killed = Arc::new(AtomicBool::new(false));

    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (target, address) = (target.clone(), address.clone());
        let (count, killed) = (count.clone(), killed.clone());
        clients.spawn(async move {
            let mut acknowledged = Vec::new();
            while !killed.load(Ordering::Acquire) {
                if let Some((200, body)) = ask(&address, &target.request("still there?")).await {
                    acknowledged.push(body["id"].as_i64().unwrap());
                    count.fetch_add(1, Ordering::AcqRel);
                }
            }
            acknowledged
        });
    }
    soon(async {
        while count.load(Ordering::Acquire) < ENOUGH {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.kill();
    killed.store(true, Ordering::Release);

    let acknowledged: Vec<i64> = clients.join_all().await.concat();
    let stored = target.stored().await;
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|id| !stored.contains(id))
        .collect();
    assert!(
        lost.is_empty(),
        "{} of {} lost",
        lost.len(),
        acknowledged.len()
    );
    let distinct: BTreeSet<_> = acknowledged.iter().collect();
    assert_eq!(distinct.len(), acknowledged.len(), "no id was given twice");

    // A new server goes on where the old one was cut off.
    let server = Process::start_with(&target.app.database, &[ANY_PACE]);
    let address = server.url.strip_prefix("http://").unwrap();
    let (status, _) = soon(ask(address, &target.request("again"))).await.unwrap();
    assert_eq!(status, 200);
    assert!(server.terminate(), "and ends in good order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_hang_up_leave_no_transaction_and_lose_no_acknowledged_message() {
    let target = Arc::new(Target::new().await);
    let server = Process::start_with(&target.app.database, &[ANY_PACE]);
    let address = server.url.strip_prefix("http://").unwrap().to_owned();

    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (target, address) = (target.clone(), address.clone());
        clients.spawn(async move {
            let mut acknowledged = Vec::new();
            for round in 0..50 {
                let request = target.request("hello");
                if (client + round) % 2 == 0 {
                    // Gone before the answer, at a moment that is never the same.
                    let mut stream = TcpStream::connect(&address).await.unwrap();
                    stream.write_all(&request).await.unwrap();
                    for _ in 0..(client * 7 + round * 13) % 40 {
                        tokio::task::yield_now().await;
                    }
                } else if let Some((200, body)) = ask(&address, &request).await {
                    acknowledged.push(body["id"].as_i64().unwrap());
                }
            }
            acknowledged
        });
    }
    let acknowledged: Vec<i64> = soon(clients.join_all()).await.concat();
    assert_eq!(acknowledged.len(), CLIENTS * 25);
    assert!(server.terminate(), "it finishes what it has accepted");

    let stored = target.stored().await;
    assert!(acknowledged.iter().all(|id| stored.contains(id)));
    assert_eq!(target.stuck().await, 0);
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so_and_waited_for() {
    let target = Target::new().await;
    let headers = [("api_access_token", target.token.as_str())];
    let path = target.path();
    let nothing = json!({});
    let list = || target.app.send(Method::GET, &path, &headers, &nothing);
    assert_eq!(list().await.status, 200);
    assert_eq!(target.app.get("/readyz").await.status, 200);

    // Nobody gets in, and who is in is thrown out: what a restart of PostgreSQL looks like from here.
    let name = target.app.database.name();
    let mut conn = target.app.database.maintenance().await;
    crate::database::execute(
        &mut conn,
        format!("alter database {name} allow_connections false"),
    )
    .await;
    crate::database::execute(
        &mut conn,
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    )
    .await;

    let away = list().await;
    assert_eq!(away.status, 503);
    assert!(away.header("retry-after").is_some());
    assert!(
        !away.text().contains("database \\\""),
        "nothing of the cause: {}",
        away.text()
    );
    assert_eq!(target.app.get("/readyz").await.status, 503);

    crate::database::execute(
        &mut conn,
        format!("alter database {name} allow_connections true"),
    )
    .await;
    // A connection that served a moment ago is not asked whether it is there; each that was cut is found out once.
    let mut refused = 0;
    while list().await.status != 200 {
        refused += 1;
        assert!(refused <= CONNECTIONS, "as many as there are connections");
    }
    assert_eq!(target.app.get("/readyz").await.status, 200);
}
