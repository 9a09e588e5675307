//! Group commit: what comes in while a transaction is being written goes together into the next one. A message is
//! acknowledged after the commit, as ever.

use tracing::warn;

use super::appends::{self, Append, Appended};
use super::groups::{self, Job};
use super::{Error, Result, Store};

impl Store {
    /// Appends together with what others append meanwhile, unless everything is to be done alone.
    pub(super) async fn append(&self, append: Append) -> Result<Appended> {
        if self.appends.is_shared() {
            self.appends.join(self, append).await
        } else {
            Ok(Appended::Aside)
        }
    }
}

impl Job for Append {
    type Key = appends::Key;
    type Outcome = Appended;

    fn key(&self) -> Option<Self::Key> {
        Some(self.place())
    }

    /// Writes them together, or else each of them alone, so that one that cannot be stored fails alone.
    async fn run(store: &Store, appends: Vec<Self>) -> Vec<Result<Appended>> {
        let error = match commit(store, &appends).await {
            Ok(outcomes) => return outcomes,
            Err(error) => error,
        };
        if appends.len() == 1 || !is_answer(&error) {
            return groups::failed(error, appends.len());
        }
        warn!(error = %error, count = appends.len(), "a group of writes was refused, each is tried alone");
        appends.iter().map(|_| Ok(Appended::Aside)).collect()
    }
}

async fn commit(store: &Store, appends: &[Append]) -> Result<Vec<Result<Appended>>> {
    let mut transaction = store.begin().await?;
    let outcomes = appends::write(&mut transaction, appends).await?;
    transaction.commit().await?;
    Ok(outcomes)
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
