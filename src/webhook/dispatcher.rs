//! Claims what is due, has it sent, records how it went.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::attempt::attempt;
use super::pace::Pace;
use super::slots::Slots;
use super::upkeep::Upkeep;
use crate::clock::Clock;
use crate::config;
use crate::outbound;
use crate::store::deliveries::{self, Attempted, Claimed, Next, Room};
use crate::store::{self, Store};

/// Attempts that one transaction records.
const RECORDED_AT_ONCE: usize = 500;

/// How long at least there is between two claims, and between two records, that are made because of a single delivery:
/// what comes meanwhile goes with it. Each costs PostgreSQL about the same, whether it is about one or about many.
const BETWEEN: Duration = Duration::from_millis(4);

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
        let (done, mut finished) = mpsc::unbounded_channel();
        let slots = Slots::new(&self.config);
        let mut attempts = JoinSet::new();
        let room = slots.room(self.clock.now());
        for claimed in self.claim(&room).await? {
            self.begin(claimed, &slots, &done, &mut attempts);
        }
        attempts.join_all().await;
        drop(done);
        let mut attempted = Vec::new();
        while let Some(one) = finished.recv().await {
            attempted.push(one);
        }
        Ok(self.record(attempted).await?.0)
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

    /// Claims and records side by side, so that neither waits for the other's commit.
    async fn send(&self, shutdown: &CancellationToken) {
        let (done, finished) = mpsc::unbounded_channel();
        let freed = Notify::new();
        tokio::join!(
            self.claim_all(done, &freed, shutdown),
            self.record_all(finished, &freed)
        );
    }

    /// Attempts are a continuous set: a slow receiver holds its own place and no other.
    async fn claim_all(
        &self,
        done: mpsc::UnboundedSender<Attempted>,
        freed: &Notify,
        shutdown: &CancellationToken,
    ) {
        let slots = Slots::claimed_ahead(&self.config);
        let mut attempts = JoinSet::new();
        let (mut pace, mut wake) = (Pace::default(), None);
        let mut rested = Instant::now();
        loop {
            if wake.is_none() {
                wake = self.store.listen_for_deliveries().await.ok();
            }
            while !shutdown.is_cancelled() && pace.is_time(rested <= Instant::now()) {
                let room = slots.room(self.clock.now());
                let claimed = if room.total > 0 {
                    self.claim(&room).await
                } else {
                    Ok(Vec::new())
                };
                rested = Instant::now() + BETWEEN;
                match claimed {
                    Ok(claimed) => {
                        pace.claimed(&room, &claimed);
                        for claimed in claimed {
                            self.begin(claimed, &slots, &done, &mut attempts);
                        }
                        pace.waits_for(slots.taken());
                    }
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "cannot claim deliveries");
                        pace = Pace::resting();
                    }
                }
            }
            tokio::select! {
                Some(_) = attempts.join_next() => {
                    pace.ended();
                    while attempts.try_join_next().is_some() {
                        pace.ended();
                    }
                }
                heard = hear(&mut wake) => {
                    pace.hear();
                    if !heard {
                        wake = None;
                    }
                }
                () = freed.notified() => pace.hear(),
                () = tokio::time::sleep_until(rested), if pace.has_heard() => {}
                () = tokio::time::sleep(self.config.poll) => pace.hear(),
                () = shutdown.cancelled() => break,
            }
        }
        attempts.join_all().await;
    }

    /// Records what has ended, and all that ended while the one before was recorded.
    async fn record_all(&self, mut finished: mpsc::UnboundedReceiver<Attempted>, freed: &Notify) {
        let mut attempted = Vec::new();
        while finished.recv_many(&mut attempted, RECORDED_AT_ONCE).await > 0 {
            let rested = Instant::now() + BETWEEN;
            match self.record(std::mem::take(&mut attempted)).await {
                Ok((_, true)) => freed.notify_one(),
                Ok((_, false)) => {}
                Err(error) => {
                    tracing::error!(error = %chain(&error), "cannot record attempts; they will be repeated");
                }
            }
            if finished.len() < RECORDED_AT_ONCE {
                tokio::time::sleep_until(rested).await;
            }
        }
    }

    /// Claims what there is room for.
    async fn claim(&self, room: &Room) -> store::Result<Vec<Claimed>> {
        deliveries::claim(&self.store, room, self.config.lease, self.clock.now()).await
    }

    /// Sends a delivery as soon as it may be. One whose attempt panics is not recorded: its lease ends and it is tried
    /// again.
    fn begin(
        &self,
        claimed: Claimed,
        slots: &Slots,
        done: &mpsc::UnboundedSender<Attempted>,
        attempts: &mut JoinSet<()>,
    ) {
        let place = slots.take(&claimed, self.clock.now());
        let (this, slots, done) = (self.clone(), slots.clone(), done.clone());
        attempts.spawn(async move {
            let begun = place.begin().await;
            in_flight(&slots);
            let attempted = attempt(&claimed, &this.client, &this.config, &*this.clock).await;
            observe(&attempted, &claimed);
            drop(begun);
            in_flight(&slots);
            // Nobody listens when the dispatcher has been dropped, and then the lease ends.
            let _ = done.send(attempted);
        });
    }

    /// Records attempts. The second of the answer is whether something waited behind one of them.
    async fn record(&self, attempts: Vec<Attempted>) -> store::Result<(Report, bool)> {
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
        Ok((report, recorded.freed))
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
fn observe(attempted: &Attempted, claimed: &Claimed) {
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
        Some(listener) => {
            let heard = listener.recv().await.is_ok();
            // One look serves all that was said meanwhile.
            while heard && listener.next_buffered().is_some() {}
            heard
        }
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
