//! Files on their way in: a row first, then the bytes, then what they turned out to be.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::{Stream, StreamExt};

use crate::clock::Clock;
use crate::config;
use crate::files::{self, Files, clean_name};
use crate::model::{AccountId, Blob};
use crate::store::{self, Store, blobs};

/// How long a client may send nothing in the middle of a file.
const STALL: Duration = Duration::from_secs(30);

/// A file as its sender describes it.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The name it came with.
    pub name: &'a str,
    /// The type it is said to have.
    pub media_type: Option<&'a str>,
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Its bytes stopped coming, or came broken.
    #[error("the file did not come in whole")]
    Body(#[source] Box<dyn Error + Send + Sync>),
    /// It is too large, of a type that is not taken, or could not be kept.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Its row could not be written.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Takes files in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Intake {
    store: Store,
    files: Files,
    clock: Arc<dyn Clock>,
    unused: Duration,
}

impl Intake {
    /// An intake for this storage.
    pub fn new(store: Store, files: Files, clock: Arc<dyn Clock>, config: &config::Files) -> Self {
        Self {
            store,
            files,
            clock,
            unused: config.unused,
        }
    }

    /// Where the files are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Keeps a file of an account; it is on the disk after that. Whoever asks for it attaches it, or it is removed in
    /// a while. That holds also where this ends early, or is dropped.
    pub async fn take<S, E>(
        &self,
        account: AccountId,
        source: Source<'_>,
        mut bytes: S,
    ) -> Result<Blob, Refusal>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let now = self.clock.now();
        let unused_until = now + TimeDelta::from_std(self.unused).unwrap_or(TimeDelta::MAX);
        let name = clean_name(source.name);
        let begun = blobs::begin(&self.store, account, name.clone(), unused_until, now).await?;
        let mut writing = self.files.write(&begun.place());
        while let Some(chunk) = tokio::time::timeout(STALL, bytes.next())
            .await
            .map_err(|stalled| Refusal::Body(stalled.into()))?
        {
            writing
                .put(chunk.map_err(|error| Refusal::Body(error.into()))?)
                .await?;
        }
        let found = writing.finish(&name, source.media_type).await?;
        Ok(blobs::finish(&self.store, account, begun.id, found).await?)
    }
}
