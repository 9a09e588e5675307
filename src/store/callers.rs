//! Whom keys speak for, remembered for a moment, so that not every request begins with a look into the database.
//!
//! Only a server that hears of it when credentials end remembers anybody. The write that ends some tells every server,
//! and each forgets all it knows; whoever was being looked up meanwhile is not remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};
use tracing::debug;

use super::{Result, Store};
use crate::model::Caller;

/// Where servers hear that credentials ended.
const CHANNEL: &str = "quartet_callers";

/// How long somebody is remembered at most: a server that hears nothing, and does not notice, is wrong for no longer.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// How many are remembered at most. One more, and all are forgotten: who is still there is found again.
const KEPT: usize = 4096;

/// How long to wait before listening again.
const PAUSE: Duration = Duration::from_secs(1);

/// The SHA-256 of a key.
type Digest = [u8; 32];

/// Who is remembered.
#[derive(Debug, Clone, Default)]
pub(super) struct Callers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Whether this server hears when credentials end.
    hears: bool,
    /// How often everything was forgotten.
    epoch: Epoch,
    known: HashMap<Digest, (Caller, Instant)>,
}

/// What somebody who is looked up was looked up in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Epoch(u64);

impl State {
    fn forget(&mut self) {
        self.epoch.0 += 1;
        self.known.clear();
    }
}

impl Callers {
    /// Who has a key; or when to say who was found for it.
    pub(super) fn recall(&self, key: &Digest, now: Instant) -> Result<Caller, Epoch> {
        let state = self.state();
        match state.known.get(key) {
            Some((caller, since)) if now.duration_since(*since) < KEPT_FOR => Ok(caller.clone()),
            _ => Err(state.epoch),
        }
    }

    /// Remembers who was found at a moment, unless credentials have ended since.
    pub(super) fn remember(&self, key: Digest, caller: &Caller, epoch: Epoch, found: Instant) {
        let mut state = self.state();
        if !state.hears || state.epoch != epoch {
            return;
        }
        if state.known.len() >= KEPT {
            state.known.clear();
        }
        state.known.insert(key, (caller.clone(), found));
    }

    /// Forgets all.
    fn forget(&self) {
        self.state().forget();
    }

    /// From now on this server hears when credentials end, or does not. What it knew is of a time when it may not have.
    fn set_hearing(&self, hears: bool) {
        let mut state = self.state();
        state.forget();
        state.hears = hears;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here can leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Listens for credentials that end, for as long as it is polled. Callers are remembered only while it can.
    pub async fn follow_credentials(&self) {
        loop {
            if let Err(error) = follow(&self.pool, &self.callers).await {
                debug!(%error, "cannot listen for credentials that end");
            }
            self.callers.set_hearing(false);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Like `write`, for what ends credentials, or may: every server forgets whom it knows.
    pub(super) async fn write_ending<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T>> + Send + 'static,
    {
        let outcome = self
            .write(move |conn| {
                Box::pin(async move {
                    let outcome = operation(conn).await?;
                    sqlx::query!("select pg_notify($1, '')", CHANNEL)
                        .fetch_one(conn)
                        .await?;
                    Ok(outcome)
                })
            })
            .await;
        // This server does not wait for word of its own doing. Whatever became of it: forgetting is always right.
        self.callers.forget();
        outcome
    }
}

/// Listens until the connection is lost. It is none of the pool's: it is held for good.
async fn follow(pool: &PgPool, callers: &Callers) -> Result<(), sqlx::Error> {
    let own = super::alone(pool);
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    callers.set_hearing(true);
    while listener.try_recv().await?.is_some() {
        callers.forget();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, AccountStatus, KeyId};

    const KEY: Digest = [1; 32];

    fn caller() -> Caller {
        Caller {
            account: AccountId(1),
            account_status: AccountStatus::Active,
            key: KeyId(1),
            scopes: Vec::new(),
            agent: None,
            bot: None,
        }
    }

    /// Callers of a server that hears, and a key that was looked up.
    fn known(now: Instant) -> Callers {
        let callers = Callers::default();
        callers.set_hearing(true);
        let epoch = callers.recall(&KEY, now).unwrap_err();
        callers.remember(KEY, &caller(), epoch, now);
        callers
    }

    #[test]
    fn somebody_is_remembered_for_half_a_minute() {
        let now = Instant::now();
        let callers = known(now);
        let last = now + KEPT_FOR - Duration::from_millis(1);
        assert_eq!(callers.recall(&KEY, last), Ok(caller()));
        assert!(callers.recall(&KEY, now + KEPT_FOR).is_err());
        assert!(callers.recall(&[2; 32], now).is_err());
    }

    #[test]
    fn a_server_that_hears_nothing_remembers_nobody() {
        let now = Instant::now();
        let callers = known(now);
        callers.set_hearing(false);
        let epoch = callers.recall(&KEY, now).unwrap_err();
        callers.remember(KEY, &caller(), epoch, now);
        assert!(callers.recall(&KEY, now).is_err());
    }

    #[test]
    fn whoever_was_looked_up_while_credentials_ended_is_not_remembered() {
        let now = Instant::now();
        let callers = known(now);
        callers.forget();
        let epoch = callers.recall(&KEY, now).unwrap_err();
        callers.forget();
        callers.remember(KEY, &caller(), epoch, now);
        assert!(callers.recall(&KEY, now).is_err());
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let now = Instant::now();
        let callers = known(now);
        for number in 0..KEPT {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            let epoch = callers.recall(&key, now).unwrap_err();
            callers.remember(key, &caller(), epoch, now);
        }
        assert!(callers.state().known.len() <= KEPT);
    }
}
