//! A real local server that keeps what it is sent and answers what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// One request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// A status and a body.
type Answer = (StatusCode, Vec<u8>);

#[derive(Clone, Default)]
struct Shared {
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

/// Listens until it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Shared,
    _running: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let shared = Shared::default();
        let router = Router::new().fallback(receive).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let mut running = JoinSet::new();
        running.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            shared,
            _running: running,
        }
    }

    /// Answers the next requests so, one each; then 200 again.
    pub(crate) fn answer_next(&self, statuses: &[u16]) {
        let statuses = statuses
            .iter()
            .map(|status| (StatusCode::from_u16(*status).unwrap(), Vec::new()));
        self.shared.answers.lock().unwrap().extend(statuses);
    }

    /// Answers one of the next requests with a body.
    pub(crate) fn answer_with(&self, status: u16, body: impl Into<Vec<u8>>) {
        let status = StatusCode::from_u16(status).unwrap();
        let mut answers = self.shared.answers.lock().unwrap();
        answers.push_back((status, body.into()));
    }

    /// Everything since the last call, in order.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.received.lock().unwrap())
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    shared.received.lock().unwrap().push(Received {
        headers,
        body: body.to_vec(),
    });
    shared
        .answers
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or_default()
}
