//! Places for attempts under way, and who may take them.
//!
//! An endpoint has its share of all places, so however much is due to it, others find some. A number of places is kept
//! for first attempts to endpoints in good standing, so that neither retries nor endpoints that fail or hang can take
//! them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config;
use crate::model::{AccountId, EndpointId};
use crate::store::deliveries::{Claimed, Room};

type Endpoint = (AccountId, EndpointId);

/// A claim holds for this many time-outs at least where any are made ahead: a delivery may wait for one attempt at each of
/// its gates before its own.
const LEASE_TIMEOUTS: u32 = 5;

/// All places of one dispatcher.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    total: usize,
    reserved: usize,
    per_endpoint: usize,
    per_second: Option<usize>,
    /// Whether as many again are claimed ahead, so that a place that becomes free does not wait for the database.
    claims_ahead: bool,
    under_way: Arc<Semaphore>,
    common_under_way: Arc<Semaphore>,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    common: usize,
    endpoints: HashMap<Endpoint, Share>,
}

/// What one endpoint has.
#[derive(Debug, Default)]
struct Share {
    taken: usize,
    under_way: Option<Arc<Semaphore>>,
    /// The newest second in which an attempt began, and how many did.
    second: i64,
    begun: usize,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    endpoint: Endpoint,
    common: bool,
    /// What an attempt needs before it begins, from the narrowest on.
    gates: Vec<Arc<Semaphore>>,
}

impl Slots {
    pub(super) fn new(config: &config::Webhook) -> Self {
        let (total, reserved) = (config.in_flight.get(), config.in_flight_reserved);
        Self {
            total,
            reserved,
            per_endpoint: config.in_flight_per_endpoint.get(),
            claims_ahead: false,
            under_way: Arc::new(Semaphore::new(total)),
            common_under_way: Arc::new(Semaphore::new(total - reserved)),
            per_second: usize::try_from(config.endpoint_per_second)
                .ok()
                .filter(|rate| *rate > 0),
            taken: Arc::default(),
        }
    }

    /// Places for a dispatcher that claims ahead of its attempts, if a lease is long enough for a delivery that waits.
    pub(super) fn claimed_ahead(config: &config::Webhook) -> Self {
        Self {
            claims_ahead: config.lease >= config.timeout * LEASE_TIMEOUTS,
            ..Self::new(config)
        }
    }

    /// So many, and what is claimed ahead of them.
    fn with_ahead(&self, places: usize) -> usize {
        if self.claims_ahead {
            2 * places
        } else {
            places
        }
    }

    /// What may be claimed now.
    pub(super) fn room(&self, now: DateTime<Utc>) -> Room {
        let mut taken = self.lock();
        let second = now.timestamp();
        taken
            .endpoints
            .retain(|_, share| share.taken > 0 || share.second == second);
        let left = |share: &Share| {
            let places = self.with_ahead(self.per_endpoint);
            let places = places.saturating_sub(share.taken);
            let begun = if share.second == second {
                share.begun
            } else {
                0
            };
            self.per_second
                .map_or(places, |rate| places.min(rate.saturating_sub(begun)))
        };
        let total = self.with_ahead(self.total).saturating_sub(taken.total);
        let common = self.with_ahead(self.total - self.reserved);
        let common = common.saturating_sub(taken.common);
        Room {
            total,
            common: common.min(total),
            per_endpoint: left(&Share::default()),
            endpoints: taken
                .endpoints
                .iter()
                .map(|((account, endpoint), share)| (*account, *endpoint, left(share)))
                .collect(),
        }
    }

    /// A place for a delivery that was claimed within the room.
    pub(super) fn take(&self, claimed: &Claimed, now: DateTime<Utc>) -> Place {
        let endpoint = (claimed.account, claimed.endpoint);
        self.take_for(endpoint, claimed.is_common(), now)
    }

    fn take_for(&self, endpoint: Endpoint, common: bool, now: DateTime<Utc>) -> Place {
        let mut taken = self.lock();
        taken.total += 1;
        taken.common += usize::from(common);
        let share = taken.endpoints.entry(endpoint).or_default();
        share.taken += 1;
        if share.second != now.timestamp() {
            share.second = now.timestamp();
            share.begun = 0;
        }
        share.begun += 1;
        let of_endpoint = share
            .under_way
            .get_or_insert_with(|| Arc::new(Semaphore::new(self.per_endpoint)));
        let mut gates = vec![Arc::clone(of_endpoint)];
        if common {
            gates.push(Arc::clone(&self.common_under_way));
        }
        gates.push(Arc::clone(&self.under_way));
        Place {
            taken: Arc::clone(&self.taken),
            endpoint,
            common,
            gates,
        }
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.lock().total
    }

