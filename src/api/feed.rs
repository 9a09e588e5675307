//! What streams of events share in one server: one ear for commits, a count of them, and their end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::config;
use crate::model::AccountId;
use crate::store::Store;
use crate::store::signals::Signal;

/// Wakes that a stream may leave unheard before it is told only that there were some.
const UNHEARD: usize = 256;

/// How long those who are connected have to take their leave at the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// Lets streams be opened, wakes them, and ends them with the server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    config: config::Feed,
    wakes: broadcast::Sender<Wake>,
    open: Mutex<HashMap<AccountId, usize>>,
    ending: CancellationToken,
    tasks: TaskTracker,
}

/// Something was committed in an account, or something is told that is kept nowhere.
#[derive(Debug, Clone, Copy)]
struct Wake {
    account: AccountId,
    signal: Option<Signal>,
}

/// One stream's place. Dropping it makes room for another.
#[derive(Debug)]
pub struct Subscription {
    feed: Feed,
    ear: Ear,
}

/// Hears what concerns one account.
#[derive(Debug)]
pub struct Ear {
    account: AccountId,
    wakes: broadcast::Receiver<Wake>,
    poll: Interval,
    ending: CancellationToken,
}

/// What an ear heard since it was last asked.
#[derive(Debug, Default)]
pub struct Heard {
    /// There may be new events.
    pub news: bool,
    /// Nobody said so, but it is time to look.
    pub polled: bool,
    /// What is kept nowhere.
    pub signals: Vec<Signal>,
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
            tasks: TaskTracker::new(),
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
        drop(open);
        Some(Subscription {
            feed: self.clone(),
            ear: self.ear(account),
        })
    }

    /// Hears of an account from now on.
    pub fn ear(&self, account: AccountId) -> Ear {
        let poll = self.0.config.poll;
        let mut poll = tokio::time::interval_at(tokio::time::Instant::now() + poll, poll);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ear {
            account,
            wakes: self.0.wakes.subscribe(),
            poll,
            ending: self.0.ending.clone(),
        }
    }

    /// Cancelled when the server ends.
    pub fn ending(&self) -> &CancellationToken {
        &self.0.ending
    }

    /// What lasts longer than a request and ends with the server, which waits for it.
    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Listens for commits and wakes the streams they concern until `shutdown`, which ends all streams. While it cannot
    /// listen, the streams find new events by polling.
    pub async fn run(&self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.listen()).await;
        self.0.ending.cancel();
        self.0.tasks.close();
        let gone = tokio::time::timeout(FAREWELL, self.0.tasks.wait()).await;
        if gone.is_err() {
            warn!("cut streams that did not end");
        }
    }

    async fn listen(&self) {
        loop {
            match self.0.store.listen_for_events().await {
                Ok(mut listener) => {
                    while let Ok(heard) = listener.recv().await {
                        if let Some(wake) = Wake::read(heard.payload()) {
                            // Nobody may be there to hear it.
                            let _ = self.0.wakes.send(wake);
                        }
                    }
                }
                Err(error) => tracing::debug!(%error, "cannot listen for events"),
            }
            tokio::time::sleep(self.0.config.poll).await;
        }
    }
}

impl Wake {
    /// An account's number, and a signal if there is one.
    fn read(payload: &str) -> Option<Self> {
        let (account, signal) = match payload.split_once(' ') {
            Some((account, signal)) => (account, Some(Signal::parse(signal)?)),
            None => (payload, None),
        };
        Some(Self {
            account: AccountId(account.parse().ok()?),
            signal,
        })
    }
}

impl Ear {
    /// Waits until there is something to hear; `None` when the server ends.
    pub async fn hear(&mut self) -> Option<Heard> {
        let mut heard = Heard::default();
        loop {
            let wake = tokio::select! {
                () = self.ending.cancelled() => return None,
                _ = self.poll.tick() => {
                    heard.polled = true;
                    break;
                }
                wake = self.wakes.recv() => wake.map_err(drop),
            };
            if heard.add(wake, self.account) {
                break;
            }
        }
        // Whatever else came meanwhile is answered by the same look.
        loop {
            use broadcast::error::TryRecvError::{Closed, Empty, Lagged};
            let wake = match self.wakes.try_recv() {
                Ok(wake) => Ok(wake),
                Err(Lagged(_)) => Err(()),
                Err(Empty | Closed) => return Some(heard),
            };
            heard.add(wake, self.account);
        }
    }

    /// Whether the server ends.
    pub fn is_ending(&self) -> bool {
        self.ending.is_cancelled()
    }
}

impl Heard {
    /// Takes in what came, or that something was missed; whether it concerns the account.
    fn add(&mut self, wake: Result<Wake, ()>, account: AccountId) -> bool {
        match wake {
            Ok(wake) if wake.account != account => return false,
            Ok(Wake {
                signal: Some(signal),
                ..
            }) => self.signals.push(signal),
            Ok(Wake { signal: None, .. }) | Err(()) => self.news = true,
        }
        true
    }
}

impl Subscription {
    /// Returns when there may be something new; false when the server ends.
    pub async fn wait(&mut self) -> bool {
        loop {
            match self.ear.hear().await {
                None => return false,
                Some(heard) if heard.news || heard.polled => return true,
                Some(_) => {}
            }
        }
    }

    /// Whether the server ends.
    pub fn is_ending(&self) -> bool {
        self.ear.is_ending()
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
        if let Some(count) = open.get_mut(&self.ear.account) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.ear.account);
            }
        }
    }
}
