//! Secrets that people or programs show to be let in, kept as argon2 hashes.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::{Error, Result};

/// Hashes under way at once: each takes 19 MiB and a core.
static HASHING: Semaphore = Semaphore::const_new(4);

/// The hash to keep of a secret.
pub(super) async fn hash(secret: SecretString) -> Result<String> {
    hashing(move || {
        let hash = Argon2::default().hash_password(secret.expose_secret().as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|_| Error::Hash)
    })
    .await
}

/// Whether a secret is the hashed one. Compares in constant time; where there is no hash, takes as long and says no.
pub(super) async fn verify(hash: Option<String>, secret: SecretString) -> Result<bool> {
    let Some(hash) = hash else {
        self::hash(secret).await?;
        return Ok(false);
    };
    hashing(move || {
        let hash = PasswordHash::new(&hash).map_err(|_| Error::Hash)?;
        Ok(Argon2::default()
            .verify_password(secret.expose_secret().as_bytes(), &hash)
            .is_ok())
    })
    .await
}

/// Runs it where it holds up no other request. The permit goes with it: a client that hangs up does not free it early.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let permit = HASHING.acquire().await.map_err(|_| Error::Hash)?;
    let task = tokio::task::spawn_blocking(move || {
        let outcome = work();
        drop(permit);
        outcome
    });
    task.await.map_err(|_| Error::Hash)?
}
