//! Clients that ask for what does not change: each sends one request after the other, over one connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::cases::{Score, Work};
use super::http::Connection;
use super::yardstick::at_once;

/// What is asked, and how it is to be answered.
pub(super) struct Question {
    pub(super) requests: Vec<Vec<u8>>,
    pub(super) status: u16,
    /// Shows that an answer is complete.
    pub(super) check: fn(&Value) -> anyhow::Result<()>,
}

/// Clients with a question.
pub(super) struct Requests {
    address: SocketAddr,
    question: Arc<Question>,
    count: usize,
    /// Made anew for each round: the server cuts those that rest while other lines have their turn.
    connections: Vec<Connection>,
    /// Whether what counts is how long an answer takes to begin.
    first_byte: bool,
}

impl Requests {
    /// So many, who ask at once.
    pub(super) fn new(address: SocketAddr, count: usize, question: Question) -> Self {
        Self {
            address,
            question: Arc::new(question),
            count,
            connections: Vec::new(),
            first_byte: false,
        }
    }

    /// Latencies are until the first byte.
    pub(super) fn until_the_first_byte(self) -> Self {
        Self {
            first_byte: true,
            ..self
        }
    }
}

/// Asks until it is told to stop, beginning with another request than the others.
async fn ask(
    mut connection: Connection,
    question: Arc<Question>,
    (number, of, first_byte): (usize, usize, bool),
    stop: Arc<AtomicBool>,
) -> anyhow::Result<((), Vec<Duration>)> {
    let mut latencies = Vec::new();
    let first = question.requests.len() * number / of.max(1);
    for request in question.requests.iter().cycle().skip(first) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let began = Instant::now();
        let (status, body) = connection.ask(request).await?;
        ensure!(
            status == question.status,
            "{status}: {}",
            String::from_utf8_lossy(body)
        );
        let until = if first_byte {
            connection.first_byte()
        } else {
            Instant::now()
        };
        latencies.push(until - began);
    }
    Ok(((), latencies))
}

impl Work for Requests {
    fn lay_out(&mut self, _: Duration) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            self.connections.clear();
            for _ in 0..self.count {
                self.connections.push(Connection::open(self.address).await?);
            }
            Ok(())
        })
    }

    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(async move {
            let connections = std::mem::take(&mut self.connections);
            let of = connections.len();
            let first_byte = self.first_byte;
            let clients = connections
                .into_iter()
                .enumerate()
                .map(|(number, connection)| {
                    let question = Arc::clone(&self.question);
                    move |stop| ask(connection, question, (number, of, first_byte), stop)
                });
            let (score, _) = at_once(length, clients).await?;
            Ok(score)
        })
    }

    /// The first and the last are answered in full.
    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let mut connection = Connection::open(self.address).await?;
            let (first, last) = (
                self.question.requests.first(),
                self.question.requests.last(),
            );
            for request in first.into_iter().chain(last) {
                let answer = connection.ask_json(request, self.question.status).await?;
                (self.question.check)(&answer)?;
            }
            Ok(())
        })
    }
}
