//! The assembly: APIs, health and the edge become one router, and the router a server.

pub mod backing;
pub mod bare;
mod edge;
pub mod health;
mod patience;
pub mod serve;
pub mod server;
pub mod sweep;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;

use crate::api::edge::{Api, Failure, FileLimits, Limits, RateLimiter, guard};
use crate::api::{AppState, admin, bot_open, chatlake, files, imbox, instabot};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::flow::script::Scripts;
use crate::flow::{Outside, Reach};
use crate::outbound;
use crate::store::Store;
use edge::{Edge, Owners};
use health::Health;

/// Every API of the server.
pub fn apis(state: &AppState, config: &Config) -> Vec<Api> {
    let limits = &config.limits;
    vec![
        instabot::api(state.clone(), limits.instabot_per_minute),
        bot_open::api(
            state.clone(),
            &config.bot_open,
            limits.bot_open_per_minute,
            limits.login_per_minute,
        ),
        imbox::api(state.clone(), limits.imbox_per_minute),
        chatlake::api(state, config),
        admin::api(
            state.clone(),
            &config.admin,
            limits.admin_per_minute,
            limits.login_per_minute,
        ),
        files::api(state.clone()),
    ]
}

/// Whom the flows of a server with this configuration ask. Its script workers are started from `program`, this one.
pub fn outside(
    store: &Store,
    clock: &Arc<dyn Clock>,
    client: outbound::Client,
    config: &config::Flow,
    program: PathBuf,
) -> Outside {
    let workers = config.script_workers.map_or_else(
        || std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        NonZeroUsize::get,
    );
    let scripts = Scripts::new(program, workers);
    let urls = (
        config.dialogflow_url.clone(),
        config.dialogflow_token_url.clone(),
    );
    Reach::new(store.clone(), Arc::clone(clock), client, scripts)
        .with_dialogflow(urls.0, urls.1)
        .into()
}

/// Mounts `apis` at the root and below their prefixes, health beside them, and the edge around all.
///
/// # Panics
///
/// If two APIs have the same route: a mistake in the program that any start shows.
pub fn build(apis: Vec<Api>, health: Health, config: &Config) -> Router {
    let (http, limits) = (&config.http, &config.limits);
    let files = FileLimits {
        body_bytes: config.files.request_limit_bytes.get(),
        request_timeout: config.files.request_timeout,
    };
    let limits = Limits {
        files: None,
        body_bytes: http.body_limit_bytes.get(),
        request_timeout: http.request_timeout,
        by_address: Arc::new(RateLimiter::per_minute(limits.address_per_minute)),
    };
    let owners = Arc::new(Owners::of(&apis));
    let mut router = guard(health::routes(health), edge::render, &limits);
    for api in apis {
        let limits = Limits {
            files: api.takes_files.then_some(files),
            ..limits.clone()
        };
        let routes = guard(api.routes, api.render, &limits);
        router = router.nest(api.prefix, routes.clone()).merge(routes);
    }
    let unknown = Arc::clone(&owners);
    let fallback = move |request: Request| async move {
        unknown.render(request.uri().path())(Failure::NotFound)
    };
    Edge::new(owners, http.clone()).around(router.fallback(fallback))
}
