//! Messages at a steady rate, and how long after its commit each arrives.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::super::{Score, Work};
use super::place::Place;
use crate::bench::stage::Stage;
use crate::clock::{Clock, SystemClock};
use crate::model::{ConversationId, MessageKind};
use crate::store::messages::{self, From, NewMessage};

/// Conversations that take turns, so that a delivery seldom waits for the one before it.
const CONVERSATIONS: usize = 200;
/// What is due to a receiver beside that hangs.
const HANGING: i64 = 10_000;

pub(super) struct Steady {
    place: Place,
    conversations: Vec<ConversationId>,
    pause: Duration,
    beside: Option<Place>,
}

impl Steady {
    pub(super) async fn new(place: Place, per_second: u32, stage: &Stage) -> anyhow::Result<Self> {
        let mut conversations = Vec::new();
        for _ in 0..CONVERSATIONS {
            conversations.push(place.converse(stage).await?);
        }
        Ok(Self {
            place,
            conversations,
            pause: Duration::from_secs(1) / per_second,
            beside: None,
        })
    }

    /// While much is due to this place.
    pub(super) fn beside(self, place: Place) -> Self {
        Self {
            beside: Some(place),
            ..self
        }
    }

    async fn load(&mut self) -> anyhow::Result<()> {
        if let Some(beside) = &self.beside {
            beside.clear().await?;
            beside.load(HANGING).await?;
            beside.turn(true).await?;
        }
        self.place.turn(true).await?;
        self.place.take();
        Ok(())
    }

    async fn work(&mut self, length: Duration) -> anyhow::Result<Score> {
        let began = Instant::now();
        let committed = self.post(length).await?;
        self.place.receiver.wait_for(committed.len()).await;
        let elapsed = began.elapsed();
        self.place.wait_until_recorded().await?;
        if let Some(beside) = &self.beside {
            beside.turn(false).await?;
        }
        let latencies = self.latencies(&committed).await?;
        Ok(Score {
            operations: u64::try_from(latencies.len())?,
            elapsed,
            latencies,
            ..Score::default()
        })
    }

    /// Posts messages and notes when each was committed.
    async fn post(&self, length: Duration) -> anyhow::Result<HashMap<i64, Instant>> {
        let (mut posting, mut committed) = (JoinSet::new(), HashMap::new());
        let mut ticks = interval(self.pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let began = Instant::now();
        for conversation in self.conversations.iter().copied().cycle() {
            ticks.tick().await;
            if began.elapsed() > length {
                break;
            }
            let (store, account) = (self.place.store.clone(), self.place.account);
            posting.spawn(async move {
                let new = NewMessage::text(MessageKind::Incoming, From::Contact, "Hello?");
                let now = SystemClock.now();
                let posted = messages::post(&store, account, conversation, new, None, now).await;
                posted.map(|message| (message.id.0, Instant::now()))
            });
            while let Some(posted) = posting.try_join_next() {
                committed.extend([posted??]);
            }
        }
        while let Some(posted) = posting.join_next().await {
            committed.extend([posted??]);
        }
        Ok(committed)
    }

    /// From the commit to the first byte. What came before the commit was noticed here took no time.
    async fn latencies(
        &mut self,
        committed: &HashMap<i64, Instant>,
    ) -> anyhow::Result<Vec<Duration>> {
        let ids: Vec<i64> = committed.keys().copied().collect();
        let deliveries: Vec<(Uuid, i64)> = sqlx::query_as(
            "select d.uuid, e.message_id from deliveries d
             join events e on e.account_id = d.account_id and e.id = d.event_id
             where d.account_id = $1 and d.endpoint_id = $2 and e.message_id = any ($3)",
        )
        .bind(self.place.account)
        .bind(self.place.endpoint)
        .bind(&ids)
        .fetch_all(&self.place.pool)
        .await?;
        let messages: HashMap<Uuid, i64> = deliveries.into_iter().collect();
        let mut latencies = Vec::new();
        for received in self.place.take() {
            let id = received.id.context("a request without an id")?;
            let message = messages.get(&id).context("a request of nobody's")?;
            let committed = committed.get(message).context("a message of nobody's")?;
            latencies.push(received.at.saturating_duration_since(*committed));
        }
        Ok(latencies)
    }
}

impl Work for Steady {
    fn lay_out(&mut self, _: Duration) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(self.load())
    }

    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(self.work(length))
    }

    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(self.place.verify())
    }
}
