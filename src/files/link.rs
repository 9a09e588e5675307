//! Links that open a file without another credential. Each says which file and until when, and is signed with a key that
//! comes from the server's own: whoever changes a letter of it opens nothing. A picture of somebody is opened for ever,
//! by the random bits in its place.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

use crate::clock::Clock;
use crate::config;
use crate::model::{AccountId, BlobId};

tokio::task_local! {
    /// Where the request was sent that is being answered.
    static ASKED_AT: Arc<str>;
}

/// Answers a request that was sent to this host: where no public address is set, links in the answer begin with it.
pub async fn asked_at<F: Future>(host: Option<&str>, answer: F) -> F::Output {
    let url = host.and_then(|host| Url::parse(&format!("http://{host}")).ok());
    let plain = |url: &Url| url.path() == "/" && url.query().is_none() && url.username().is_empty();
    match url.filter(plain) {
        Some(url) => ASKED_AT.scope(start_of(&url), answer).await,
        None => answer.await,
    }
}

/// How many bytes of a signature a link carries.
const MAC_BYTES: usize = 16;

/// Which form of a file a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// All of it.
    Whole,
    /// The small picture.
    Thumb,
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A file, until a moment.
    Until(AccountId, BlobId, Variant, DateTime<Utc>),
    /// A picture, if these are the bits of its place.
    ByKey(AccountId, BlobId, String),
}

/// Makes links and reads them. Cheap to clone.
#[derive(Clone)]
pub struct Links {
    /// The newest first: it signs, all of them open.
    keys: Arc<[[u8; 32]]>,
    /// Where links begin, also those in webhooks.
    base: Arc<str>,
    /// Whether that is the address where the world reaches this server, or only a guess.
    is_public: bool,
    good_for_secs: i64,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// What the first byte of a link says it is.
mod kind {
    pub(super) const WHOLE: u8 = 1;
    pub(super) const THUMB: u8 = 2;
    pub(super) const BY_KEY: u8 = 3;
    pub(super) const SIGNED_ID: u8 = 4;
}

impl Links {
    /// Links to the server that is configured so, signed with the first of these keys.
    pub fn new(
        keys: Vec<[u8; 32]>,
        http: &config::Http,
        good_for: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            keys: keys.into(),
            base: start_of(&http.base_url()),
            is_public: http.public_url.is_some(),
            good_for_secs: i64::try_from(good_for.as_secs()).unwrap_or(i64::MAX).max(1),
            clock,
        }
    }

    /// A link to a file of this name. It is the same for a while, so that what was fetched with it can be kept; it is
    /// good for the configured time and at most twice that.
    pub fn to(&self, account: AccountId, blob: BlobId, variant: Variant, name: &str) -> String {
        let now = self.clock.now().timestamp();
        let until = (now / self.good_for_secs)
            .saturating_add(2)
            .saturating_mul(self.good_for_secs);
        let kind = match variant {
            Variant::Whole => kind::WHOLE,
            Variant::Thumb => kind::THUMB,
        };
        let mut said = said(kind, account, blob);
        said.extend(until.to_be_bytes());
        self.url(&self.signed(said), name)
    }

    /// A link for ever, to a picture whose place ends in `key`.
    pub fn for_ever(&self, account: AccountId, blob: BlobId, key: &str, name: &str) -> String {
        let mut said = said(kind::BY_KEY, account, blob);
        said.extend(key.as_bytes());
        self.url(&URL_SAFE_NO_PAD.encode(said), name)
    }

    /// What a link's path holds, if this server made it and its time is not over.
    pub fn open(&self, token: &str) -> Option<Opened> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (kind, account, blob, rest) = heard(&bytes)?;
        let variant = match kind {
            kind::WHOLE => Variant::Whole,
            kind::THUMB => Variant::Thumb,
            kind::BY_KEY => {
                let key = String::from_utf8(rest.to_vec()).ok()?;
                return Some(Opened::ByKey(account, blob, key));
            }
            _ => return None,
        };
        self.verify(&bytes)?;
        let until = i64::from_be_bytes(*rest.first_chunk()?);
        let until = DateTime::from_timestamp(until, 0)?;
        (self.clock.now() < until).then_some(Opened::Until(account, blob, variant, until))
    }

    /// A file's id as its uploader is told it, to attach it with.
    pub fn signed_id(&self, account: AccountId, blob: BlobId) -> String {
        self.signed(said(kind::SIGNED_ID, account, blob))
    }

    /// The file of this account whose id this is.
    pub fn read_signed_id(&self, account: AccountId, text: &str) -> Option<BlobId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (kind, of, blob, _) = heard(&bytes)?;
        self.verify(&bytes)?;
        (kind == kind::SIGNED_ID && of == account).then_some(blob)
    }

    fn url(&self, token: &str, name: &str) -> String {
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        // A form writes a space as a plus, a path does not.
        self.page(&format!("/files/{token}/{}", name.replace('+', "%20")))
    }

    /// The address of something else that this server shows.
    pub fn page(&self, path: &str) -> String {
        match ASKED_AT.try_with(Arc::clone) {
            Ok(base) if !self.is_public => format!("{base}{path}"),
            Ok(_) | Err(_) => format!("{}{path}", self.base),
        }
    }

    fn signed(&self, mut said: Vec<u8>) -> String {
        if let Some(key) = self.keys.first() {
            let signature = mac(key, &said).finalize().into_bytes();
            said.extend(&signature[..MAC_BYTES]);
        }
        URL_SAFE_NO_PAD.encode(said)
    }

    fn verify(&self, bytes: &[u8]) -> Option<()> {
        let (said, signature) = bytes.split_last_chunk::<MAC_BYTES>()?;
        let good = |key: &[u8; 32]| mac(key, said).verify_truncated_left(signature).is_ok();
        self.keys.iter().any(good).then_some(())
    }
}

