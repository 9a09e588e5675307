//! The key that encrypts stored secrets: where it comes from and where it is kept.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::Secrets;

/// The file in the data folder that holds a generated key.
const FILE_NAME: &str = "secret.key";

/// 32 bytes that nobody else knows.
pub type SecretKey = SecretBox<[u8; 32]>;

/// Why there is no key. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    /// Neither configured nor in the data folder.
    #[error(
        "secrets.key is not set and there is no {}; set QUARTET__SECRETS__KEY to the output of `openssl rand -base64 32`",
        .0.display()
    )]
    Missing(PathBuf),
    /// Not base64, or not 32 bytes.
    #[error("{0} is not 32 bytes in base64")]
    Malformed(String),
    /// The file cannot be read or written.
    #[error("cannot use the key file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Secrets {
    /// The configured key, or the one in `data_dir`.
    ///
    /// For servers that share a database: they need the same key, so none makes its own.
    pub fn load(&self, data_dir: &Path) -> Result<SecretKey, SecretKeyError> {
        if let Some(key) = &self.key {
            return decode(key.expose_secret())
                .ok_or_else(|| SecretKeyError::Malformed("secrets.key".to_owned()));
        }
        let path = data_dir.join(FILE_NAME);
        match std::fs::read_to_string(&path).map(SecretString::from) {
            Ok(text) => decode(text.expose_secret().trim_end())
                .ok_or_else(|| SecretKeyError::Malformed(path.display().to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(SecretKeyError::Missing(path)),
            Err(source) => Err(SecretKeyError::File { path, source }),
        }
    }

    /// The keys from before.
    pub fn load_previous(&self) -> Result<Vec<SecretKey>, SecretKeyError> {
        self.previous_keys
            .iter()
            .map(|key| {
                decode(key.expose_secret())
                    .ok_or_else(|| SecretKeyError::Malformed("secrets.previous_keys".to_owned()))
            })
            .collect()
    }

    /// As [`Self::load`], but makes a key in `data_dir` where there is none.
    pub fn load_or_create(&self, data_dir: &Path) -> Result<SecretKey, SecretKeyError> {
        match self.load(data_dir) {
            Err(SecretKeyError::Missing(path)) => {
                create(data_dir, &path).map_err(|source| SecretKeyError::File { path, source })?;
                self.load(data_dir)
            }
            loaded => loaded,
        }
    }
}

fn decode(text: &str) -> Option<SecretKey> {
    let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
    Some(SecretBox::new(Box::new(bytes)))
}

/// Writes a new key beside its final place and links it there: a reader never sees half a key, and of two servers that
/// start at once both use the first one's.
fn create(data_dir: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(data_dir)?;
    let fresh = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh)?;
    writeln!(file, "{}", STANDARD.encode(rand::random::<[u8; 32]>()))?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&fresh, path);
    std::fs::remove_file(&fresh)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
