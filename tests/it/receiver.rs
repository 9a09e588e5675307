//! A real local server that keeps what it is sent and answers what it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::server::soon;

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

type Rule = Box<dyn Fn(&Received) -> u16 + Send>;

/// One prepared answer.
#[derive(Default)]
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
    retry_after: Option<String>,
    /// What must happen before it is given.
    after: Option<Arc<Notify>>,
}

#[derive(Clone, Default)]
struct Shared {
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    rule: Arc<Mutex<Option<Rule>>>,
    count: watch::Sender<usize>,
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
        for status in statuses {
            self.prepare(*status, Answer::default());
        }
    }

    /// Answers one of the next requests with a body.
    pub(crate) fn answer_with(&self, status: u16, body: impl Into<Vec<u8>>) {
        let body = body.into();
        self.prepare(
            status,
            Answer {
                body,
                ..Answer::default()
            },
        );
    }

    /// Answers one of the next requests with `Retry-After`.
    pub(crate) fn answer_later(&self, status: u16, retry_after: &str) {
        let retry_after = Some(retry_after.to_owned());
        self.prepare(
            status,
            Answer {
                retry_after,
                ..Answer::default()
            },
        );
    }

    /// Answers one of the next requests when it is told to.
    pub(crate) fn answer_when_told(&self, status: u16) -> Arc<Notify> {
        let told = Arc::new(Notify::new());
        let after = Some(Arc::clone(&told));
        self.prepare(
            status,
            Answer {
                after,
                ..Answer::default()
            },
        );
        told
    }

    fn prepare(&self, status: u16, answer: Answer) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, ..answer };
        self.shared.answers.lock().unwrap().push_back(answer);
    }

    /// Answers by a rule where no answer is prepared.
    pub(crate) fn answer_by(&self, rule: impl Fn(&Received) -> u16 + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Some(Box::new(rule));
    }

    /// Everything since the last call, in order.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.received.lock().unwrap())
    }

    /// Waits until so many requests have come in since the start.
    pub(crate) async fn wait_for(&self, count: usize) {
        let mut seen = self.shared.count.subscribe();
        soon(seen.wait_for(|seen| *seen >= count)).await.unwrap();
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let received = Received {
        headers,
        body: body.to_vec(),
    };
    let prepared = shared.answers.lock().unwrap().pop_front();
    let ruled = shared
        .rule
        .lock()
        .unwrap()
        .as_ref()
        .map(|rule| StatusCode::from_u16(rule(&received)).unwrap());
    shared.received.lock().unwrap().push(received);
    shared.count.send_modify(|count| *count += 1);
    let Some(answer) = prepared else {
        return ruled.unwrap_or(StatusCode::OK).into_response();
    };
    if let Some(after) = answer.after {
        after.notified().await;
    }
    match answer.retry_after {
        Some(pause) => (answer.status, [(header::RETRY_AFTER, pause)], answer.body).into_response(),
        None => (answer.status, answer.body).into_response(),
    }
}
