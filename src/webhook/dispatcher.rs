//! Claims what is due, has it sent, records how it went.

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::attempt::attempt;
use super::slots::Slots;
use super::upkeep::Upkeep;
use crate::clock::Clock;
use crate::config;
use crate::outbound;
use crate::store::deliveries::{self, Attempted, Next};
use crate::store::{self, Store};

/// Sends due deliveries. Any number of them, in any number of servers, share the work.
#[derive(Clone)]
pub struct Dispatcher {
    store: Store,
    clock: Arc<dyn Clock>,
    client: outbound::Client,
    config: config::Webhook,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Deliveries that arrived.
    pub delivered: usize,
    /// Deliveries that will be tried again.
    pub postponed: usize,
    /// Deliveries that were given up.
    pub failed: usize,
}

impl Report {
    /// Whether nothing was due.
    pub fn is_idle(self) -> bool {
        self == Self::default()
    }
}

impl Dispatcher {
    /// A dispatcher over this store.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        client: outbound::Client,
        config: config::Webhook,
    ) -> Self {
        Self {
            store,
            clock,
            client,
            config,
        }
    }

    /// Attempts, side by side, what is due now, at most as much as may be in flight.
    pub async fn step(&self) -> store::Result<Report> {
        let mut attempts = JoinSet::new();
        self.begin(&Slots::new(&self.config), &mut attempts).await?;
        self.record(attempts.join_all().await).await
    }

    /// Does once what is done from time to time: removes what is old, cancels what can go nowhere.
    pub async fn tidy(&self) -> store::Result<()> {
        self.upkeep().whole_round().await
    }

    /// Works until told to stop, then finishes what is in flight.
    pub async fn run(&self, shutdown: CancellationToken) {
        let upkeep = self.upkeep();
        let send = Box::pin(self.send(&shutdown));
        let tidy = Box::pin(upkeep.run(shutdown.clone()));
        tokio::join!(send, tidy);
    }

    /// Attempts are a continuous set: a slow receiver holds its own place and no other.
    async fn send(&self, shutdown: &CancellationToken) {
        let slots = Slots::new(&self.config);
        let mut attempts = JoinSet::new();
        let mut wake = None;
        loop {
            if wake.is_none() {
                wake = self.store.listen_for_deliveries().await.ok();
            }
            while !shutdown.is_cancelled() && slots.room(self.clock.now()).total > 0 {
                match self.begin(&slots, &mut attempts).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "cannot claim deliveries");
                        break;
                    }
                }
            }
            let mut lost = false;
            tokio::select! {
                Some(first) = attempts.join_next() => self.record_with(first, &mut attempts).await,
                heard = hear(&mut wake) => lost = !heard,
                () = tokio::time::sleep(self.config.poll) => {}
                () = shutdown.cancelled() => break,
            }
            if lost {
                wake = None;
            }
        }
        while let Some(first) = attempts.join_next().await {
            self.record_with(first, &mut attempts).await;
        }
    }

    /// Claims what there is room for and begins to send it. Returns how much that is.
    async fn begin(
        &self,
        slots: &Slots,
        attempts: &mut JoinSet<Attempted>,
    ) -> store::Result<usize> {
        let now = self.clock.now();
        let room = slots.room(now);
        let claimed = deliveries::claim(&self.store, &room, self.config.lease, now).await?;
        let begun = claimed.len();
        for claimed in claimed {
            let place = slots.take(&claimed, now);
            let slots = slots.clone();
            let this = self.clone();
            attempts.spawn(async move {
                let attempted = attempt(&claimed, &this.client, &this.config, &*this.clock).await;
                observe(&attempted, &claimed);
                drop(place);
                in_flight(&slots);
                attempted
            });
        }
        in_flight(slots);
        Ok(begun)
    }

    /// Records one finished attempt and all that finished with it.
    async fn record_with(
        &self,
        first: Result<Attempted, JoinError>,
        attempts: &mut JoinSet<Attempted>,
    ) {
        let mut finished = vec![first];
        while let Some(more) = attempts.try_join_next() {
            finished.push(more);
        }
        // One that panicked is not recorded: its lease ends and it is tried again.
        let finished = finished.into_iter().filter_map(Result::ok).collect();
        if let Err(error) = self.record(finished).await {
            tracing::error!(error = %chain(&error), "cannot record attempts; they will be repeated");
        }
    }

    async fn record(&self, attempts: Vec<Attempted>) -> store::Result<Report> {
        let count = |wanted: fn(Next) -> bool| attempts.iter().filter(|a| wanted(a.next)).count();
        let report = Report {
            delivered: count(|next| next == Next::Delivered),
            postponed: count(|next| matches!(next, Next::Retry(_))),
            failed: count(|next| matches!(next, Next::Failed | Next::Gone)),
        };
        let disable_after = self.config.disable_after;
        let recorded =
            deliveries::finish(&self.store, attempts, disable_after, self.clock.now()).await?;
        metrics::counter!("quartet_delivery_attempts_late_total")
            .increment(u64::try_from(recorded.late).unwrap_or(u64::MAX));
        for disabled in recorded.disabled {
            tracing::warn!(
                account.id = disabled.account.0,
                endpoint.id = disabled.endpoint.0,
                reason = disabled.reason.as_str(),
                "an endpoint is sent nothing any more"
            );
        }
        Ok(report)
    }

    fn upkeep(&self) -> Upkeep {
        Upkeep::new(
            self.store.clone(),
            Arc::clone(&self.clock),
            self.config.clone(),
        )
    }
}

/// Counts and times an attempt.
fn observe(attempted: &Attempted, claimed: &deliveries::Claimed) {
    let class = attempted.error_class.unwrap_or("none");
    metrics::counter!("quartet_delivery_attempts_total", "error" => class).increment(1);
    metrics::histogram!("quartet_delivery_attempt_seconds").record(attempted.duration);
    if attempted.next == Next::Delivered {
        let waited = attempted.started_at - claimed.happened_at;
        metrics::histogram!("quartet_delivery_wait_seconds").record(waited.as_seconds_f64());
    }
}

fn in_flight(slots: &Slots) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are not 2^52 attempts under way"
    )]
    metrics::gauge!("quartet_deliveries_in_flight").set(slots.under_way() as f64);
}

/// Waits for word of due deliveries; false when the connection that brings it is lost.
async fn hear(wake: &mut Option<sqlx::postgres::PgListener>) -> bool {
    match wake {
        Some(listener) => listener.recv().await.is_ok(),
        None => std::future::pending().await,
    }
}

/// An error and its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
