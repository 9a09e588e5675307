//! What the dispatcher does beside sending: keeps the queue quick to look through, removes what is old, says how it
//! stands.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::dispatcher::chain;
use crate::clock::Clock;
use crate::config;
use crate::store::{self, Store, delivery_upkeep};

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(5);
/// Rounds between two of what needs no haste.
const SELDOM: u32 = 12;
/// Rows that one statement touches.
const BATCH: i64 = 500;
/// Statements of one kind in a round; what is left then is for the next.
const BATCHES: u32 = 40;
/// Those that park. What waits behind a receiver that hangs need not be parked sooner than somebody looks for it.
const PARKING_BATCHES: u32 = 8;
/// A delivery that waits no longer than this behind another is not worth two writes.
const SHORT_WAIT: TimeDelta = TimeDelta::seconds(1);

#[derive(Clone)]
pub(super) struct Upkeep {
    store: Store,
    clock: Arc<dyn Clock>,
    config: config::Webhook,
}

impl Upkeep {
    pub(super) fn new(store: Store, clock: Arc<dyn Clock>, config: config::Webhook) -> Self {
        Self {
            store,
            clock,
            config,
        }
    }

    /// Works until told to stop.
    pub(super) async fn run(&self, shutdown: CancellationToken) {
        let mut round = 0;
        while shutdown
            .run_until_cancelled(tokio::time::sleep(PAUSE))
            .await
            .is_some()
        {
            let done = if round % SELDOM == 0 {
                self.whole_round().await
            } else {
                self.round().await
            };
            if let Err(error) = done {
                tracing::error!(error = %chain(&error), "cannot tidy deliveries");
            }
            round = (round + 1) % SELDOM;
        }
    }

    /// What is to be done often.
    async fn round(&self) -> store::Result<()> {
        let now = self.clock.now();
        let parked = || delivery_upkeep::park(&self.store, now - SHORT_WAIT, BATCH);
        repeat_at_most(PARKING_BATCHES, parked).await?;
        let disabled_before = now - self.config.lease;
        repeat(|| delivery_upkeep::cancel_disabled(&self.store, disabled_before, BATCH, now))
            .await?;
        let oldest = delivery_upkeep::oldest_due(&self.store, now).await?;
        let age = oldest.map_or(0.0, |due_at| (now - due_at).as_seconds_f64());
        metrics::gauge!("quartet_deliveries_oldest_due_seconds").set(age);
        Ok(())
    }

    /// All that there is to do.
    pub(super) async fn whole_round(&self) -> store::Result<()> {
        self.round().await?;
        repeat(|| delivery_upkeep::wake_forgotten(&self.store, BATCH)).await?;
        if self.config.keep_days > 0 {
            let before = self.clock.now() - TimeDelta::days(self.config.keep_days.into());
            repeat(|| delivery_upkeep::prune_deliveries(&self.store, before, BATCH)).await?;
            repeat(|| delivery_upkeep::prune_events(&self.store, before, BATCH)).await?;
        }
        Ok(())
    }
}

/// Does a piece of work until nothing is left, or enough is done for one round.
async fn repeat<F: Future<Output = store::Result<u64>>>(
    piece: impl Fn() -> F,
) -> store::Result<()> {
    repeat_at_most(BATCHES, piece).await
}

async fn repeat_at_most<F: Future<Output = store::Result<u64>>>(
    times: u32,
    piece: impl Fn() -> F,
) -> store::Result<()> {
    for _ in 0..times {
        if piece().await? < BATCH.unsigned_abs() {
            break;
        }
    }
    Ok(())
}
