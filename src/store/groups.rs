//! Work done in groups: what comes in while some of it is being done goes together into the next group.
//!
//! Nobody waits for company: an idle server does each thing at once, alone. Under load a group is many, and what it costs
//! to ask the database, to plan and to flush is shared.

use std::collections::{HashSet, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::{Error, Result, Store};

/// How many go into one group at most, if nobody says.
const USUAL_SIZE: usize = 64;

/// How many may wait. Whoever comes then is told to come back later.
const WAITING: usize = 4096;

/// Something that can be done together with others of its kind.
pub(super) trait Job: Debug + Sized + Send + 'static {
    /// What no two in a group have in common.
    type Key: Eq + Hash;
    /// What becomes of it.
    type Outcome: Send + Debug;

    /// None of what may go with any other.
    fn key(&self) -> Option<Self::Key>;

    /// Does all of them. There is an outcome for each, in their order.
    fn run(
        store: &Store,
        jobs: Vec<Self>,
    ) -> impl Future<Output = Vec<Result<Self::Outcome>>> + Send;
}

/// What a group comes to that failed as a whole: the first is told why, the others that it was not done.
pub(super) fn failed<T>(error: Error, count: usize) -> Vec<Result<T>> {
    let others = (1..count).map(|_| Err(Error::Unavailable(sqlx::Error::WorkerCrashed)));
    std::iter::once(Err(error)).chain(others).collect()
}

/// What waits to be done.
#[derive(Debug)]
pub(super) struct Groups<J: Job> {
    state: Arc<Mutex<State<J>>>,
    /// How many groups are under way at most: one more than there are cores, as one of them waits for the disk, or for this
    /// server. With fewer, PostgreSQL waits for what is to come next; with more, each carries too little.
    workers: usize,
    /// How many go into one at most.
    size: usize,
}

#[derive(Debug)]
struct State<J: Job> {
    waiting: VecDeque<Waiting<J>>,
    workers: usize,
}

#[derive(Debug)]
struct Waiting<J: Job> {
    job: J,
    answer: oneshot::Sender<Result<J::Outcome>>,
}

impl<J: Job> Clone for Groups<J> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            ..*self
        }
    }
}

