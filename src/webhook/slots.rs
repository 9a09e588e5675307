//! Places for attempts under way, and who may take them.
//!
//! An endpoint has its share of all places, so however much is due to it, others find some. A number of places is kept
//! for first attempts to endpoints in good standing, so that neither retries nor endpoints that fail or hang can take
//! them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::config;
use crate::model::{AccountId, EndpointId};
use crate::store::deliveries::{Claimed, Room};

type Endpoint = (AccountId, EndpointId);

/// All places of one dispatcher.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    total: usize,
    reserved: usize,
    per_endpoint: usize,
    per_second: Option<usize>,
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
    under_way: usize,
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
}

impl Slots {
    pub(super) fn new(config: &config::Webhook) -> Self {
        Self {
            total: config.in_flight.get(),
            reserved: config.in_flight_reserved,
            per_endpoint: config.in_flight_per_endpoint.get(),
            per_second: usize::try_from(config.endpoint_per_second)
                .ok()
                .filter(|rate| *rate > 0),
            taken: Arc::default(),
        }
    }

    /// What may be claimed now.
    pub(super) fn room(&self, now: DateTime<Utc>) -> Room {
        let mut taken = self.lock();
        let second = now.timestamp();
        taken
            .endpoints
            .retain(|_, share| share.under_way > 0 || share.second == second);
        let left = |share: &Share| {
            let places = self.per_endpoint.saturating_sub(share.under_way);
            let begun = if share.second == second {
                share.begun
            } else {
                0
            };
            self.per_second
                .map_or(places, |rate| places.min(rate.saturating_sub(begun)))
        };
        let total = self.total.saturating_sub(taken.total);
        let common = (self.total - self.reserved).saturating_sub(taken.common);
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
        let common = claimed.attempt > 1 || claimed.failing;
        self.take_for(endpoint, common, now)
    }

    fn take_for(&self, endpoint: Endpoint, common: bool, now: DateTime<Utc>) -> Place {
        let mut taken = self.lock();
        taken.total += 1;
        taken.common += usize::from(common);
        let share = taken.endpoints.entry(endpoint).or_default();
        share.under_way += 1;
        if share.second != now.timestamp() {
            share.second = now.timestamp();
            share.begun = 0;
        }
        share.begun += 1;
        Place {
            taken: Arc::clone(&self.taken),
            endpoint,
            common,
        }
    }

    /// How many are taken.
    pub(super) fn under_way(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        taken.common -= usize::from(self.common);
        if let Some(share) = taken.endpoints.get_mut(&self.endpoint) {
            share.under_way -= 1;
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
        assert_eq!(slots.under_way(), 0);
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
