//! The yardstick: a loop that claims one delivery, sends it and records it, on the same tables and with the same client.

use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use sqlx::Row;
use url::Url;
use uuid::Uuid;

use super::super::{Score, Work};
use super::place::Place;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::outbound::{self, header::CONTENT_TYPE, header::HeaderValue};

/// More than a loop of this kind gets done in a second.
const LOADED_PER_SECOND: f64 = 3_000.0;
/// What signs; the receiver does not look.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(super) struct OneRow {
    place: Place,
    client: outbound::Client,
}

impl OneRow {
    /// Its endpoint is turned off, so that the server leaves what is due alone.
    pub(super) fn new(place: Place, settings: &str) -> anyhow::Result<Self> {
        let client = outbound::Client::new(&Config::from_toml(settings)?.outbound)?;
        Ok(Self { place, client })
    }

    async fn load(&mut self, length: Duration) -> anyhow::Result<()> {
        self.place.clear().await?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a round has fewer than 2^53 deliveries"
        )]
        let count = (LOADED_PER_SECOND * length.as_secs_f64()) as i64;
        self.place.load(count).await
    }

    async fn work(&mut self, length: Duration) -> anyhow::Result<Score> {
        let mut latencies = Vec::new();
        let began = Instant::now();
        while began.elapsed() < length {
            let started = Instant::now();
            self.deliver_one().await?;
            latencies.push(started.elapsed());
        }
        let elapsed = began.elapsed();
        self.place.take();
        Ok(Score {
            operations: u64::try_from(latencies.len())?,
            elapsed,
            latencies,
            ..Score::default()
        })
    }

    async fn deliver_one(&self) -> anyhow::Result<()> {
        let claimed = sqlx::query(
            "with one as (
                 select account_id, id from deliveries
                 where account_id = $1 and endpoint_id = $2 and state = 'due' and not parked and due_at <= now()
                   and (leased_until is null or leased_until <= now())
                 order by account_id, endpoint_id, due_at, id limit 1 for update skip locked)
             update deliveries d set attempt = d.attempt + 1, leased_until = now() + interval '60 seconds'
             from one, events e
             where d.account_id = one.account_id and d.id = one.id
               and e.account_id = d.account_id and e.id = d.event_id
             returning d.id, d.uuid, e.snapshot",
        )
        .bind(self.place.account)
        .bind(self.place.endpoint)
        .fetch_one(&self.place.pool)
        .await?;
        let (id, snapshot): (i64, Value) = (claimed.get(0), claimed.get(2));
        let status = self.send(claimed.get(1), &snapshot).await?;
        sqlx::query(
            "with done as (
                 update deliveries set state = 'delivered', finished_at = now()
                 where account_id = $1 and id = $2 and attempt = 1 and state = 'due' returning attempt)
             insert into attempts (account_id, delivery_id, number, started_at, duration_ms, status)
             select $1, $2, attempt, now(), 0, $3 from done",
        )
        .bind(self.place.account)
        .bind(id)
        .bind(status)
        .execute(&self.place.pool)
        .await?;
        Ok(())
    }

    async fn send(&self, id: Uuid, snapshot: &Value) -> anyhow::Result<i16> {
        let body = serde_json::to_vec(snapshot)?;
        let (id, at) = (id.to_string(), SystemClock.now());
        let headers = outbound::sign::standard(&[SECRET], &id, at, &body);
        let mut headers = headers.context("the delivery cannot be signed")?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = outbound::Request {
            url: Url::parse(&self.place.receiver.url())?,
            headers,
            body: Bytes::from(body),
            timeout: None,
            max_response_bytes: None,
        };
        let response = self.client.post(request).await?;
        Ok(i16::try_from(response.status)?)
    }
}

impl Work for OneRow {
    fn lay_out(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(self.load(length))
    }

    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(self.work(length))
    }

    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(self.place.verify())
    }
}
