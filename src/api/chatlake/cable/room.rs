//! Where an account's listeners sit, and the one who tells them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::ws::Utf8Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::hub::Hub;
use super::protocol;
use super::recent::Recent;
use super::tell::{self, Told};
use crate::api::feed::{Ear, Heard};
use crate::model::{AccountId, AgentId, ContactInboxId};
use crate::store::{self, audience, event_feed};

/// Commits tell of themselves for so long after the room said that it listens.
const WATCH: TimeDelta = TimeDelta::minutes(2);

/// Events that are made ready at once.
const BATCH: usize = 500;

/// Who sits somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Listener {
    Agent(AgentId),
    Contact(ContactInboxId),
}

/// Where what is told is put.
#[derive(Debug)]
pub(super) struct Seat {
    /// What stands before everything that this subscription is told.
    pub(super) prefix: String,
    pub(super) queue: mpsc::Sender<Utf8Bytes>,
    /// Cancelled when the queue is full.
    pub(super) cut: CancellationToken,
}

/// An account's listeners.
#[derive(Debug)]
pub(super) struct Room {
    account: AccountId,
    seats: Mutex<Seats>,
    opened: OnceCell<()>,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct Seats {
    taken: HashMap<Listener, Vec<(u64, Seat)>>,
    count: usize,
    last_number: u64,
}

/// The one who listens for the room.
struct Teller {
    hub: Hub,
    room: Arc<Room>,
    ear: Ear,
    recent: Recent,
    watched_until: DateTime<Utc>,
}

impl Room {
    pub(super) fn new(account: AccountId) -> Self {
        Self {
            account,
            seats: Mutex::default(),
            opened: OnceCell::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Takes a seat and gives its number; `None` if that would be one too many.
    pub(super) fn sit(&self, listener: Listener, seat: Seat, most: usize) -> Option<u64> {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if seats.count >= most {
            return None;
        }
        seats.count += 1;
        seats.last_number += 1;
        let number = seats.last_number;
        seats
            .taken
            .entry(listener)
            .or_default()
            .push((number, seat));
        Some(number)
    }

    /// Gives a seat back; whether it was the last one.
    pub(super) fn leave(&self, listener: Listener, number: u64) -> bool {
        let mut seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_listener) = seats.taken.get_mut(&listener) {
            of_listener.retain(|(taken, _)| *taken != number);
            if of_listener.is_empty() {
                seats.taken.remove(&listener);
            }
            seats.count -= 1;
        }
        seats.count == 0
    }

    pub(super) fn close(&self) {
        self.closed.cancel();
    }

    /// Returns once the room listens; the first who calls sees to it. The ear comes first, then the mark by which commits
    /// know that somebody listens, then what is there already: what commits after all three is heard.
    pub(super) async fn open(self: &Arc<Self>, hub: &Hub) -> store::Result<()> {
        let open = || async {
            let (account, now) = (self.account, hub.now());
            let ear = hub.feed().ear(account);
            let watched_until = now + WATCH;
            event_feed::watch(hub.store(), account, watched_until).await?;
            let teller = Teller {
                hub: hub.clone(),
                room: Arc::clone(self),
                ear,
                recent: Recent::begin(hub.store(), account, now).await?,
                watched_until,
            };
            hub.tasks().spawn(teller.run());
            Ok(())
        };
        self.opened.get_or_try_init(open).await.copied()
    }

    /// Who sits here.
    fn listeners(&self) -> (Vec<i64>, HashSet<ContactInboxId>) {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut agents, mut ways) = (Vec::new(), HashSet::new());
        for listener in seats.taken.keys() {
            match listener {
                Listener::Agent(id) => agents.push(id.0),
                Listener::Contact(way) => {
                    ways.insert(*way);
                }
            }
        }
        (agents, ways)
    }

    /// Puts what is told into the queues of those it is for. A frame is made once for all who subscribed with the same
    /// text.
    fn put(&self, told: &Told, is_for: impl Fn(Listener) -> bool) {
        let seats = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let mut frames: HashMap<&str, Utf8Bytes> = HashMap::new();
        let chosen = seats.taken.iter().filter(|(who, _)| is_for(**who));
        for (_, seat) in chosen.flat_map(|(_, seats)| seats) {
            let frame = frames
                .entry(&seat.prefix)
                .or_insert_with(|| protocol::told(&seat.prefix, &told.message));
            if let Err(mpsc::error::TrySendError::Full(_)) = seat.queue.try_send(frame.clone()) {
                metrics::counter!("quartet_cable_cut_total").increment(1);
                seat.cut.cancel();
            }
        }
    }
}

impl Teller {
    async fn run(mut self) {
        let closed = self.room.closed.clone();
        closed.run_until_cancelled(self.listen()).await;
    }

    async fn listen(&mut self) {
        while let Some(heard) = self.ear.hear().await {
            if let Err(error) = self.tell(heard).await {
                warn!(%error, "what happened cannot be told yet");
            }
        }
    }

    async fn tell(&mut self, heard: Heard) -> store::Result<()> {
        let now = self.hub.now();
        let (store, account) = (self.hub.store().clone(), self.room.account);
        if self.watched_until - now < WATCH / 2 {
            event_feed::watch(&store, account, now + WATCH).await?;
            self.watched_until = now + WATCH;
        }
        let new = if heard.news || heard.polled {
            self.recent.look(&store, heard.polled, now).await?
        } else {
            Vec::new()
        };
        for batch in new.chunks(BATCH) {
            match tell::of_events(&store, account, batch, now).await {
                Ok(told) => self.hand_out(&told).await?,
                Err(error) => {
                    let failed = new.iter().position(|id| Some(id) == batch.first());
                    self.recent.untell(&new[failed.unwrap_or_default()..]);
                    return Err(error);
                }
            }
        }
        let told = tell::of_signals(&store, account, &heard.signals, now).await?;
        self.hand_out(&told).await
    }

    async fn hand_out(&self, told: &[Told]) -> store::Result<()> {
        if told.is_empty() {
            return Ok(());
        }
        let (agents, ways) = self.room.listeners();
        let insiders = audience::insiders(self.hub.store(), self.room.account, &agents).await?;
        for told in told {
            let concerns_contacts = told.ways.iter().any(|way| ways.contains(way));
            if agents.is_empty() && !concerns_contacts {
                continue;
            }
            self.room.put(told, |listener| {
                let hears = match listener {
                    Listener::Agent(agent) if told.only.is_some_and(|only| only != agent) => false,
                    Listener::Agent(agent) => match told.inbox {
                        Some(inbox) => insiders.opens(inbox, agent),
                        None => insiders.includes(agent),
                    },
                    Listener::Contact(way) => told.ways.contains(&way),
                };
                hears && told.except != Some(listener)
            });
        }
        Ok(())
    }
}
