//! Claims what is due, sends it, records how it went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use secrecy::ExposeSecret;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{payload, sign};
use crate::clock::Clock;
use crate::config;
use crate::model::EndpointKind;
use crate::outbound::{
    self,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use crate::store::deliveries::{self, Attempted, Claimed, Next};
use crate::store::{self, Store};

/// How much of a receiver's answer is kept.
const RESPONSE_HEAD_BYTES: usize = 4096;

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
        let claimed = self.claim(self.config.in_flight.get()).await?;
        let mut attempts = JoinSet::new();
        for claimed in claimed {
            let this = self.clone();
            attempts.spawn(async move { this.attempt(claimed).await });
        }
        self.record(attempts.join_all().await).await
    }

    /// Works until told to stop, then finishes what is in flight.
    ///
    /// Attempts are a continuous set: a slow receiver holds its own place and no other.
    pub async fn run(&self, shutdown: CancellationToken) {
        let in_flight = self.config.in_flight.get();
        let mut attempts = JoinSet::new();
        let mut wake = self.store.listen_for_deliveries().await.ok();
        loop {
            let free = in_flight - attempts.len();
            if free > 0 && !shutdown.is_cancelled() {
                match self.claim(free).await {
                    Ok(claimed) => {
                        for claimed in claimed {
                            let this = self.clone();
                            attempts.spawn(async move { this.attempt(claimed).await });
                        }
                    }
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "cannot claim deliveries")
                    }
                }
            }
            if wake.is_none() {
                wake = self.store.listen_for_deliveries().await.ok();
            }
            let mut lost = false;
            tokio::select! {
                Some(first) = attempts.join_next() => self.record_with(first, &mut attempts).await,
                heard = hear(&mut wake), if free > 0 => lost = !heard,
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

    async fn claim(&self, free: usize) -> store::Result<Vec<Claimed>> {
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        deliveries::claim(&self.store, limit, self.config.lease, self.clock.now()).await
    }

    /// Records one finished attempt and all that finished with it.
    async fn record_with(
        &self,
        first: Result<Attempted, tokio::task::JoinError>,
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
            failed: count(|next| next == Next::Failed),
        };
        for attempt in &attempts {
            let class = attempt.error_class.unwrap_or("none");
            metrics::counter!("quartet_delivery_attempts_total", "error" => class).increment(1);
        }
        deliveries::finish(&self.store, attempts, self.clock.now()).await?;
        Ok(report)
    }

    async fn attempt(&self, claimed: Claimed) -> Attempted {
        let started_at = self.clock.now();
        let began = Instant::now();
        let outcome = self.send(&claimed, started_at).await;
        let (status, error_class, response_head) = match &outcome {
            Ok(response) => {
                let class = (!(200..300).contains(&response.status)).then_some("status");
                (Some(response.status), class, head(&response.body_head))
            }
            Err(failure) => (None, Some(failure.class()), failure.to_string()),
        };
        let next = match error_class {
            None => Next::Delivered,
            Some(_) => self.next_try(claimed.attempt, self.clock.now()),
        };
        Attempted {
            account: claimed.account,
            id: claimed.id,
            attempt: claimed.attempt,
            started_at,
            duration: began.elapsed(),
            status,
            error_class,
            response_head,
            next,
        }
    }

    async fn send(
        &self,
        claimed: &Claimed,
        at: DateTime<Utc>,
    ) -> Result<outbound::Response, Failure> {
        let secret = claimed
            .secret
            .as_ref()
            .ok_or(Failure::Secret)?
            .expose_secret();
        let url =
            outbound::check_url(&claimed.url).map_err(|fault| Failure::Outbound(fault.into()))?;
        let body = payload::render(claimed).map_err(|_| Failure::Snapshot)?;
        let headers = headers(claimed, secret, at, &body).ok_or(Failure::Secret)?;
        let timeout = Some(self.config.timeout);
        let request = outbound::Request {
            url,
            headers,
            body: Bytes::from(body),
            timeout,
            max_response_bytes: None,
        };
        self.client.post(request).await.map_err(Failure::Outbound)
    }

    /// The schedule's pause after this attempt, varied so that what failed together does not come back together.
    fn next_try(&self, attempt: i64, now: DateTime<Utc>) -> Next {
        let pause = usize::try_from(attempt - 1)
            .ok()
            .and_then(|index| self.config.retry_schedule.get(index));
        match pause {
            Some(pause) => Next::Retry(now + jittered(*pause, self.config.jitter_percent)),
            None => Next::Failed,
        }
    }
}

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the signing secret cannot be opened with this server's key")]
    Secret,
    #[error("the event cannot be told to this kind of endpoint")]
    Snapshot,
    #[error(transparent)]
    Outbound(outbound::Error),
}

impl Failure {
    fn class(&self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Snapshot => "snapshot",
            Self::Outbound(error) => error.class(),
        }
    }
}

fn headers(claimed: &Claimed, secret: &str, at: DateTime<Utc>, body: &[u8]) -> Option<HeaderMap> {
    let id = claimed.uuid.to_string();
    let mut headers = outbound::sign::standard(secret, &id, at, body)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if claimed.endpoint != EndpointKind::Callback {
        headers.insert("x-chatwoot-delivery", id.parse().ok()?);
        headers.insert("x-chatwoot-timestamp", at.timestamp().into());
        headers.insert(
            "x-chatwoot-signature",
            sign::chatlake(secret, at, body).parse().ok()?,
        );
    }
    Some(headers)
}

fn jittered(pause: Duration, percent: u8) -> TimeDelta {
    let spread = f64::from(percent) / 100.0;
    let factor = 1.0 + spread * (rand::random::<f64>() * 2.0 - 1.0);
    TimeDelta::from_std(pause.mul_f64(factor)).unwrap_or(TimeDelta::MAX)
}

/// The beginning of an answer, as text.
fn head(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(RESPONSE_HEAD_BYTES)]).into_owned()
}

/// Waits for word of due deliveries; false when the connection that brings it is lost.
async fn hear(wake: &mut Option<sqlx::postgres::PgListener>) -> bool {
    match wake {
        Some(listener) => listener.recv().await.is_ok(),
        None => std::future::pending().await,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
