//! Everything is due at once, and goes out as fast as it can.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::super::{Score, Work};
use super::place::Place;

/// What the first round has to do, before it is known how much fits into one.
const FIRST: i64 = 5_000;

pub(super) struct Backlog {
    place: Place,
    /// Deliveries a second, as the round before had it.
    rate: Option<f64>,
    loaded: i64,
}

impl Backlog {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            rate: None,
            loaded: 0,
        }
    }

    async fn load(&mut self, length: Duration) -> anyhow::Result<()> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a round has fewer than 2^53 deliveries"
        )]
        let wanted = self
            .rate
            .map_or(FIRST, |rate| (rate * length.as_secs_f64()) as i64);
        self.place.turn(false).await?;
        self.loaded = wanted.max(1);
        self.place.load(self.loaded).await?;
        self.place.take();
        Ok(())
    }

    async fn drain(&mut self) -> anyhow::Result<Score> {
        let began = Instant::now();
        self.place.turn(true).await?;
        self.place
            .receiver
            .wait_for(usize::try_from(self.loaded)?)
            .await;
        self.place.wait_until_recorded().await?;
        let score = Score {
            operations: self.loaded.unsigned_abs(),
            elapsed: began.elapsed(),
            ..Score::default()
        };
        self.place.take();
        self.rate = Some(score.rate());
        Ok(score)
    }
}

impl Work for Backlog {
    fn lay_out(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(self.load(length))
    }

    fn round(&mut self, _: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(self.drain())
    }

    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(self.place.verify())
    }
}
