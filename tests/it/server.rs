//! A server on a free port of this machine, and a client that sends bytes as they are.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use quartet::app;
use quartet::config::{Config, Http};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Nothing in these tests takes this long, unless it would take for ever.
const FOR_EVER: Duration = Duration::from_secs(20);

/// Waits for what must happen.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(FOR_EVER, future)
        .await
        .expect("it should have happened by now")
}

/// Runs until it is dropped or stopped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    running: JoinSet<()>,
}

impl Server {
    /// Serves `router`; `toml` is written over the default of the section `http`.
    pub(crate) async fn start(router: Router, toml: &str) -> Self {
        let http = http(toml);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let mut running = JoinSet::new();
        running.spawn(async move { app::serve::run(listener, router, &http, stop).await });
        Self {
            address,
            shutdown,
            running,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends one request on a connection of its own.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect().await;
        client.send(request).await;
        client.answer().await
    }

    /// Waits for the end that `shutdown` asked for.
    pub(crate) async fn stopped(mut self) {
        soon(self.running.join_next()).await.unwrap().unwrap();
    }
}

/// The section `http` with `toml` over its default.
pub(crate) fn http(toml: &str) -> Http {
    Config::from_toml(&format!("[http]\n{toml}")).unwrap().http
}

/// One connection.
pub(crate) struct Client(TcpStream);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    }
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.0.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Reads one answer that has a `Content-Length`.
    pub(crate) async fn answer(&mut self) -> Answer {
        let mut read = Vec::new();
        let end = loop {
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            assert_ne!(
                soon(self.0.read_buf(&mut read)).await.unwrap(),
                0,
                "closed after {read:?}"
            );
        };
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let mut answer = Answer {
            status: head[9..12].parse().unwrap(),
            head,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while read.len() < end + length {
            assert_ne!(
                soon(self.0.read_buf(&mut read)).await.unwrap(),
                0,
                "closed after {read:?}"
            );
        }
        answer.body = String::from_utf8(read[end..].to_vec()).unwrap();
        answer
    }

    /// Reads until this has come, and returns all that came.
    pub(crate) async fn read_until(&mut self, needle: &str) -> String {
        let mut read = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&read);
            if text.contains(needle) {
                return text.into_owned();
            }
            let more = soon(self.0.read_buf(&mut read)).await.unwrap();
            assert_ne!(more, 0, "closed after {read:?}");
        }
    }

    /// Waits until the other side closes, and returns what it said before.
    pub(crate) async fn closed(mut self) -> Vec<u8> {
        let mut read = Vec::new();
        // A reset is as good as an end.
        let _ = soon(self.0.read_to_end(&mut read)).await;
        read
    }
}
