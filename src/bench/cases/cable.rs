//! A message, and how long after it was posted the last of many websocket clients has it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::super::crowd::Place;
use super::super::http::find;
use super::super::stage::Stage;
use super::super::websocket::Websocket;
use super::messages::filled;
use super::{Case, Goal, Line, Score, Work};
use crate::clock::{Clock, SystemClock};
use crate::model::{ConversationId, MessageKind, UserId};
use crate::store::messages::{self, From, NewMessage};
use crate::store::{Store, users};

/// How many listen.
const LISTENERS: usize = 1000;
/// Between two messages.
const PAUSE: Duration = Duration::from_millis(200);
/// Until the last must have come.
const AT_MOST: Duration = Duration::from_secs(10);
/// How a frame that tells of a message says so.
const TOLD: &[u8] = b"\"event\":\"message.created\"";
/// What every message here begins with; its number follows.
const HEARD: &str = "Heard number ";

pub(super) async fn prepare(stage: &Stage) -> anyhow::Result<Case> {
    let server = stage.serve("").await?;
    let place = filled(stage, "Listeners", None).await?;
    let token = users::get_pubsub_token(&stage.store, None, UserId(place.agent.0)).await?;
    let identifier = json!({
        "channel": "RoomChannel", "pubsub_token": token, "account_id": place.account.0, "user_id": place.agent.0
    });
    let subscribe = json!({"command": "subscribe", "identifier": identifier.to_string()});
    let (heard, hears) = mpsc::unbounded_channel();
    let mut listeners = JoinSet::new();
    for _ in 0..LISTENERS {
        let mut client = Websocket::open(server.address, "/cable").await?;
        client.send(subscribe.to_string().as_bytes()).await?;
        while find(client.next().await?, b"confirm_subscription").is_none() {}
        listeners.spawn(listen(client, heard.clone()));
    }
    stage.settle().await?;
    let listeners = Listeners {
        place,
        store: stage.store.clone(),
        hears,
        posted: 0,
        _listeners: listeners,
    };
    let name = format!("the last of {LISTENERS} clients has a message");
    let line = Line::new(name, listeners).goal(Goal::P99(Duration::from_millis(100)));
    Ok(Case {
        servers: vec![server],
        lines: vec![line],
    })
}

/// Says of every message that comes when it did.
async fn listen(mut client: Websocket, heard: mpsc::UnboundedSender<(u64, Instant)>) {
    while let Ok(frame) = client.next().await {
        let at = Instant::now();
        if find(frame, TOLD).is_some()
            && let Some(number) = number(frame)
            && heard.send((number, at)).is_err()
        {
            return;
        }
    }
}

/// The number of the message that a frame tells of.
fn number(frame: &[u8]) -> Option<u64> {
    let digits = &frame[find(frame, HEARD.as_bytes())? + HEARD.len()..];
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

struct Listeners {
    place: Place,
    store: Store,
    hears: mpsc::UnboundedReceiver<(u64, Instant)>,
    posted: u64,
    _listeners: JoinSet<()>,
}

impl Listeners {
    /// Posts messages, one after the other, and waits until all listeners have each.
    async fn work(&mut self, length: Duration) -> anyhow::Result<Score> {
        let began = Instant::now();
        let mut latencies = Vec::new();
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while began.elapsed() < length {
            ticks.tick().await;
            latencies.push(timeout(AT_MOST, self.post()).await??);
        }
        Ok(Score {
            operations: u64::try_from(latencies.len())?,
            elapsed: began.elapsed(),
            latencies,
            ..Score::default()
        })
    }

    /// How long it takes from before the message is written until the last has it.
    async fn post(&mut self) -> anyhow::Result<Duration> {
        self.posted += 1;
        let conversation = ConversationId(1 + i64::try_from(self.posted % 500)?);
        let text = format!("{HEARD}{}.", self.posted);
        let new = NewMessage::text(MessageKind::Incoming, From::Contact, text);
        let (now, began) = (SystemClock.now(), Instant::now());
        messages::post(
            &self.store,
            self.place.account,
            conversation,
            new,
            None,
            now,
        )
        .await?;
        let mut last = began;
        for _ in 0..LISTENERS {
            let heard = self.hears.recv().await;
            let Some((number, at)) = heard else { break };
            ensure!(number == self.posted, "{number} came after {}", self.posted);
            last = last.max(at);
        }
        Ok(last.duration_since(began))
    }
}

impl Work for Listeners {
    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(self.work(length))
    }

    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            // Each round took one of each from every listener; what is left came twice.
            let mut twice: HashMap<u64, usize> = HashMap::new();
            while let Ok((number, _)) = self.hears.try_recv() {
                *twice.entry(number).or_default() += 1;
            }
            ensure!(twice.is_empty(), "messages came twice: {twice:?}");
            Ok(())
        })
    }
}
