//! Where the bytes are: a folder of this machine, or a bucket that speaks S3.
//!
//! A file is written once, below a random place of its own, and is on the disk when writing has ended. Its small picture
//! is kept beside it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Place;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;

use super::link::Variant;
use super::{picture, sniff};
use crate::config;
use crate::model::FileType;

/// How much of a file is held in memory at a time for a bucket, which takes no smaller pieces.
const BUCKET_PIECE_BYTES: usize = 5 * 1024 * 1024;

/// And for a folder.
const FOLDER_PIECE_BYTES: usize = 256 * 1024;

/// How much of a file's beginning is looked at.
const HEAD_BYTES: usize = 256 * 1024;

/// The largest file of which a small picture is made.
const MAX_PICTURE_BYTES: u64 = 25 * 1024 * 1024;

/// Pictures that are opened at once.
const OPENED_AT_ONCE: usize = 1;

/// A result of the storage.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file is not taken, or not there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Larger than the configuration allows.
    #[error("the file is too large")]
    TooLarge,
    /// Of a type that the configuration does not allow.
    #[error("files of type {0} are not taken")]
    Type(String),
    /// There is no such file.
    #[error("the file is not in the storage")]
    Missing,
    /// The configuration lacks what it takes to reach the storage.
    #[error("files.{0} is not set")]
    Unset(&'static str),
    /// The folder cannot be made.
    #[error("the folder for files, {}, cannot be used: {source}", path.display())]
    Folder {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The storage failed.
    #[error("the storage of files failed")]
    Storage(#[source] object_store::Error),
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Storage(other),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Storage(object_store::Error::Generic {
            store: "files",
            source: error.into(),
        })
    }
}

/// The storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files {
    storage: Arc<dyn ObjectStore>,
    /// The folder, if it is one.
    folder: Option<Arc<Path>>,
    config: Arc<config::Files>,
    opening: Arc<Semaphore>,
}

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its type, by its content.
    pub media_type: String,
    /// What that is to a chat.
    pub file_type: FileType,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Of all its bytes.
    pub sha256: [u8; 32],
    /// Width and height in pixels.
    pub dimensions: Option<(u32, u32)>,
    /// Whether there is a small picture of it.
    pub has_thumb: bool,
}

/// A file that is being written. Dropped, it leaves nothing that could be read.
#[derive(Debug)]
pub struct Writing {
    files: Files,
    place: String,
    writer: BufWriter,
    digest: Sha256,
    head: Vec<u8>,
    size_bytes: u64,
}

impl Files {
    /// Opens the configured storage; a folder is made in `data_dir`.
    pub fn open(config: &config::Files, data_dir: &Path) -> Result<Self> {
        let (storage, folder): (Arc<dyn ObjectStore>, _) = match config.storage {
            config::FileStorage::Folder => {
                let path = data_dir.join("files");
                let storage = open_folder(&path)?;
                let path = path.canonicalize().unwrap_or(path);
                (Arc::new(storage), Some(Arc::from(path)))
            }
            config::FileStorage::S3 => (Arc::new(open_bucket(config)?), None),
        };
        Ok(Self {
            storage,
            folder,
            config: Arc::new(config.clone()),
            opening: Arc::new(Semaphore::new(OPENED_AT_ONCE)),
        })
    }

    /// Begins to write a file at a place where none is.
    pub fn write(&self, place: &str) -> Writing {
        let piece_bytes = match self.folder {
            Some(_) => FOLDER_PIECE_BYTES,
            None => BUCKET_PIECE_BYTES,
        };
        let path = path_of(place, Variant::Whole);
        let writer = BufWriter::with_capacity(Arc::clone(&self.storage), path, piece_bytes);
        Writing {
            files: self.clone(),
            place: place.to_owned(),
            writer: writer.with_max_concurrency(1),
            digest: Sha256::new(),
            head: Vec::new(),
            size_bytes: 0,
        }
    }

    /// The bytes of a file, or of its small picture, and how many there are in all.
    pub async fn read(
        &self,
        place: &str,
        variant: Variant,
        range: Option<Range<u64>>,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes>>)> {
        let options = GetOptions::new().with_range(range.map(GetRange::Bounded));
        let found = self
            .storage
            .get_opts(&path_of(place, variant), options)
            .await?;
        let size_bytes = found.meta.size;
        Ok((size_bytes, found.into_stream().map_err(Error::from).boxed()))
    }