fn start_of(url: &Url) -> Arc<str> {
    url.as_str().trim_end_matches('/').into()
}

fn said(kind: u8, account: AccountId, blob: BlobId) -> Vec<u8> {
    let mut said = vec![kind];
    said.extend(account.0.to_be_bytes());
    said.extend(blob.0.to_be_bytes());
    said
}

fn heard(bytes: &[u8]) -> Option<(u8, AccountId, BlobId, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (account, rest) = rest.split_first_chunk()?;
    let (blob, rest) = rest.split_first_chunk()?;
    let account = AccountId(i64::from_be_bytes(*account));
    Some((*kind, account, BlobId(i64::from_be_bytes(*blob)), rest))
}

fn mac(key: &[u8; 32], said: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(said);
    mac
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Debug)]
    struct At(Mutex<i64>);

    impl Clock for At {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(*self.0.lock().unwrap(), 0).unwrap()
        }
    }

    const ONE: (AccountId, BlobId) = (AccountId(7), BlobId(9));

    fn links(keys: &[u8], clock: &Arc<At>) -> Links {
        let keys = keys.iter().map(|byte| [*byte; 32]).collect();
        let http = "[http]\npublic_url = \"https://chat.example.com/\"";
        let http = config::Config::from_toml(http).unwrap().http;
        Links::new(
            keys,
            &http,
            Duration::from_secs(100),
            Arc::<At>::clone(clock),
        )
    }

    fn token(url: &str) -> &str {
        url.split('/').nth(4).unwrap()
    }

    #[test]
    fn a_link_opens_its_file_until_its_time_is_over() {
        let clock = Arc::new(At(Mutex::new(1_000)));
        let links = links(&[1], &clock);
        let url = links.to(ONE.0, ONE.1, Variant::Thumb, "a b+ü.png");
        assert!(url.starts_with("https://chat.example.com/files/"));
        assert!(url.ends_with("/a%20b%2B%C3%BC.png"), "{url}");
        let until = DateTime::from_timestamp(1_200, 0).unwrap();
        let opened = Some(Opened::Until(ONE.0, ONE.1, Variant::Thumb, until));
        assert_eq!(links.open(token(&url)), opened);
        *clock.0.lock().unwrap() = 1_099;
        assert_eq!(links.to(ONE.0, ONE.1, Variant::Thumb, "a b+ü.png"), url);
        *clock.0.lock().unwrap() = 1_200;
        assert_eq!(links.open(token(&url)), None);
    }

    #[test]
    fn a_link_of_another_key_or_form_opens_nothing() {
        let clock = Arc::new(At(Mutex::new(1_000)));
        let (old, new, other) = (
            links(&[1], &clock),
            links(&[2, 1], &clock),
            links(&[3], &clock),
        );
        let url = old.to(ONE.0, ONE.1, Variant::Whole, "a");
        let token = token(&url);
        assert!(new.open(token).is_some() && other.open(token).is_none());
        for at in 0..token.len() {
            let mut changed = token.to_owned().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                old.open(std::str::from_utf8(&changed).unwrap()),
                None,
                "{at}"
            );
        }
        assert_eq!(old.open(""), None);
        assert_eq!(old.open(&old.signed_id(ONE.0, ONE.1)), None);
        assert_eq!(old.read_signed_id(ONE.0, token), None);
    }

    #[test]
    fn a_signed_id_is_its_accounts() {
        let clock = Arc::new(At(Mutex::new(1_000)));
        let links = links(&[1], &clock);
        let id = links.signed_id(ONE.0, ONE.1);
        assert_eq!(links.read_signed_id(ONE.0, &id), Some(ONE.1));
        assert_eq!(links.read_signed_id(AccountId(8), &id), None);
        assert_eq!(links.read_signed_id(ONE.0, "x"), None);
    }
}
