//! Quartet's own API: what no vendor has one for. Below `/admin/v1`, JSON in and out.
//!
//! `Authorization: Bearer …` carries a key with the scope `admin`, which opens its own account and no other. Accounts
//! themselves are the operator's, who shows the token of the configuration (`admin.token`; without it only the command
//! line manages accounts) and sees into none of them.
//!
//! A refusal is a problem document (RFC 9457, `application/problem+json`): `type`, `title` (the status in words),
//! `status`, `detail` (what to mend) and `request_id`. 401 without a known credential, 403 for one that does not open
//! this, 404 for what this account does not have, also when another one does, 409 for a value that is taken, 422 for a
//! body or a query that is not what the request takes, unknown fields included. Secrets and keys are shown by the answer
//! that makes them; those that sign deliveries and a bot's calls of plugins are shown on request, since who gets these
//! needs them too.

mod accounts;
mod agents;
mod apps;
mod auth;
mod bot_secrets;
mod bots;
mod deliveries;
mod endpoints;
mod error;
mod events;
mod inboxes;
mod keys;
mod page_filters;
mod platform_apps;
mod teams;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};

use crate::api::AppState;
use crate::api::edge::{Api, RateLimiter};
use crate::config;
use auth::Admin;

/// This API.
pub fn api(
    state: AppState,
    config: &config::Admin,
    requests_per_minute: u32,
    refusals_per_minute: u32,
) -> Api {
    let admin = Admin {
        app: state,
        operator: config.token.clone(),
        by_credential: Arc::new(RateLimiter::per_minute(requests_per_minute)),
        refused: Arc::new(RateLimiter::per_minute(refusals_per_minute)),
    };
    Api {
        routes: routes(admin),
        prefix: "/quartet",
        owns: &["/admin"],
        takes_files: false,
        render: error::render,
    }
}

fn routes(admin: Admin) -> Router {
    Router::new()
        .route("/admin/v1/account", get(accounts::own))
        .route("/admin/v1/agents", post(agents::create).get(agents::list))
        .route(
            "/admin/v1/agents/{agent_id}",
            get(agents::show).delete(agents::remove),
        )
        .route(
            "/admin/v1/agents/{agent_id}/password",
            put(agents::set_password),
        )
        .route("/admin/v1/teams", post(teams::join).get(teams::list))
        .route(
            "/admin/v1/teams/{team_id}/members/{agent_id}",
            delete(teams::leave),
        )
        .route("/admin/v1/keys", post(keys::create).get(keys::list))
        .route("/admin/v1/keys/{key_id}", delete(keys::revoke))
        .route(
            "/admin/v1/inboxes",
            post(inboxes::create).get(inboxes::list),
        )
        .route("/admin/v1/inboxes/{inbox_id}", get(inboxes::show))
        .route(
            "/admin/v1/inboxes/{inbox_id}/members",
            post(inboxes::add_members).get(inboxes::list_members),
        )
        .route(
            "/admin/v1/inboxes/{inbox_id}/members/{agent_id}",
            delete(inboxes::remove_member),
        )
        .route("/admin/v1/apps", post(apps::create).get(apps::list))
        .route("/admin/v1/apps/{app_id}", get(apps::show))
        .route("/admin/v1/apps/{app_id}/disable", post(apps::disable))
        .route("/admin/v1/apps/{app_id}/enable", post(apps::enable))
        .route("/admin/v1/apps/{app_id}/secret", post(apps::change_secret))
        .route(
            "/admin/v1/page-filters",
            post(page_filters::create).get(page_filters::list),
        )
        .route(
            "/admin/v1/page-filters/{page_filter_id}",
            delete(page_filters::remove),
        )
        .merge(operator_routes())
        .merge(bot_routes())
        .merge(traffic_routes())
        .with_state(admin)
}

/// The operator's.
fn operator_routes() -> Router<Admin> {
    Router::new()
        .route(
            "/admin/v1/accounts",
            post(accounts::create).get(accounts::list),
        )
        .route("/admin/v1/accounts/{account_id}", get(accounts::show))
        .route(
            "/admin/v1/accounts/{account_id}/suspend",
            post(accounts::suspend),
        )
        .route(
            "/admin/v1/accounts/{account_id}/activate",
            post(accounts::activate),
        )
        .route(
            "/admin/v1/accounts/{account_id}/keys",
            post(accounts::create_key),
        )
        .route(
            "/admin/v1/platform-apps",
            post(platform_apps::create).get(platform_apps::list),
        )
        .route(
            "/admin/v1/platform-apps/{platform_app_id}",
            delete(platform_apps::revoke),
        )
}

/// An administrator's, about bots.
fn bot_routes() -> Router<Admin> {
    Router::new()
        .route("/admin/v1/bots", post(bots::create).get(bots::list))
        .route("/admin/v1/bots/{bot_id}", get(bots::show))
        .route(
            "/admin/v1/bots/{bot_id}/flow",
            put(bots::publish).get(bots::flow),
        )
        .route(
            "/admin/v1/bots/{bot_id}/dialogflow-keys",
            get(bot_secrets::list_dialogflow_keys),
        )
        .route(
            "/admin/v1/bots/{bot_id}/dialogflow-keys/{key_name}",
            put(bot_secrets::set_dialogflow_key).delete(bot_secrets::remove_dialogflow_key),
        )
        .route(
            "/admin/v1/bots/{bot_id}/plugin-secret",
            get(bot_secrets::plugin_secret).post(bot_secrets::change_plugin_secret),
        )
        .route("/admin/v1/flows/check", post(bots::check))
}

/// What happens, and who is told.
fn traffic_routes() -> Router<Admin> {
    Router::new()
        .route(
            "/admin/v1/endpoints",
            post(endpoints::create).get(endpoints::list),
        )
        .route(
            "/admin/v1/bots/{bot_id}/endpoint",
            put(endpoints::set_of_bot),
        )
        .route("/admin/v1/endpoints/{endpoint_id}", get(endpoints::show))
        .route(
            "/admin/v1/endpoints/{endpoint_id}/enable",
            post(endpoints::enable),
        )
        .route(
            "/admin/v1/endpoints/{endpoint_id}/disable",
            post(endpoints::disable),
        )
        .route(
            "/admin/v1/endpoints/{endpoint_id}/secret",
            get(endpoints::show_secret).post(endpoints::rotate_secret),
        )
        .route("/admin/v1/deliveries", get(deliveries::list))
        .route("/admin/v1/deliveries/replay", post(deliveries::replay))
        .route("/admin/v1/deliveries/{delivery_id}", get(deliveries::show))
        .route(
            "/admin/v1/deliveries/{delivery_id}/replay",
            post(deliveries::replay_one),
        )
        .route("/admin/v1/events", get(events::list))
}
