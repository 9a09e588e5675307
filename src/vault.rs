//! The server's own key: seals secrets that must be shown or used again, and gives other keys their root.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// What went wrong with a sealed secret. Says nothing of what was in it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes were not sealed with this key, for this use.
    #[error("a sealed secret cannot be opened with this server's key")]
    Sealed,
}

/// Seals and opens secrets with one 256-bit key.
#[derive(Clone)]
pub struct Vault {
    key: [u8; 32],
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Sealed bytes begin with the first four bytes of the key's hash: which key it was.
    const KEY_ID: usize = 4;
    const NONCE: usize = 12;

    /// A vault with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Seals a secret for one use; it opens for that use only.
    pub fn seal(&self, secret: &[u8], purpose: &str) -> Vec<u8> {
        let nonce: [u8; Self::NONCE] = rand::random();
        let payload = Payload {
            msg: secret,
            aad: purpose.as_bytes(),
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a secret is far shorter than the cipher's limit");
        [&self.key_id()[..], &nonce, &sealed].concat()
    }

    /// Opens what `seal` made for the same use.
    pub fn open(&self, sealed: &[u8], purpose: &str) -> Result<Vec<u8>, Error> {
        let rest = sealed
            .strip_prefix(&self.key_id()[..])
            .ok_or(Error::Sealed)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<{ Self::NONCE }>()
            .ok_or(Error::Sealed)?;
        let payload = Payload {
            msg: sealed,
            aad: purpose.as_bytes(),
        };
        self.cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| Error::Sealed)
    }

    /// A key for one use that tells nothing of this one.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key)
            .expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&Key::from(self.key))
    }

    fn key_id(&self) -> [u8; Self::KEY_ID] {
        let digest: [u8; 32] = Sha256::digest(self.key).into();
        [digest[0], digest[1], digest[2], digest[3]]
    }
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
}
