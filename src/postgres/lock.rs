//! Locks between servers that share a data folder. The system lets go of them when a process dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Error;

/// More than a first start needs on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(20);

/// A lock file, locked or not.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Opens a lock file without locking it.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600) // who may open it may hold it, and nobody else shall keep us waiting
            .open(path)
            .map(Self)
            .map_err(Error::io("open", path))
    }

    /// Opens a lock file and waits until nobody else holds it.
    pub(super) async fn exclusive(path: &Path) -> Result<Self, Error> {
        let lock = Self::open(path)?;
        let deadline = Instant::now() + PATIENCE;
        while !lock.try_exclusive(path)? {
            if Instant::now() > deadline {
                return Err(Error::Busy(path.to_owned()));
            }
            sleep(PAUSE).await;
        }
        Ok(lock)
    }

    /// Whether nobody else holds the lock; then it is ours alone. A share that we held is given up either way.
    pub(super) fn try_exclusive(&self, path: &Path) -> Result<bool, Error> {
        granted(self.0.try_lock(), path)
    }

    /// Shares the lock with others. False while somebody holds it alone.
    pub(super) fn try_shared(&self, path: &Path) -> Result<bool, Error> {
        granted(self.0.try_lock_shared(), path)
    }
}

impl Drop for Lock {
    /// Unlocks by name: a child that is being spawned just now still holds a copy of the file until it runs its program.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "a lock file was not unlocked");
        }
    }
}

fn granted(answer: Result<(), TryLockError>, path: &Path) -> Result<bool, Error> {
    match answer {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path)(error)),
    }
}
