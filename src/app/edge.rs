//! Around every request: its id, its span, its log line, its numbers. What is recorded of a path is the pattern of its
//! route and never the path itself, as some vendors put their keys there.

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use metrics::{Counter, Histogram};
use serde_json::json;
use tracing::{Instrument, debug, error, error_span, info};

use super::serve::Peer;
use crate::api::edge::{Api, Cause, ClientAddress, Failure, Render, RequestId};
use crate::config::Http;
use crate::files;

/// The headers that carry a token in one of the APIs.
const API_ACCESS_TOKEN: HeaderName = HeaderName::from_static("api_access_token");
const API_ACCESS_TOKEN_DASHED: HeaderName = HeaderName::from_static("api-access-token");

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What `around` needs at each request.
#[derive(Clone)]
pub(super) struct Edge {
    owners: Arc<Owners>,
    http: Arc<Http>,
    numbers: Arc<Numbers>,
}

/// Who answers for unknown paths: the API that owns the longest prefix.
pub(super) struct Owners(Vec<(String, Render)>);

impl Owners {
    pub(super) fn of(apis: &[Api]) -> Self {
        let mut owners: Vec<_> = apis
            .iter()
            .flat_map(|api| {
                let below = api
                    .owns
                    .iter()
                    .flat_map(|own| [(*own).to_owned(), format!("{}{own}", api.prefix)]);
                below
                    .chain([api.prefix.to_owned()])
                    .map(|path| (path, api.render))
            })
            .collect();
        owners.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
        Self(owners)
    }

    /// How the owner of `path` refuses.
    pub(super) fn render(&self, path: &str) -> Render {
        self.find(path).map_or(render, |(_, render)| *render)
    }

    fn find(&self, path: &str) -> Option<&(String, Render)> {
        let below = |prefix: &str| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.0.iter().find(|(prefix, _)| below(prefix))
    }
}

impl Edge {
    pub(super) fn new(owners: Arc<Owners>, http: Http) -> Self {
        Self {
            owners,
            http: Arc::new(http),
            numbers: Arc::default(),
        }
    }

    /// Watches every request that `router` answers.
    pub(super) fn around(self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self, observe))
    }

    fn client(&self, request: &Request) -> IpAddr {
        let peer = request.extensions().get::<ConnectInfo<Peer>>();
        let peer = peer.map_or(Ipv4Addr::LOCALHOST.into(), |ConnectInfo(peer)| peer.0.ip());
        let forwarded: Vec<_> = request.headers().get_all(X_FORWARDED_FOR).iter().collect();
        let forwarded = forwarded
            .into_iter()
            .map(|value| value.to_str().unwrap_or_default());
        self.http
            .client_address(peer, forwarded.flat_map(|value| value.split(',')))
    }

    /// What may be recorded of the path.
    fn route(&self, request: &Request) -> Cow<'static, str> {
        if let Some(pattern) = request.extensions().get::<MatchedPath>() {
            return pattern.as_str().to_owned().into();
        }
        match self.owners.find(request.uri().path()) {
            Some((prefix, _)) => format!("{prefix}/…").into(),
            None => "unknown".into(),
        }
    }
}

async fn observe(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let client = edge.client(&request);
    let route = edge.route(&request);
    let method = known(request.method());
    hide_credentials(request.headers_mut());
    request.extensions_mut().insert(ClientAddress(client));

    // At the level of errors, so that a filter that lets nothing else through still says whose they are.
    let span = error_span!(
        "request", request.id = %id, http.method = method, http.route = %route, client.address = %client
    );
    let started = Instant::now();
    let host = request.headers().get(HOST).cloned();
    let host = host.as_ref().and_then(|host| host.to_str().ok());
    let mut response = id
        .clone()
        .scope(files::asked_at(host, next.run(request)))
        .instrument(span.clone())
        .await;
    let took = started.elapsed();

    response
        .headers_mut()
        .insert(RequestId::HEADER, id.to_header_value());
    span.in_scope(|| log(&response, took));
    edge.numbers
        .count(&route, (method, response.status()), took);
    response
}

/// Anybody may make up a method; a metric has few.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn hide_credentials(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if [
            AUTHORIZATION,
            COOKIE,
            API_ACCESS_TOKEN,
            API_ACCESS_TOKEN_DASHED,
        ]
        .contains(name)
        {
            value.set_sensitive(true);
        }
    }
}

/// The one place where failures of requests are logged.
fn log(response: &Response, took: Duration) {
    let status = response.status().as_u16();
    let cause = response
        .extensions()
        .get::<Cause>()
        .map(|Cause(error)| chain(&**error));
    if response.status().is_server_error() {
        error!(http.status = status, cause, "request failed");
    } else if cause.is_some() {
        debug!(http.status = status, cause, "request refused");
    }
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    info!(target: "quartet::access", { http.status = status, duration_us }, "answered");
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (**error).source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// The numbers of requests. What is counted is found once for each route, method and status, of which there are few.
#[derive(Default)]
struct Numbers(RwLock<HashMap<String, HashMap<Kind, Number>>>);

/// A method, and what it came to.
type Kind = (&'static str, StatusCode);

/// How many there were of a kind, and how long those of the method took.
#[derive(Clone)]
struct Number {
    seconds: Histogram,
    requests: Counter,
}

impl Numbers {
    fn count(&self, route: &str, kind: Kind, took: Duration) {
        let number = self.find(route, kind).unwrap_or_else(|| {
            let number = Number::new(route.to_owned(), kind);
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            let of_route = all.entry(route.to_owned()).or_default();
            of_route.entry(kind).or_insert(number).clone()
        });
        number.seconds.record(took);
        number.requests.increment(1);
    }

    fn find(&self, route: &str, kind: Kind) -> Option<Number> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(route)?.get(&kind).cloned()
    }
}

impl Number {
    fn new(route: String, (method, status): Kind) -> Self {
        let labels = [
            ("method", method.into()),
            ("route", metrics::SharedString::from(route)),
        ];
        let seconds = metrics::histogram!("quartet_http_request_seconds", &labels);
        let [method, route] = labels;
        let status = metrics::SharedString::from(status.as_u16().to_string());
        let labels = [method, route, ("status", status)];
        Self {
            seconds,
            requests: metrics::counter!("quartet_http_requests_total", &labels),
        }
    }
}

/// How the server itself refuses, where no API is in charge.
pub(super) fn render(failure: Failure) -> Response {
    let (status, error) = match failure {
        Failure::NotFound => (StatusCode::NOT_FOUND, "not found"),
        Failure::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method not allowed"),
        Failure::MalformedUrl => (StatusCode::BAD_REQUEST, "malformed URL"),
        Failure::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body too large"),
        Failure::Timeout => (StatusCode::REQUEST_TIMEOUT, "timed out"),
        Failure::Panic => (StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        Failure::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "too many requests"),
    };
    let id = RequestId::current().map(|id| id.to_string());
    let mut response = (status, Json(json!({ "error": error, "requestId": id }))).into_response();
    if let Failure::RateLimited(wait) = failure {
        response.headers_mut().insert(RETRY_AFTER, wait.0.into());
    }
    response
}
