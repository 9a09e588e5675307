//! A whole server: what it stands on, what it answers, what it does by itself, and how it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::health::Health;
use super::sweep;
use crate::api::AppState;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::files::Files;
use crate::flow::{Runner, script};
use crate::outbound;
use crate::store::{self, Store};
use crate::telemetry::Metrics;
use crate::webhook::Dispatcher;

/// How long a repeat of a named write gets the first one's answer.
const REPEATS_FOR: TimeDelta = TimeDelta::days(7);
/// Named writes that one statement forgets.
const FORGOTTEN_AT_ONCE: i64 = 1000;
/// Between two looks for what is to be forgotten.
const FORGETTING_PAUSE: Duration = Duration::from_secs(600);
/// Conversations that one look wakes.
const WOKEN_AT_ONCE: i64 = 100;
/// Between two looks for conversations that are to be woken.
const WAKING_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks for conversations in which nothing happens any more.
const RESOLVING_PAUSE: Duration = Duration::from_secs(60);
/// Between two looks for who is not there any more.
const PRESENCE_PAUSE: Duration = Duration::from_secs(5);
/// Between two looks for files that are to be removed.
const SWEEPING_PAUSE: Duration = Duration::from_secs(60);
/// Between two looks for tables that have grown.
const PLANNING_PAUSE: Duration = Duration::from_secs(2);
/// Between two tries to bring a database to this version that does not answer.
const MIGRATION_PAUSE: Duration = Duration::from_secs(1);

/// Serves on `listener` until `shutdown`: the requests, then what was begun for them, come to their end.
///
/// It answers while its database is away: 503 from the APIs and from `/readyz`, until the database is back.
pub async fn run(
    config: &Config,
    store: &Store,
    listener: TcpListener,
    metrics: Metrics,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = outbound::Client::new(&config.outbound)?;
    let migrated = Arc::new(AtomicBool::new(false));
    let program = script::own_program()?;
    let outside = super::outside(store, &clock, client.clone(), &config.flow, program);
    let files = Files::open(&config.files, &config.database.data_dir)?;
    let state = AppState::new(
        store.clone(),
        Arc::clone(&clock),
        config,
        outside,
        files.clone(),
    );
    let health = Health {
        ready: readiness(store, &migrated),
        metrics: metrics.clone(),
    };
    let router = super::build(super::apis(&state, config), health, config);
    let dispatcher = Dispatcher::new(
        state.store.clone(),
        Arc::clone(&clock),
        client,
        config.webhook.clone(),
    );

    let background = async {
        if shutdown
            .run_until_cancelled(migrate(store, &migrated))
            .await
            .is_some()
        {
            tokio::join!(
                dispatcher.run(shutdown.clone()),
                state.runner.run(&*clock, shutdown.clone()),
                shutdown.run_until_cancelled(forget_named_writes(store, &*clock)),
                Box::pin(shutdown.run_until_cancelled(wake_conversations(store, &*clock))),
                shutdown.run_until_cancelled(resolve_conversations(&state.runner, &*clock)),
                shutdown.run_until_cancelled(give_up_presences(store, &*clock)),
                shutdown.run_until_cancelled(remove_unused(store, &files, &*clock)),
                shutdown.run_until_cancelled(plan_anew(store)),
            );
        }
    };
    tokio::join!(
        super::serve::run(listener, router, &config.http, shutdown.clone()),
        Box::pin(background),
        Box::pin(state.feed.run(shutdown.clone())),
        Box::pin(shutdown.run_until_cancelled(store.follow_credentials())),
        shutdown.run_until_cancelled(metrics.upkeep()),
    );
    Ok(())
}

/// Forgets writes that a client named long ago: by then it has given up repeating them.
async fn forget_named_writes(store: &Store, clock: &dyn Clock) {
    loop {
        let before = clock.now() - REPEATS_FOR;
        match store::forget_outcomes(store, before, FORGOTTEN_AT_ONCE).await {
            Ok(forgotten) if forgotten == FORGOTTEN_AT_ONCE.unsigned_abs() => continue,
            Ok(_) => {}
            Err(error) => warn!(error = %chain(&error), "old idempotency keys cannot be removed"),
        }
        tokio::time::sleep(FORGETTING_PAUSE).await;
    }
}

/// Opens conversations when they were put off until then.
async fn wake_conversations(store: &Store, clock: &dyn Clock) {
    loop {
        match store::conversation_status::wake_due(store, clock.now(), WOKEN_AT_ONCE).await {
            Ok(woken) if woken > 0 => continue,
            Ok(_) => {}
            Err(error) => warn!(error = %chain(&error), "conversations cannot be woken"),
        }
        tokio::time::sleep(WAKING_PAUSE).await;
    }
}

/// Resolves conversations in which nothing happened for as long as their accounts say.
async fn resolve_conversations(runner: &Runner, clock: &dyn Clock) {
    loop {
        match runner.resolve_idle(clock.now()).await {
            Ok(resolved) if resolved > 0 => continue,
            Ok(_) => {}
            Err(error) => warn!(error = %chain(&error), "silent conversations cannot be resolved"),
        }
        tokio::time::sleep(RESOLVING_PAUSE).await;
    }
}

/// Gives up the presence of those who do not renew it.
async fn give_up_presences(store: &Store, clock: &dyn Clock) {
    loop {
        if let Err(error) = store::presence::expire(store, clock.now()).await {
            warn!(error = %chain(&error), "presence that is over cannot be given up");
        }
        tokio::time::sleep(PRESENCE_PAUSE).await;
    }
}

/// Removes files that were uploaded and not used, or are used no more.
async fn remove_unused(store: &Store, files: &Files, clock: &dyn Clock) {
    loop {
        match sweep::round(store, files, clock.now()).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => warn!(error = %chain(&*error), "unused files cannot be removed"),
        }
        tokio::time::sleep(SWEEPING_PAUSE).await;
    }
}

/// Has statements planned anew whose tables have grown.
async fn plan_anew(store: &Store) {
    loop {
        match store::planning::keep_up(store).await {
            Ok(grown) if grown.is_empty() => {}
            Ok(grown) => debug!(tables = ?grown, "planned anew"),
            Err(error) => {
                warn!(error = %chain(&error), "tables that have grown cannot be analyzed")
            }
        }
        tokio::time::sleep(PLANNING_PAUSE).await;
    }
}

/// Brings the database to this version, however long it takes to come.
async fn migrate(store: &Store, migrated: &AtomicBool) {
    loop {
        match store.migrate().await {
            Ok(()) => {
                migrated.store(true, Ordering::Release);
                info!("ready");
                return;
            }
            Err(error @ store::Error::Migration(_)) if !is_away(store).await => {
                error!(error = %chain(&error), "the database cannot be brought to this version");
            }
            Err(error) => warn!(error = %chain(&error), "the database does not answer"),
        }
        tokio::time::sleep(MIGRATION_PAUSE).await;
    }
}

async fn is_away(store: &Store) -> bool {
    store.ping().await.is_err()
}

fn readiness(store: &Store, migrated: &Arc<AtomicBool>) -> super::health::Check {
    let (store, migrated) = (store.clone(), Arc::clone(migrated));
    Arc::new(move || {
        let (store, migrated) = (store.clone(), Arc::clone(&migrated));
        Box::pin(async move { migrated.load(Ordering::Acquire) && store.ping().await.is_ok() })
    })
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
