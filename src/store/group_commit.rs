//! Group commit: what comes in while a transaction is being written goes together into the next one.
//!
//! Nobody waits for company: an idle server writes a message at once, alone. Under load a transaction carries many, and
//! what it costs to begin, to plan and to flush it is shared. A message is acknowledged after the commit, as ever.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tracing::warn;

use super::appends::{self, Append, Appended};
use super::{Error, Result, Store};

/// How many conversations one transaction writes at most.
const BATCH: usize = 64;

/// How many may wait. Whoever comes then is told to come back later.
const WAITING: usize = 4096;

/// What waits to be written.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    state: Arc<Mutex<State>>,
    /// How many transactions are written at once: one a core. With fewer, PostgreSQL waits for what is to come next; with
    /// more, each carries too little.
    writers: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waiting>,
    writers: usize,
}

#[derive(Debug)]
struct Waiting {
    append: Append,
    answer: oneshot::Sender<Result<Appended>>,
}

impl Queue {
    /// An empty one.
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            state: Arc::default(),
            writers: cores,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing here can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an append at the end; whether whoever does so is to start a writer.
    fn push(&self, waiting: Waiting) -> Result<bool> {
        let mut state = self.state();
        if state.waiting.len() >= WAITING {
            return Err(Error::Unavailable(sqlx::Error::PoolTimedOut));
        }
        state.waiting.push_back(waiting);
        let starts = state.writers < self.writers;
        state.writers += usize::from(starts);
        Ok(starts)
    }

    /// The next batch: the oldest, one of each conversation. With nothing to write, the writer is counted out at once:
    /// whoever comes next must know that nobody looks any more.
    fn take(&self) -> Option<Vec<Waiting>> {
        let mut state = self.state();
        let mut taken = HashSet::new();
        let mut batch = Vec::new();
        let mut left = VecDeque::new();
        while batch.len() < BATCH
            && let Some(waiting) = state.waiting.pop_front()
        {
            if taken.insert(waiting.append.key()) {
                batch.push(waiting);
            } else {
                left.push_back(waiting);
            }
        }
        left.append(&mut state.waiting);
        state.waiting = left;
        if batch.is_empty() {
            state.writers -= 1;
            return None;
        }
        Some(batch)
    }
}

/// A task that writes until nothing waits.
struct Writer {
    store: Store,
    /// Whether it was counted out.
    is_out: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Only a panic leaves it in.
        if !self.is_out {
            self.store.queue.state().writers -= 1;
        }
    }
}

impl Store {
    /// Appends messages to a conversation in a transaction that others may share.
    pub(super) async fn append(&self, append: Append) -> Result<Appended> {
        let (answer, outcome) = oneshot::channel();
        if self.queue.push(Waiting { append, answer })? {
            let writer = Writer {
                store: self.clone(),
                is_out: false,
            };
            self.writes.spawn(writer.run());
        }
        outcome
            .await
            .unwrap_or(Err(Error::Unavailable(sqlx::Error::WorkerCrashed)))
    }
}

impl Writer {
    async fn run(mut self) {
        while let Some(batch) = self.store.queue.take() {
            let (appends, answers): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.append, waiting.answer))
                .unzip();
            let outcomes = self.write(appends).await;
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // Whoever asked may have hung up; what was written stays.
                let _ = answer.send(outcome);
            }
        }
        self.is_out = true;
    }

    /// Writes a batch, or else each of it alone, so that one that cannot be stored fails alone.
    async fn write(&self, appends: Vec<Append>) -> Vec<Result<Appended>> {
        let error = match self.commit(&appends).await {
            Ok(outcomes) => return outcomes,
            Err(error) => error,
        };
        if appends.len() == 1 {
            return vec![Err(error)];
        }
        if !is_answer(&error) {
            let away = || Err(Error::Unavailable(sqlx::Error::WorkerCrashed));
            let others = appends.iter().skip(1).map(|_| away());
            return std::iter::once(Err(error)).chain(others).collect();
        }
        warn!(error = %error, count = appends.len(), "a group of writes was refused, each is tried alone");
        appends.iter().map(|_| Ok(Appended::Aside)).collect()
    }

    async fn commit(&self, appends: &[Append]) -> Result<Vec<Result<Appended>>> {
        let mut transaction = self.store.begin().await?;
        let outcomes = appends::write(&mut transaction, appends).await?;
        transaction.commit().await?;
        Ok(outcomes)
    }
}

/// Whether the database said it, so that nothing was written; without an answer a commit may have been.
fn is_answer(error: &Error) -> bool {
    match error {
        Error::Unavailable(cause) | Error::Database(cause) | Error::Unstorable(cause) => {
            cause.as_database_error().is_some()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::{AccountId, ConversationId};

    fn waiting(conversation: i64) -> Waiting {
        let append = Append {
            account: AccountId(1),
            conversation: ConversationId(conversation),
            turn: None,
            sayings: Vec::new(),
            now: DateTime::UNIX_EPOCH,
        };
        let (answer, _) = oneshot::channel();
        Waiting { append, answer }
    }

    fn taken(queue: &Queue) -> Option<Vec<i64>> {
        let batch = queue.take()?;
        let ids = batch.iter().map(|waiting| waiting.append.conversation.0);
        Some(ids.collect())
    }

    fn queue(writers: usize) -> Queue {
        Queue {
            state: Arc::default(),
            writers,
        }
    }

    #[test]
    fn a_group_has_each_conversation_once_and_the_rest_keeps_its_order() {
        let queue = queue(1);
        for conversation in [1, 2, 1, 3, 1, 2] {
            queue.push(waiting(conversation)).unwrap();
        }
        assert_eq!(taken(&queue), Some(vec![1, 2, 3]));
        assert_eq!(taken(&queue), Some(vec![1, 2]));
        assert_eq!(taken(&queue), Some(vec![1]));
        assert_eq!(taken(&queue), None);
    }

    #[test]
    fn whoever_comes_after_the_last_writer_looked_starts_another() {
        let queue = queue(1);
        assert!(queue.push(waiting(1)).unwrap());
        assert!(!queue.push(waiting(2)).unwrap());
        assert_eq!(taken(&queue), Some(vec![1, 2]));
        assert_eq!(taken(&queue), None);
        assert!(queue.push(waiting(3)).unwrap());
    }

    #[test]
    fn a_full_queue_asks_to_come_back() {
        let queue = queue(1);
        for _ in 0..WAITING {
            queue.push(waiting(1)).unwrap();
        }
        let refused = queue.push(waiting(2));
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
}