    /// Removes a file, its small picture, and what a server that died while writing it may have left.
    pub async fn remove(&self, place: &str) -> Result<()> {
        for variant in [Variant::Whole, Variant::Thumb] {
            match self
                .storage
                .delete(&path_of(place, variant))
                .await
                .map_err(Error::from)
            {
                Ok(()) | Err(Error::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(folder) = &self.folder {
            match tokio::fs::remove_dir_all(folder.join(place)).await {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Makes a small picture; whether there is one now. One that cannot be made is no reason to refuse the file.
    async fn make_thumb(&self, place: &str) -> Result<bool> {
        let (_, stream) = self.read(place, Variant::Whole, None).await?;
        let edge = self.config.thumbnail_pixels.get().into();
        let thumb = {
            let _permit = self.opening.acquire().await;
            let file: Vec<Bytes> = stream.try_collect().await?;
            let file = file.concat();
            // A decoder that panics has met a file that is no picture.
            let made = tokio::task::spawn_blocking(move || picture::thumbnail(&file, edge)).await;
            made.unwrap_or_default()
        };
        let Some(thumb) = thumb else {
            return Ok(false);
        };
        self.storage
            .put(&path_of(place, Variant::Thumb), thumb.into())
            .await?;
        Ok(true)
    }
}

impl Writing {
    /// The next bytes.
    pub async fn put(&mut self, bytes: Bytes) -> Result<()> {
        self.size_bytes += bytes.len() as u64;
        if self.size_bytes > self.files.config.file_limit_bytes.get() {
            return Err(Error::TooLarge);
        }
        let room = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.digest.update(&bytes);
        Ok(self.writer.put(bytes).await?)
    }

    /// Ends the file, which is named `name` and called `claimed` by its sender: it is on the disk after that.
    pub async fn finish(mut self, name: &str, claimed: Option<&str>) -> Result<Found> {
        let media_type = sniff::media_type(&self.head, name, claimed);
        let config = &self.files.config;
        if !sniff::matches(&media_type, &config.allowed_types)
            || sniff::matches(&media_type, &config.denied_types)
        {
            self.writer.abort().await?;
            return Err(Error::Type(media_type));
        }
        self.writer.shutdown().await?;
        let file_type = sniff::file_type(&media_type);
        let is_image = file_type == FileType::Image;
        let dimensions = is_image.then(|| picture::dimensions(&self.head)).flatten();
        let is_shown =
            dimensions.is_some_and(picture::is_bearable) && self.size_bytes <= MAX_PICTURE_BYTES;
        Ok(Found {
            has_thumb: is_shown && self.files.make_thumb(&self.place).await?,
            file_type,
            media_type,
            size_bytes: self.size_bytes,
            sha256: self.digest.finalize().into(),
            dimensions,
        })
    }
}

fn path_of(place: &str, variant: Variant) -> Place {
    let name = match variant {
        Variant::Whole => "file",
        Variant::Thumb => "thumb",
    };
    Place::from(format!("{place}/{name}"))
}

fn open_folder(path: &Path) -> Result<LocalFileSystem> {
    let made = std::fs::DirBuilder::new().recursive(true).create(path);
    made.map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })?;
    // A message that is committed has its file, also when the power fails.
    Ok(LocalFileSystem::new_with_prefix(path)?.with_fsync(true))
}

fn open_bucket(config: &config::Files) -> Result<AmazonS3> {
    let bucket = config.bucket.as_ref().ok_or(Error::Unset("bucket"))?;
    let key_id = config
        .access_key_id
        .as_ref()
        .ok_or(Error::Unset("access_key_id"))?;
    let key = config.secret_access_key.as_ref();
    let key = key.ok_or(Error::Unset("secret_access_key"))?;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&config.region)
        .with_access_key_id(key_id)
        .with_secret_access_key(key.expose_secret())
        // Not every service removes many objects with one request.
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = &config.endpoint {
        // Other services have their buckets in the path; a machine beside this one may speak without TLS.
        builder = builder
            .with_endpoint(endpoint.as_str().trim_end_matches('/'))
            .with_virtual_hosted_style_request(false)
            .with_allow_http(endpoint.scheme() == "http");
    }
    Ok(builder.build()?)
}