impl<J: Job> Groups<J> {
    /// With nothing to do.
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of(cores + 1)
    }

    /// The same, of at most so many each.
    pub(super) fn sized(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// Whether a group may be of more than one.
    pub(super) fn is_shared(&self) -> bool {
        self.size > 1
    }

    /// How many must wait for one more group to be begun beside those that are under way. Fewer do better to wait for the
    /// next: what a group costs by itself is more than what each in it adds.
    fn enough(&self) -> usize {
        (self.size * 5).div_ceil(16)
    }

    fn of(workers: usize) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            workers: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            workers,
            size: USUAL_SIZE,
        }
    }

    /// Has something done, in a group that others may share. It is done even if the caller goes away.
    pub(super) async fn join(&self, store: &Store, job: J) -> Result<J::Outcome> {
        let (answer, outcome) = oneshot::channel();
        if self.push(Waiting { job, answer })? {
            let worker = Worker {
                store: store.clone(),
                groups: self.clone(),
                is_out: false,
            };
            store.tasks.spawn(worker.run());
        }
        outcome
            .await
            .unwrap_or(Err(Error::Unavailable(sqlx::Error::WorkerCrashed)))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<J>> {
        // Nothing here can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a job at the end; whether whoever does so is to start a worker.
    fn push(&self, waiting: Waiting<J>) -> Result<bool> {
        let mut state = self.state();
        if state.waiting.len() >= WAITING {
            return Err(Error::Unavailable(sqlx::Error::PoolTimedOut));
        }
        state.waiting.push_back(waiting);
        let starts = state.workers == 0
            || state.workers < self.workers && state.waiting.len() >= self.enough();
        state.workers += usize::from(starts);
        Ok(starts)
    }

    /// The next group: the oldest, one of each key. With nothing to do, or too little for one more beside others, the
    /// worker is counted out at once: whoever comes next must know that nobody looks any more.
    fn take(&self) -> Option<Vec<Waiting<J>>> {
        let mut state = self.state();
        if state.workers > 1 && state.waiting.len() < self.enough() {
            state.workers -= 1;
            return None;
        }
        let mut taken = HashSet::new();
        let mut group = Vec::new();
        let mut left = VecDeque::new();
        while group.len() < self.size
            && let Some(waiting) = state.waiting.pop_front()
        {
            if waiting.job.key().is_none_or(|key| taken.insert(key)) {
                group.push(waiting);
            } else {
                left.push_back(waiting);
            }
        }
        left.append(&mut state.waiting);
        state.waiting = left;
        if group.is_empty() {
            state.workers -= 1;
            return None;
        }
        Some(group)
    }
}

/// A task that works until nothing waits.
struct Worker<J: Job> {
    store: Store,
    groups: Groups<J>,
    /// Whether it was counted out.
    is_out: bool,
}

impl<J: Job> Worker<J> {
    async fn run(mut self) {
        while let Some(group) = self.groups.take() {
            let (jobs, answers): (Vec<_>, Vec<_>) = group
                .into_iter()
                .map(|waiting| (waiting.job, waiting.answer))
                .unzip();
            let outcomes = J::run(&self.store, jobs).await;
            for (answer, outcome) in answers.into_iter().zip(outcomes) {
                // Whoever asked may have hung up; what was done stays.
                let _ = answer.send(outcome);
            }
        }
        self.is_out = true;
    }
}

impl<J: Job> Drop for Worker<J> {
    fn drop(&mut self) {
        // Only a panic leaves it in.
        if !self.is_out {
            self.groups.state().workers -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Job for i64 {
        type Key = i64;
        type Outcome = i64;

        fn key(&self) -> Option<i64> {
            (*self > 0).then_some(*self)
        }

        async fn run(_: &Store, jobs: Vec<Self>) -> Vec<Result<i64>> {
            jobs.into_iter().map(Ok).collect()
        }
    }

    fn waiting(job: i64) -> Waiting<i64> {
        let (answer, _) = oneshot::channel();
        Waiting { job, answer }
    }

    fn taken(groups: &Groups<i64>) -> Option<Vec<i64>> {
        let group = groups.take()?;
        Some(group.iter().map(|waiting| waiting.job).collect())
    }

    #[test]
    fn a_group_has_each_key_once_and_the_rest_keeps_its_order() {
        let groups = Groups::of(1);
        for job in [1, 2, 1, 3, 1, 2] {
            groups.push(waiting(job)).unwrap();
        }
        assert_eq!(taken(&groups), Some(vec![1, 2, 3]));
        assert_eq!(taken(&groups), Some(vec![1, 2]));
        assert_eq!(taken(&groups), Some(vec![1]));
        assert_eq!(taken(&groups), None);
    }

    #[test]
    fn what_has_no_key_goes_with_its_like() {
        let groups = Groups::of(1);
        for job in [0, 1, 0, 0] {
            groups.push(waiting(job)).unwrap();
        }
        assert_eq!(taken(&groups), Some(vec![0, 1, 0, 0]));
    }

    #[test]
    fn whoever_comes_after_the_last_worker_looked_starts_another() {
        let groups = Groups::of(1);
        assert!(groups.push(waiting(1)).unwrap());
        assert!(!groups.push(waiting(2)).unwrap());
        assert_eq!(taken(&groups), Some(vec![1, 2]));
        assert_eq!(taken(&groups), None);
        assert!(groups.push(waiting(3)).unwrap());
    }

    #[test]
    fn one_more_group_is_begun_for_enough_and_no_other_for_few() {
        let groups = Groups::of(2);
        assert!(groups.push(waiting(0)).unwrap());
        assert_eq!(taken(&groups), Some(vec![0]));
        let began: Vec<bool> = (1..=26)
            .map(|job| groups.push(waiting(job)).unwrap())
            .collect();
        let second = began.iter().position(|began| *began);
        assert_eq!(second, Some(groups.enough() - 1));
        assert_eq!(began.iter().filter(|began| **began).count(), 1);
        assert_eq!(taken(&groups).map(|jobs| jobs.len()), Some(26));

        groups.push(waiting(27)).unwrap();
        assert_eq!(taken(&groups), None, "one of two leaves it to the other");
        assert_eq!(taken(&groups), Some(vec![27]));
        assert_eq!(taken(&groups), None);
        assert!(groups.push(waiting(28)).unwrap());
    }

    #[test]
    fn a_full_queue_asks_to_come_back() {
        let groups = Groups::of(1);
        for _ in 0..WAITING {
            groups.push(waiting(1)).unwrap();
        }
        let refused = groups.push(waiting(2));
        assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    }
}
