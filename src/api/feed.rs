//! What streams of the change feed share in one server: one ear for commits, a count of them, and their end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::config;
use crate::model::AccountId;
use crate::store::Store;

/// Wakes that a stream may leave unheard before it is told only that there were some.
const UNHEARD: usize = 256;

/// Lets streams be opened, wakes them, and ends them with the server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    config: config::Feed,
    wakes: broadcast::Sender<AccountId>,
    open: Mutex<HashMap<AccountId, usize>>,
    ending: CancellationToken,
}

/// One stream's place. Dropping it makes room for another.
#[derive(Debug)]
pub struct Subscription {
    feed: Feed,
    account: AccountId,
    wakes: broadcast::Receiver<AccountId>,
}

impl Feed {
    /// For a server with this configuration.
    pub fn new(store: Store, config: config::Feed) -> Self {
        let (wakes, _) = broadcast::channel(UNHEARD);
        Self(Arc::new(Shared {
            store,
            config,
            wakes,
            open: Mutex::default(),
            ending: CancellationToken::new(),
        }))
    }

    /// How often a stream with nothing to tell says that it lives.
    pub fn heartbeat(&self) -> Duration {
        self.0.config.heartbeat
    }

    /// A place for one more stream of the account, if there is one.
    pub fn subscribe(&self, account: AccountId) -> Option<Subscription> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(account).or_default();
        if *count >= self.0.config.streams_per_account.get() {
            return None;
        }
        *count += 1;
        Some(Subscription {
            feed: self.clone(),
            account,
            wakes: self.0.wakes.subscribe(),
        })
    }

    /// Listens for commits and wakes the streams they concern until `shutdown`, which ends all streams. While it cannot
    /// listen, the streams find new events by polling.
    pub async fn run(&self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.listen()).await;
        self.0.ending.cancel();
    }

    async fn listen(&self) {
        loop {
            match self.0.store.listen_for_events().await {
                Ok(mut listener) => {
                    while let Ok(heard) = listener.recv().await {
                        if let Ok(account) = heard.payload().parse() {
                            // Nobody may be there to hear it.
                            let _ = self.0.wakes.send(AccountId(account));
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "cannot listen for events"),
            }
            tokio::time::sleep(self.0.config.poll).await;
        }
    }
}

impl Subscription {
    /// Returns when there may be something new; false when the server ends.
    pub async fn wait(&mut self) -> bool {
        let ending = self.feed.0.ending.clone();
        let poll = self.feed.0.config.poll;
        tokio::select! {
            () = ending.cancelled() => false,
            () = self.woken() => true,
            () = tokio::time::sleep(poll) => true,
        }
    }

    /// Whether the server ends.
    pub fn is_ending(&self) -> bool {
        self.feed.0.ending.is_cancelled()
    }

    async fn woken(&mut self) {
        loop {
            match self.wakes.recv().await {
                Ok(account) if account != self.account => {}
                Ok(_)
                | Err(
                    broadcast::error::RecvError::Lagged(_) | broadcast::error::RecvError::Closed,
                ) => {
                    return;
                }
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut open = self
            .feed
            .0
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.account);
            }
        }
    }
}
