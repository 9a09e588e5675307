//! A service account's key, as the JSON file that its owner downloads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use crate::flow::failure::Failure;
use crate::outbound;

/// What a token may be used for.
const SCOPE: &str = "https://www.googleapis.com/auth/dialogflow";
/// How long an assertion is good, in seconds: as long as an endpoint takes one for.
const ASSERTION_SECS: i64 = 3600;
/// Where a key that does not say gets its tokens.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// The longest file.
const MAX_BYTES: usize = 16 * 1024;

/// Why a text is no key of a service account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Not the JSON of such a key, or a field of it is missing.
    #[error("is not the JSON key of a service account")]
    Shape,
    /// Nothing can be signed with what it holds.
    #[error("has a private_key that is no RSA key in PEM")]
    PrivateKey,
    /// No URL that could be called.
    #[error("has a token_uri that is no URL")]
    TokenUri,
}

/// A service account's key.
#[derive(Clone)]
pub struct ServiceAccountKey {
    /// Whose key it is.
    pub client_email: String,
    /// The project that the account belongs to.
    pub project_id: Option<String>,
    key_id: Option<String>,
    private_key: EncodingKey,
    token_uri: Url,
    fingerprint: [u8; 32],
}

impl std::fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccountKey")
            .field("client_email", &self.client_email)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    project_id: Option<String>,
    private_key_id: Option<String>,
    private_key: String,
    client_email: String,
    token_uri: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl ServiceAccountKey {
    /// Reads a key file.
    pub fn parse(json: &str) -> Result<Self, InvalidKey> {
        if json.len() > MAX_BYTES {
            return Err(InvalidKey::Shape);
        }
        let file: File = serde_json::from_str(json).map_err(|_| InvalidKey::Shape)?;
        if file.kind != "service_account" || file.client_email.is_empty() {
            return Err(InvalidKey::Shape);
        }
        let der = read_pem(&file.private_key).ok_or(InvalidKey::PrivateKey)?;
        let token_uri = outbound::check_url(file.token_uri.as_deref().unwrap_or(TOKEN_URI))
            .map_err(|_| InvalidKey::TokenUri)?;
        Ok(Self {
            fingerprint: fingerprint(&[file.client_email.as_bytes(), &der]),
            client_email: file.client_email,
            project_id: file.project_id,
            key_id: file.private_key_id,
            private_key: EncodingKey::from_rsa_der(&der),
            token_uri,
        })
    }

    /// Reads a key file and tries the key, which takes a moment: for when a key is handed in.
    pub fn parse_usable(json: &str) -> Result<Self, InvalidKey> {
        let key = Self::parse(json)?;
        match key.assertion(DateTime::UNIX_EPOCH) {
            Ok(_) => Ok(key),
            Err(_) => Err(InvalidKey::PrivateKey),
        }
    }

    pub(super) fn token_uri(&self) -> &Url {
        &self.token_uri
    }

    /// Who holds this key and nobody else knows it: it takes the private key to have the same one.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// What the account shows for a token: who it is and what it wants, signed.
    pub(super) fn assertion(&self, now: DateTime<Utc>) -> Result<String, Failure> {
        let iat = now.timestamp();
        let claims = Claims {
            iss: &self.client_email,
            scope: SCOPE,
            aud: self.token_uri.as_str(),
            iat,
            exp: iat + ASSERTION_SECS,
        };
        let header = Header {
            kid: self.key_id.clone(),
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.private_key).map_err(|_| Failure::Unsignable)
    }
}

/// SHA-256 over the parts and their lengths.
pub(super) fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// The bytes of PKCS #1 in a PEM, whether they stand there themselves or wrapped in PKCS #8.
fn read_pem(pem: &str) -> Option<Vec<u8>> {
    let decode = |label: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let body: String = body.split_whitespace().collect();
        STANDARD.decode(body).ok()
    };
    match decode("PRIVATE KEY") {
        Some(der) => unwrap_pkcs8(&der).map(<[u8]>::to_vec),
        None => decode("RSA PRIVATE KEY"),
    }
}

/// PKCS #8 is a sequence of a version, the algorithm, and an octet string with the key of that algorithm.
fn unwrap_pkcs8(der: &[u8]) -> Option<&[u8]> {
    const INTEGER: u8 = 0x02;
    const OCTET_STRING: u8 = 0x04;
    const SEQUENCE: u8 = 0x30;
    let (fields, _) = element(SEQUENCE, der)?;
    let (_, fields) = element(INTEGER, fields)?;
    let (_, fields) = element(SEQUENCE, fields)?;
    let (key, _) = element(OCTET_STRING, fields)?;
    Some(key)
}

/// The content of a DER element with this tag, and what comes after it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (len, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let len = len
                .iter()
                .fold(0, |len, byte| len << 8 | usize::from(*byte));
            (len, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(len)
}
