//! The end of files: what nothing uses is removed from the storage, then forgotten.

use std::error::Error;

use chrono::{DateTime, TimeDelta, Utc};

use crate::files::Files;
use crate::store::{Store, blobs};

/// Files of one round.
const BATCH: i64 = 100;

/// A server that dies while it removes a file is succeeded after this time.
const LEASE: TimeDelta = TimeDelta::minutes(10);

/// Removes files that nothing uses at this moment, at most a batch; how many it removed.
pub async fn round(
    store: &Store,
    files: &Files,
    now: DateTime<Utc>,
) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let unused = blobs::take_unused(store, BATCH, now + LEASE, now).await?;
    let mut failure = None;
    for blob in &unused {
        match files.remove(&blob.place()).await {
            Ok(()) => blobs::forget(store, blob.account, blob.id).await?,
            // The others can be removed all the same, and this one later.
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(unused.len()),
    }
}
