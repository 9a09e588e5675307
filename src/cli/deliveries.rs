//! `quartet deliveries`

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::{self, InAccount};
use super::report::Report;
use crate::model::{AccountId, ConversationId, DeliveryId, DeliveryState, EndpointId};
use crate::store::Store;
use crate::store::delivery_log::{self, Delivery, Filter};

/// How many deliveries one statement makes due.
const BATCH: i64 = 1000;

/// Deliveries to endpoints: what was sent, how it went, and sending it once more.
#[derive(Debug, Args)]
pub(super) struct Deliveries {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists deliveries, newest first.
    List {
        #[command(flatten)]
        search: Search,
        /// How many, at most.
        #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        #[command(flatten)]
        target: InAccount,
    },
    /// Shows the attempts of a delivery.
    Show {
        /// The delivery's number.
        id: i64,
        #[command(flatten)]
        target: InAccount,
    },
    /// Makes finished deliveries due again, under their old ids and in their old order: one, or all that are found.
    Replay {
        /// The delivery's number.
        #[arg(conflicts_with = "Search", required_unless_present_any = ["endpoint", "conversation", "from"])]
        id: Option<i64>,
        #[command(flatten)]
        search: Search,
        #[command(flatten)]
        target: InAccount,
    },
}

/// Which deliveries.
#[derive(Debug, Clone, Copy, Args)]
struct Search {
    /// Those that are due, delivered, failed or cancelled.
    #[arg(long, value_parser = args::delivery_state)]
    state: Option<DeliveryState>,
    /// Those to this endpoint.
    #[arg(long, value_name = "ID")]
    endpoint: Option<i64>,
    /// Those of this conversation.
    #[arg(long, value_name = "ID")]
    conversation: Option<i64>,
    /// Those from this moment on, as in 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Those before this moment.
    #[arg(long, value_name = "TIME")]
    until: Option<DateTime<Utc>>,
}

impl From<Search> for Filter {
    fn from(search: Search) -> Self {
        Self {
            state: search.state,
            endpoint: search.endpoint.map(EndpointId),
            conversation: search.conversation.map(ConversationId),
            from: search.from,
            until: search.until,
        }
    }
}

impl Deliveries {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::List {
                search,
                limit,
                target,
            } => {
                target
                    .run(async |store: &Store, account, _| {
                        list(store, account, search.into(), limit).await
                    })
                    .await
            }
            Command::Show { id, target } => {
                target
                    .run(async |store: &Store, account, _| {
                        show(store, account, DeliveryId(id)).await
                    })
                    .await
            }
            Command::Replay { id, search, target } => {
                target
                    .run(async |store: &Store, account, now| match id {
                        Some(id) => replay_one(store, account, DeliveryId(id), now).await,
                        None => replay(store, account, search.into(), now).await,
                    })
                    .await
            }
        }
    }
}

async fn list(
    store: &Store,
    account: AccountId,
    filter: Filter,
    limit: i64,
) -> anyhow::Result<Report> {
    let found = delivery_log::list(store, account, filter, None, limit).await?;
    let rows = found.iter().map(row).collect();
    Ok(Report::List(
        &[
            "id",
            "state",
            "event",
            "endpoint",
            "conversation",
            "attempts",
            "due_at",
            "created_at",
        ],
        rows,
    ))
}

fn row(delivery: &Delivery) -> Vec<Value> {
    let due = delivery.state == DeliveryState::Due;
    vec![
        json!(delivery.id.0),
        json!(delivery.state.as_str()),
        json!(delivery.kind.as_str()),
        json!(delivery.endpoint.0),
        json!(delivery.conversation.map(|id| id.0)),
        json!(delivery.attempts),
        json!(due.then_some(delivery.due_at)),
        json!(delivery.created_at),
    ]
}

async fn show(store: &Store, account: AccountId, id: DeliveryId) -> anyhow::Result<Report> {
    delivery_log::get(store, account, id).await?;
    let attempts = delivery_log::list_attempts(store, account, id).await?;
    let rows = attempts.into_iter().map(|attempt| {
        vec![
            json!(attempt.number),
            json!(attempt.started_at),
            json!(attempt.duration_ms),
            json!(attempt.status),
            json!(attempt.error_class),
            json!(attempt.response_head),
        ]
    });
    Ok(Report::List(
        &[
            "number",
            "started_at",
            "duration_ms",
            "status",
            "error",
            "response",
        ],
        rows.collect(),
    ))
}

async fn replay_one(
    store: &Store,
    account: AccountId,
    id: DeliveryId,
    now: DateTime<Utc>,
) -> anyhow::Result<Report> {
    let delivery = delivery_log::replay_one(store, account, id, now).await?;
    Ok(Report::One(vec![
        ("id", delivery.id.0.into()),
        ("state", delivery.state.as_str().into()),
        ("due_at", json!(delivery.due_at)),
    ]))
}

/// Goes on to the end of what there was when it began.
async fn replay(
    store: &Store,
    account: AccountId,
    filter: Filter,
    now: DateTime<Utc>,
) -> anyhow::Result<Report> {
    let filter = Filter {
        until: Some(filter.until.unwrap_or(now)),
        ..filter
    };
    let (mut count, mut beyond) = (0, None);
    loop {
        let done = delivery_log::replay(store, account, filter, beyond, BATCH, now).await?;
        count += done.count;
        if done.next.is_none() {
            return Ok(Report::One(vec![("replayed", count.into())]));
        }
        beyond = done.next;
    }
}
