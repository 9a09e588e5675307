//! Which events of an account are new. An id may come to light after a larger one, since it is given out before its
//! transaction commits; so each look goes back in the ids for as long as a transaction may take.

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{AccountId, EventId};
use crate::store::{self, Store, recent_events};

/// How far back a look goes that a commit asked for.
const NEAR: TimeDelta = TimeDelta::seconds(10);

/// How far back a look goes from time to time.
const FAR: TimeDelta = TimeDelta::seconds(60);

/// The most ids that one look takes in.
const MOST: i64 = 10_000;

/// Ids that count as told when a room opens.
const BEFORE: i64 = 1000;

/// What was told of an account's events.
#[derive(Debug)]
pub(super) struct Recent {
    account: AccountId,
    told: BTreeSet<i64>,
    /// Which was the newest id at which time, oldest first.
    newest: VecDeque<(DateTime<Utc>, i64)>,
}

impl Recent {
    /// What is there already is not told.
    pub(super) async fn begin(
        store: &Store,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> store::Result<Self> {
        let ids = recent_events::list_ids_after(store, account, EventId(0), BEFORE).await?;
        let is_cut = i64::try_from(ids.len()) == Ok(BEFORE);
        let oldest = ids.last().filter(|_| is_cut).map_or(0, |id| id.0 - 1);
        Ok(Self {
            account,
            told: ids.into_iter().map(|id| id.0).collect(),
            newest: VecDeque::from([(now, oldest)]),
        })
    }

    /// Ids that were not told yet, oldest first. They are told now.
    pub(super) async fn look(
        &mut self,
        store: &Store,
        far: bool,
        now: DateTime<Utc>,
    ) -> store::Result<Vec<i64>> {
        let after = self.id_before(now - if far { FAR } else { NEAR });
        let found =
            recent_events::list_ids_after(store, self.account, EventId(after), MOST).await?;
        let mut new: Vec<i64> = found
            .into_iter()
            .map(|id| id.0)
            .filter(|id| self.told.insert(*id))
            .collect();
        new.reverse();
        self.note(now);
        Ok(new)
    }

    /// These are to be told again.
    pub(super) fn untell(&mut self, ids: &[i64]) {
        for id in ids {
            self.told.remove(id);
        }
    }

    /// An id that was the newest one at a moment before.
    fn id_before(&self, moment: DateTime<Utc>) -> i64 {
        let before = self.newest.iter().rev().find(|(at, _)| *at <= moment);
        before.or(self.newest.front()).map_or(0, |(_, id)| *id)
    }

    fn note(&mut self, now: DateTime<Utc>) {
        let newest = self.told.last().copied().unwrap_or_default();
        let is_due = |(at, _): &(DateTime<Utc>, i64)| now - *at >= TimeDelta::seconds(1);
        if self.newest.back().is_none_or(is_due) {
            self.newest.push_back((now, newest));
        }
        while self.newest.get(1).is_some_and(|(at, _)| *at <= now - FAR) {
            self.newest.pop_front();
        }
        let oldest = self.newest.front().map_or(0, |(_, id)| *id);
        self.told = self.told.split_off(&(oldest + 1));
    }
}
