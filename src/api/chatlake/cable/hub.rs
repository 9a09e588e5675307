//! Every room of this server, and how many are connected to it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::room::{Listener, Room, Seat};
use crate::api::AppState;
use crate::api::feed::Feed;
use crate::clock::Clock;
use crate::config;
use crate::model::AccountId;
use crate::store::{self, Store};

/// Seats listeners, and knows where they sit. Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::api::chatlake) struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    feed: Feed,
    config: config::Cable,
    rooms: Mutex<HashMap<AccountId, Arc<Room>>>,
    connected: AtomicUsize,
}

/// One connection's place. Dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Place(Hub);

/// A seat that is taken. Dropping it leaves the room, and the last one closes it.
#[derive(Debug)]
pub(super) struct Taken {
    hub: Hub,
    account: AccountId,
    listener: Listener,
    number: u64,
}

/// Why somebody is not seated.
#[derive(Debug)]
pub(super) enum Unseated {
    Full,
    Failed(store::Error),
}

impl Hub {
    pub(in crate::api::chatlake) fn new(state: &AppState, config: config::Cable) -> Self {
        Self(Arc::new(Shared {
            store: state.store.clone(),
            clock: Arc::clone(&state.clock),
            feed: state.feed.clone(),
            config,
            rooms: Mutex::default(),
            connected: AtomicUsize::new(0),
        }))
    }

    pub(super) fn config(&self) -> &config::Cable {
        &self.0.config
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    pub(super) fn feed(&self) -> &Feed {
        &self.0.feed
    }

    pub(super) fn tasks(&self) -> &TaskTracker {
        self.0.feed.tasks()
    }

    pub(super) fn ending(&self) -> &CancellationToken {
        self.0.feed.ending()
    }

    /// A place for one more connection, if there is one.
    pub(super) fn place(&self) -> Option<Place> {
        let most = self.0.config.connections.get();
        let connected = &self.0.connected;
        let took = connected.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < most).then_some(count + 1)
        });
        let count = took.ok()? + 1;
        metrics::gauge!("quartet_cable_connections").set(count as f64);
        Some(Place(self.clone()))
    }

    /// Seats a listener. When it returns, whatever commits from now on is told.
    pub(super) async fn seat(
        &self,
        account: AccountId,
        listener: Listener,
        seat: Seat,
    ) -> Result<Taken, Unseated> {
        let most = self.0.config.connections_per_account.get();
        let (room, taken) = {
            let mut rooms = self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            let room = rooms
                .entry(account)
                .or_insert_with(|| Arc::new(Room::new(account)));
            let number = room.sit(listener, seat, most).ok_or(Unseated::Full)?;
            let taken = Taken {
                hub: self.clone(),
                account,
                listener,
                number,
            };
            (Arc::clone(room), taken)
        };
        room.open(self).await.map_err(Unseated::Failed)?;
        Ok(taken)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let count = self.0.0.connected.fetch_sub(1, Ordering::Relaxed) - 1;
        metrics::gauge!("quartet_cable_connections").set(count as f64);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let rooms = &self.hub.0.rooms;
        let mut rooms = rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&self.account)
            && room.leave(self.listener, self.number)
        {
            room.close();
            rooms.remove(&self.account);
        }
    }
}
