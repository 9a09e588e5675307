//! A stand-in for Dialogflow and its token endpoint, on a port of this machine. It believes an assertion only with a
//! signature of its key, and takes only the tokens that it gave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use url::{Url, form_urlencoded};

use crate::server::Server;

/// Where a key file says that its tokens come from.
pub(crate) const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";

/// Keys made for these tests, which open nothing.
pub(crate) const PEMS: [&str; 2] = [include_str!("one.pem"), include_str!("two.pem")];

/// The key file of a service account.
pub(crate) fn key_file(pem: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "pizzeria",
        "private_key_id": "f00d",
        "private_key": pem,
        "client_email": "bot@pizzeria.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": TOKEN_URI,
        "universe_domain": "googleapis.com",
    })
}

/// The DER in a PEM.
pub(crate) fn der(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(lines).unwrap()
}

/// What PKCS #8 puts before an RSA key of 2048 bits.
pub(crate) const PKCS8_LEN: usize = 26;

/// The public half of a private key of 2048 bits in PKCS #8: the modulus stands at a place that does not vary.
fn public(pem: &str) -> DecodingKey {
    let key = &der(pem)[PKCS8_LEN..];
    DecodingKey::from_rsa_raw_components(&key[12..268], &[1, 0, 1])
}

/// A question that came in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) token: String,
    pub(crate) body: Value,
}

/// An assertion that was believed: what it says, and its header.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assertion {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

struct Shared {
    assertions: Mutex<Vec<Assertion>>,
    refused: Mutex<Vec<String>>,
    asked: Mutex<Vec<Asked>>,
    answers: Mutex<VecDeque<(u16, Value)>>,
    grants: Mutex<VecDeque<(u16, Value)>>,
    doors: Semaphore,
}

/// Listens until it is dropped.
pub(crate) struct Stand {
    server: Server,
    shared: Arc<Shared>,
}

impl Stand {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared {
            assertions: Mutex::default(),
            refused: Mutex::default(),
            asked: Mutex::default(),
            answers: Mutex::default(),
            grants: Mutex::default(),
            doors: Semaphore::new(Semaphore::MAX_PERMITS),
        });
        let router = Router::new()
            .route("/token", post(grant))
            .fallback(detect)
            .with_state(Arc::clone(&shared));
        let server = Server::start(router, "").await;
        Self { server, shared }
    }

    pub(crate) fn base_url(&self) -> Url {
        format!("http://{}/", self.server.address).parse().unwrap()
    }

    pub(crate) fn token_url(&self) -> Url {
        self.base_url().join("token").unwrap()
    }

    /// Answers the next questions so, one each; then as one that did not understand.
    pub(crate) fn answer_next(&self, status: u16, body: Value) {
        let mut answers = self.shared.answers.lock().unwrap();
        answers.push_back((status, body));
    }

    /// Answers the next requests for a token so.
    pub(crate) fn grant_next(&self, status: u16, body: Value) {
        self.shared.grants.lock().unwrap().push_back((status, body));
    }

    /// No longer takes a token.
    pub(crate) fn refuse(&self, token: &str) {
        self.shared.refused.lock().unwrap().push(token.to_owned());
    }

    /// Gives no token until the doors are opened.
    pub(crate) fn close_doors(&self) {
        self.shared.doors.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn open_doors(&self) {
        self.shared.doors.add_permits(Semaphore::MAX_PERMITS);
    }

    /// The assertions that were believed, in order.
    pub(crate) fn assertions(&self) -> Vec<Assertion> {
        self.shared.assertions.lock().unwrap().clone()
    }

    /// What was asked since the last call, in order.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.shared.asked.lock().unwrap())
    }
}

async fn grant(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let _door = shared.doors.acquire().await.unwrap();
    if let Some(answer) = shared.grants.lock().unwrap().pop_front() {
        return respond(answer);
    }
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let [(grant, kind), (name, assertion)] = &form[..] else {
        panic!("{form:?} is no grant");
    };
    assert_eq!(
        [grant.as_str(), kind, name],
        [
            "grant_type",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion"
        ]
    );
    let mut validation = Validation::new(Algorithm::RS256);
    // By the tests' clock, which they look at themselves.
    validation.validate_exp = false;
    validation.set_audience(&[TOKEN_URI]);
    let believed = PEMS
        .iter()
        .find_map(|pem| jsonwebtoken::decode::<Value>(assertion, &public(pem), &validation).ok());
    let Some(believed) = believed else {
        return respond((400, json!({"error": "invalid_grant"})));
    };
    let mut assertions = shared.assertions.lock().unwrap();
    assertions.push(Assertion {
        header: serde_json::to_value(&believed.header).unwrap(),
        claims: believed.claims,
    });
    let token = format!("token-{}", assertions.len());
    respond((
        200,
        json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}),
    ))
}

async fn detect(
    State(shared): State<Arc<Shared>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let token = headers["authorization"].to_str().unwrap();
    let token = token.strip_prefix("Bearer ").unwrap().to_owned();
    shared.asked.lock().unwrap().push(Asked {
        path: uri.path().to_owned(),
        token: token.clone(),
        body: serde_json::from_slice(&body).unwrap(),
    });
    if shared.refused.lock().unwrap().contains(&token) {
        return respond((
            401,
            json!({"error": {"code": 401, "status": "UNAUTHENTICATED"}}),
        ));
    }
    let answer = shared.answers.lock().unwrap().pop_front();
    respond(answer.unwrap_or_else(|| (200, json!({"queryResult": {"fulfillmentText": "What?"}}))))
}

fn respond((status, body): (u16, Value)) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}
