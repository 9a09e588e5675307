//! The whole server without its socket: own database, own clock, and a dispatcher that works when it is told to.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::BodyExt;
use quartet::api::AppState;
use quartet::app;
use quartet::app::health::Health;
use quartet::clock::Clock;
use quartet::config::{Config, Overrides};
use quartet::files::Files;
use quartet::model::{
    AccountId, Agent, AgentId, Channel, ContactInboxId, ConversationId, Inbox, Role, Scope,
};
use quartet::outbound;
use quartet::store::conversation_starts::{self, Start, Through};
use quartet::store::conversations::NewConversation;
use quartet::store::{self, Store};
use quartet::telemetry::Metrics;
use quartet::webhook::{Dispatcher, Report};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::database::Database;
use crate::server::soon;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that shows when every test begins.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Self::start()))
    }

    /// When every test begins.
    pub(crate) fn start() -> DateTime<Utc> {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }

    pub(crate) fn set(&self, to: DateTime<Utc>) {
        *self.0.lock().unwrap() = to;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// The server under test.
pub(crate) struct TestApp {
    pub(crate) state: AppState,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) database: Database,
    router: Router,
    config: Config,
    folder: TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and JSON body, for comparing both at once.
    pub(crate) fn pair(&self) -> (u16, Value) {
        (self.status.as_u16(), self.json())
    }
}

impl TestApp {
    /// A server with the default configuration on an empty database; it may call this machine.
    pub(crate) async fn start() -> Self {
        Self::with("[outbound]\nallow = [\"127.0.0.0/8\"]\n").await
    }

    /// A server with this TOML over the default configuration.
    pub(crate) async fn with(toml: &str) -> Self {
        let database = Database::fresh().await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), toml).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let overrides = Overrides {
            data_dir: Some(folder.path().to_owned()),
            ..Overrides::default()
        };
        let config = Config::load(Some(file.path()), &overrides).unwrap();
        let clock = Arc::new(ManualClock::new());
        let state = state(database.store(), &clock, &config);
        let router = router(&state, &config);
        Self {
            state,
            clock,
            database,
            router,
            config,
            folder,
        }
    }

    /// Another server on the same database, with the same clock.
    pub(crate) fn second_router(&self) -> Router {
        self.router_over(self.database.store())
    }

    /// A server over this store of the same database, with the same clock.
    pub(crate) fn router_over(&self, store: Store) -> Router {
        let state = state(store, &self.clock, &self.config);
        router(&state, &self.config)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.state.store
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// The router, for serving it on a socket.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Sends a request.
    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        call(self.router.clone(), request).await
    }

    /// A GET without headers.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// A POST of JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], body).await
    }

    /// JSON with headers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        self.call(json_request(method, path, headers, body)).await
    }

    /// The folder that the server keeps its files in.
    pub(crate) fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Removes files that nothing uses at this moment; how many it removed.
    pub(crate) async fn sweep_files(&self) -> usize {
        app::sweep::round(self.store(), self.state.intake.files(), self.now())
            .await
            .unwrap()
    }

    /// A dispatcher like the server's own.
    pub(crate) fn dispatcher(&self) -> Dispatcher {
        let client = outbound::Client::new(&self.config.outbound).unwrap();
        Dispatcher::new(
            self.state.store.clone(),
            self.clock.clone(),
            client,
            self.config.webhook.clone(),
        )
    }

    /// Lets the dispatcher work until nothing is due; what it did, step by step.
    pub(crate) async fn drain_webhooks(&self) -> Vec<Report> {
        let dispatcher = self.dispatcher();
        let mut reports = Vec::new();
        loop {
            let report = dispatcher.step().await.unwrap();
            if report.is_idle() {
                return reports;
            }
            reports.push(report);
        }
    }

    /// An account.
    pub(crate) async fn account(&self) -> AccountId {
        store::accounts::create(self.store(), "Acme".to_owned(), self.now())
            .await
            .unwrap()
            .id
    }

    /// An account's key with these scopes.
    pub(crate) async fn key(&self, account: AccountId, scopes: &[Scope]) -> String {
        self.make_key(account, scopes, None).await
    }

    /// An agent's Chatlake token.
    pub(crate) async fn token(&self, account: AccountId, agent: AgentId) -> String {
        self.make_key(account, &[Scope::Chatlake], Some(agent))
            .await
    }

    async fn make_key(
        &self,
        account: AccountId,
        scopes: &[Scope],
        agent: Option<AgentId>,
    ) -> String {
        let new = store::keys::NewKey {
            name: "test".to_owned(),
            scopes: scopes.to_vec(),
            agent,
            bot: None,
            text: None,
        };
        let (_, text): (_, SecretString) =
            store::keys::create(self.store(), account, new, self.now())
                .await
                .unwrap();
        text.expose_secret().to_owned()
    }

    /// Waits until the server hears of commits.
    pub(crate) async fn until_it_listens(&self) {
        let mut conn = self.database.connect().await;
        soon(async {
            loop {
                let listeners = sqlx::query(
                    "select 1 from pg_stat_activity
                     where datname = current_database() and state = 'idle' and query ilike 'listen %quartet_events%'",
                );
                if listeners.fetch_optional(&mut conn).await.unwrap().is_some() {
                    return;
                }
            }
        })
        .await;
    }

    /// An agent.
    pub(crate) async fn agent(&self, account: AccountId, name: &str, role: Role) -> Agent {
        let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
        let new = store::agents::NewAgent {
            name: name.to_owned(),
            display_name: None,
            email,
            avatar_url: String::new(),
            role,
            is_back_office: false,
            department: String::new(),
        };
        store::agents::create(self.store(), account, new, self.now())
            .await
            .unwrap()
    }

    /// A conversation through a way into an inbox.
    pub(crate) async fn conversation(
        &self,
        account: AccountId,
        way: ContactInboxId,
    ) -> ConversationId {
        let start = Start {
            through: Through::Way(way),
            new: NewConversation::default(),
            message: None,
        };
        conversation_starts::start(self.store(), account, start, None, self.now())
            .await
            .unwrap()
    }

    /// An inbox with default settings.
    pub(crate) async fn inbox(&self, account: AccountId, channel: Channel) -> Inbox {
        let new = store::inboxes::NewInbox::new("Inbox", channel);
        store::inboxes::create(self.store(), account, new, None, self.now())
            .await
            .unwrap()
    }
}

/// A request with a JSON body.
pub(crate) fn json_request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
        .header("content-type", "application/json")
        .body(Body::from(serde_json::to_vec(body).unwrap()))
        .unwrap()
}

/// Sends a request to a router and reads the answer to its end.
pub(crate) async fn call(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

fn state(store: Store, clock: &Arc<ManualClock>, config: &Config) -> AppState {
    let clock: Arc<dyn Clock> = clock.clone();
    let client = outbound::Client::new(&config.outbound).unwrap();
    let program = env!("CARGO_BIN_EXE_quartet").into();
    let outside = app::outside(&store, &clock, client, &config.flow, program);
    let files = Files::open(&config.files, &config.database.data_dir).unwrap();
    AppState::new(store, clock, config, outside, files)
}

fn router(state: &AppState, config: &Config) -> Router {
    let store = state.store.clone();
    let health = Health {
        ready: Arc::new(move || {
            let store = store.clone();
            Box::pin(async move { store.ping().await.is_ok() })
        }),
        metrics: Metrics::install().unwrap(),
    };
    app::build(app::apis(state, config), health, config)
}
