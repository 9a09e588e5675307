//! The server's own keys: they seal secrets that must be shown or used again, and give other keys their root. The newest
//! seals; older ones still open what they sealed, until it is sealed anew.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// What went wrong with a sealed secret. Says nothing of what was in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes were not sealed with any of these keys, for this use.
    #[error("a sealed secret cannot be opened with this server's keys")]
    Sealed,
}

/// How many bytes of a key's hash say which key it was. Sealed bytes begin with them.
const KEY_ID: usize = 4;

/// Seals and opens secrets with 256-bit keys.
#[derive(Clone)]
pub struct Vault {
    newest: [u8; 32],
    previous: Arc<[[u8; 32]]>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    const NONCE: usize = 12;

    /// A vault with this key alone.
    pub fn new(key: [u8; 32]) -> Self {
        Self::with_previous(key, Vec::new())
    }

    /// A vault that seals with the newest key and opens with the previous ones, too.
    pub fn with_previous(newest: [u8; 32], previous: Vec<[u8; 32]>) -> Self {
        Self {
            newest,
            previous: previous.into(),
        }
    }

    /// Seals a secret for one use; it opens for that use only.
    pub fn seal(&self, secret: &[u8], purpose: &str) -> Vec<u8> {
        let nonce: [u8; Self::NONCE] = rand::random();
        let payload = Payload {
            msg: secret,
            aad: purpose.as_bytes(),
        };
        let sealed = cipher(&self.newest)
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a secret is far shorter than the cipher's limit");
        [&self.newest_id()[..], &nonce, &sealed].concat()
    }

    /// Opens what `seal` made for the same use.
    pub fn open(&self, sealed: &[u8], purpose: &str) -> Result<Vec<u8>, Error> {
        let (id, rest) = sealed.split_first_chunk::<KEY_ID>().ok_or(Error::Sealed)?;
        let (nonce, msg) = rest
            .split_first_chunk::<{ Self::NONCE }>()
            .ok_or(Error::Sealed)?;
        let open = |key: &[u8; 32]| {
            let aad = purpose.as_bytes();
            cipher(key)
                .decrypt(&Nonce::from(*nonce), Payload { msg, aad })
                .ok()
        };
        self.keys()
            .filter(|key| key_id(key) == *id)
            .find_map(open)
            .ok_or(Error::Sealed)
    }

    /// How everything begins that is sealed with the newest key.
    pub fn newest_id(&self) -> [u8; KEY_ID] {
        key_id(&self.newest)
    }

    /// Keys for one use that tell nothing of these ones, the newest first.
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.keys().map(|key| derive(key, purpose)).collect()
    }

    fn keys(&self) -> impl Iterator<Item = &[u8; 32]> {
        std::iter::once(&self.newest).chain(self.previous.iter())
    }
}

fn derive(key: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*key))
}

fn key_id(key: &[u8; 32]) -> [u8; KEY_ID] {
    let digest: [u8; 32] = Sha256::digest(key).into();
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_use_with_its_key_and_no_other() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal(b"whsec_x", "endpoint");
        assert_eq!(vault.open(&sealed, "endpoint").unwrap(), b"whsec_x");
        assert!(vault.open(&sealed, "inbox").is_err());
        assert!(Vault::new([8; 32]).open(&sealed, "endpoint").is_err());
        assert!(vault.open(b"short", "endpoint").is_err());
        assert_ne!(vault.derive("a"), vault.derive("b"));
    }

    #[test]
    fn an_older_key_still_opens_and_no_longer_seals() {
        let old = Vault::new([7; 32]);
        let sealed = old.seal(b"whsec_x", "endpoint");
        let vault = Vault::with_previous([8; 32], vec![[9; 32], [7; 32]]);
        assert_eq!(vault.open(&sealed, "endpoint").unwrap(), b"whsec_x");
        assert!(vault.open(&sealed, "inbox").is_err());

        let anew = vault.seal(b"whsec_x", "endpoint");
        assert!(anew.starts_with(&vault.newest_id()) && !sealed.starts_with(&vault.newest_id()));
        assert!(old.open(&anew, "endpoint").is_err());
        assert_eq!(vault.derive("a")[0], Vault::new([8; 32]).derive("a")[0]);
        assert_eq!(vault.derive("a")[2], old.derive("a")[0]);
    }
}
