//! The plugin of the order-status bot, `config/flows/order-status.yaml`: a small server that knows three orders.
//!
//! ```sh
//! cargo run --example order_status_plugin -- whsec_…
//! ```
//!
//! The argument is the bot's secret, which `quartet bot plugin-secret show` prints. Every call is signed with it after
//! Standard Webhooks, and one that is not, or whose signature is older than five minutes, is refused: otherwise
//! anybody who finds the address could ask for orders.
//!
//! A call that comes twice has the same `id`, also as `webhook-id`. A plugin that does more than look something up
//! keeps the ids it has answered.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Json;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

/// Where the flow looks for it.
const ADDRESS: &str = "127.0.0.1:8090";

/// The orders: number and state.
const ORDERS: [(&str, &str); 3] = [
    ("A-1001", "packed"),
    ("A-1002", "sent"),
    ("A-1003", "delivered"),
];

/// The days of delivery: what the visitor sees, and what the plugin is told.
const DAYS: [(&str, &str); 2] = [("Tuesday", "tue"), ("Friday", "fri")];

/// What of a call is of use here. There is more in it: see `docs/flows.md`.
#[derive(Deserialize)]
struct Call {
    /// Which call of the node in a row it is, from 1 on.
    turn: u32,
    /// What the visitor said, or the value of the option that was chosen.
    text: Option<String>,
    /// What was answered, by node.
    answers: Map<String, Value>,
    /// What the flow remembers.
    variables: Map<String, Value>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::args().nth(1);
    let secret = secret.ok_or("the bot's secret is missing: order_status_plugin whsec_…")?;
    let listener = TcpListener::bind(ADDRESS).await?;
    axum::serve(listener, router(&secret)?).await?;
    Ok(())
}

/// The server of a bot with this secret.
pub(crate) fn router(secret: &str) -> Result<Router, standardwebhooks::WebhookError> {
    let webhook = Arc::new(Webhook::new(secret)?);
    let router = Router::new()
        .route("/lookup", post(lookup))
        .route("/delivery", post(delivery));
    Ok(router.with_state(webhook))
}

type Answer = Result<Json<Value>, StatusCode>;

/// Tells how an order stands, or takes the way `unknown`.
async fn lookup(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: Bytes) -> Answer {
    let call = read(&webhook, &headers, &body)?;
    let number = call.answers.get("number").and_then(Value::as_str);
    let number = number.unwrap_or_default().to_uppercase();
    let order = ORDERS.iter().find(|(known, _)| *known == number);
    Ok(Json(match order {
        Some((number, state)) => json!({
            "variables": { "order": { "number": number, "state": state } }
        }),
        None => json!({ "way": "unknown" }),
    }))
}

/// Asks for a day until the visitor has chosen one, or none.
async fn delivery(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: Bytes) -> Answer {
    let call = read(&webhook, &headers, &body)?;
    // The words of the first turn were said to the bot.
    let text = call.text.filter(|_| call.turn > 1);
    let asked = match text.as_deref() {
        Some("none") => return Ok(Json(json!({ "way": "cancelled" }))),
        Some(text) => match DAYS.iter().find(|(_, value)| *value == text) {
            Some((day, _)) => {
                let told = format!("We come on {day}.");
                return Ok(Json(json!({ "messages": [{ "text": told }] })));
            }
            None => "We come on these days only.".to_owned(),
        },
        None => {
            let number = &call.variables["order"]["number"];
            let number = number.as_str().unwrap_or("you");
            format!("When shall we come, to {number}?")
        }
    };
    let days = DAYS.iter().chain(&[("Not now", "none")]);
    let options: Vec<Value> = days
        .map(|(title, value)| json!({ "title": title, "value": value }))
        .collect();
    Ok(Json(json!({
        "messages": [{ "text": asked }], "options": options, "done": false
    })))
}

/// Reads a call that the bot has signed.
fn read(webhook: &Webhook, headers: &HeaderMap, body: &[u8]) -> Result<Call, StatusCode> {
    webhook
        .verify(body, headers)
        .map_err(|_| StatusCode::UNAUTHORIZED)?;
    serde_json::from_slice(body).map_err(|_| StatusCode::BAD_REQUEST)
}
