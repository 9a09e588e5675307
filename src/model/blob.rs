//! A file that is kept here.

use super::{AccountId, BlobId, FileType};

/// A file that is kept here, all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Whose.
    pub account: AccountId,
    /// Its id.
    pub id: BlobId,
    /// The last part of its place in the storage: random.
    pub key: String,
    /// Its name, clean.
    pub name: String,
    /// What was found in it.
    pub media_type: String,
    /// What that is to a chat.
    pub file_type: FileType,
    /// Size in bytes.
    pub size_bytes: i64,
    /// Of all its bytes.
    pub sha256: Vec<u8>,
    /// Width in pixels.
    pub width: Option<i64>,
    /// Height in pixels.
    pub height: Option<i64>,
    /// Whether a small picture of it is kept beside it.
    pub has_thumb: bool,
    /// Whether its URL is good for ever.
    pub public: bool,
}

impl Blob {
    /// Its place in the storage.
    pub fn place(&self) -> String {
        Self::place_of(self.account, &self.key)
    }

    /// The place of an account's file with this key.
    pub fn place_of(account: AccountId, key: &str) -> String {
        format!("{account}/{key}")
    }
}