    /// How many attempts have begun and not ended.
    pub(super) fn under_way(&self) -> usize {
        self.total - self.under_way.available_permits()
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until its attempt may begin. It is under way until this is dropped.
    pub(super) async fn begin(&self) -> Vec<OwnedSemaphorePermit> {
        let mut permits = Vec::with_capacity(self.gates.len());
        for gate in &self.gates {
            let permit = Arc::clone(gate).acquire_owned().await;
            permits.push(permit.expect("no gate is ever closed"));
        }
        permits
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        taken.common -= usize::from(self.common);
        if let Some(share) = taken.endpoints.get_mut(&self.endpoint) {
            share.taken -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const ONE: Endpoint = (AccountId(1), EndpointId(1));
    const TWO: Endpoint = (AccountId(1), EndpointId(2));

    fn slots(toml: &str) -> Slots {
        let toml = format!(
            "[webhook]\nin_flight = 10\nin_flight_per_endpoint = 4\nin_flight_reserved = 3\n{toml}"
        );
        Slots::new(&config::Config::from_toml(&toml).unwrap().webhook)
    }

    #[test]
    fn an_endpoint_has_its_share_and_retries_leave_the_reserved_places() {
        let (slots, now) = (slots(""), DateTime::UNIX_EPOCH);
        assert_eq!(slots.room(now).total, 10);
        assert_eq!(slots.room(now).common, 7);

        let mut places: Vec<_> = (0..4).map(|_| slots.take_for(ONE, true, now)).collect();
        places.extend((0..3).map(|_| slots.take_for(TWO, true, now)));
        let mut room = slots.room(now);
        room.endpoints.sort();
        let expected = Room {
            total: 3,
            common: 0,
            per_endpoint: 4,
            endpoints: vec![(ONE.0, ONE.1, 0), (TWO.0, TWO.1, 1)],
        };
        assert_eq!(room, expected);

        places.clear();
        let room = slots.room(now + TimeDelta::seconds(1));
        assert_eq!((room.total, room.common), (10, 7));
        assert_eq!(room.endpoints, []);
        assert_eq!(slots.taken(), 0);
    }

    #[tokio::test]
    async fn what_is_claimed_ahead_waits_for_its_turn() {
        let toml = "[webhook]\nin_flight = 3\nin_flight_per_endpoint = 2\nin_flight_reserved = 1";
        let config = config::Config::from_toml(toml).unwrap().webhook;
        let (slots, now) = (Slots::claimed_ahead(&config), DateTime::UNIX_EPOCH);
        let room = slots.room(now);
        assert_eq!((room.total, room.per_endpoint), (6, 4));

        let places: Vec<_> = (0..3).map(|_| slots.take_for(ONE, false, now)).collect();
        let begun = (places[0].begin().await, places[1].begin().await);
        assert_eq!((slots.under_way(), slots.taken()), (2, 3));
        let third = places[2].begin();
        tokio::pin!(third);
        assert!(futures_util::poll!(&mut third).is_pending());
        drop(begun);
        third.await;
    }

    #[test]
    fn first_attempts_may_take_every_place() {
        let (slots, now) = (slots(""), DateTime::UNIX_EPOCH);
        let _places: Vec<_> = (0..8)
            .map(|id| slots.take_for((AccountId(1), EndpointId(id)), false, now))
            .collect();
        let room = slots.room(now);
        assert_eq!((room.total, room.common), (2, 2));
    }

    #[test]
    fn a_rate_is_a_number_a_second_whether_attempts_end_or_not() {
        let (slots, now) = (slots("endpoint_per_second = 2"), DateTime::UNIX_EPOCH);
        assert_eq!(slots.room(now).per_endpoint, 2);
        drop(slots.take_for(ONE, false, now));
        drop(slots.take_for(ONE, false, now));
        assert_eq!(slots.room(now).endpoints, [(ONE.0, ONE.1, 0)]);
        assert_eq!(slots.room(now + TimeDelta::seconds(1)).endpoints, []);
    }
}
