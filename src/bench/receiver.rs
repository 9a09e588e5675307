//! A server that somebody else runs: takes what it is sent, thinks for a while, answers always the same.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::http::{BLANK_LINE, find, header};

/// How much is read at once.
const PIECE: usize = 8 * 1024;
/// What every request is answered.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// A request that came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    /// Its `webhook-id`, if it is a delivery.
    pub(super) id: Option<Uuid>,
    /// When its first byte was there.
    pub(super) at: Instant,
}

#[derive(Default)]
struct Shared {
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
    delay: Duration,
}

/// Listens until it is dropped.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    _running: JoinSet<()>,
}

impl Receiver {
    /// One that thinks so long about every request.
    pub(super) async fn start(delay: Duration) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            delay,
            ..Shared::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut running = JoinSet::new();
        running.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            _running: running,
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Waits until so many requests have come in since the last [`Receiver::take`].
    pub(super) async fn wait_for(&self, count: usize) {
        let mut seen = self.shared.count.subscribe();
        seen.wait_for(|seen| *seen >= count)
            .await
            .expect("the sender lives as long as this");
    }

    /// Everything since the last call.
    pub(super) fn take(&self) -> Vec<Received> {
        self.shared.count.send_replace(0);
        std::mem::take(&mut self.shared.lock())
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, received: Received) {
        let mut all = self.lock();
        all.push(received);
        let count = all.len();
        drop(all);
        self.count.send_replace(count);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A caller that hangs up in the middle is no concern of ours.
            let _ = serve(stream, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(PIECE);
    loop {
        buffer.clear();
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        let at = Instant::now();
        let mut head = None;
        loop {
            head = head.or_else(|| find(&buffer, BLANK_LINE).map(|at| at + BLANK_LINE.len()));
            let length = head.map(|end| end + length(&buffer[..end]));
            if length.is_some_and(|length| buffer.len() >= length) {
                break;
            }
            buffer.reserve(PIECE);
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let id = header(&buffer[..head.unwrap_or_default()], "webhook-id");
        let id = id.and_then(|id| id.parse().ok());
        shared.note(Received { id, at });
        if !shared.delay.is_zero() {
            tokio::time::sleep(shared.delay).await;
        }
        stream.write_all(ANSWER).await?;
    }
}

fn length(head: &[u8]) -> usize {
    let length = header(head, "content-length").and_then(|length| length.parse().ok());
    length.unwrap_or(0)
}
