//! The one HTTP client. Whom it calls is chosen by customers, so it does not reach into private networks, follows no
//! redirect, asks no proxy, and reads no more and waits no longer than it is told to.

mod address;
mod resolve;
pub mod sign;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
pub use reqwest::header;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use tracing::warn;
use url::{Host, Url};

use address::Allow;
pub use address::Rule;
pub use resolve::Lookup;
use resolve::{NoAddress, Resolver, SystemLookup};

use crate::config;

/// Longest URL that is taken.
const MAX_URL_LEN: usize = 2_048;

/// What this server calls itself.
const USER_AGENT: &str = concat!("quartet/", env!("CARGO_PKG_VERSION"));

/// Connections kept for one host: as many as may be called at once, or each call beyond would open its own.
const IDLE_PER_HOST: usize = 200;

/// Why there is no answer. The text names the rule or the stage and never an address inside.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a URL that is ever called.
    #[error(transparent)]
    Url(#[from] UrlFault),
    /// The host is, or resolves to, an address that is not called.
    #[error("the host has {0}, which is not allowed")]
    Forbidden(#[from] Rule),
    /// The host has no address.
    #[error("the host name cannot be resolved")]
    Resolve,
    /// No connection, or no TLS over it.
    #[error("cannot connect")]
    Connect(#[source] reqwest::Error),
    /// Too slow in any stage.
    #[error("no complete answer in time")]
    Timeout,
    /// The exchange broke off, or was no HTTP.
    #[error("the exchange broke off")]
    Exchange(#[source] reqwest::Error),
}

impl Error {
    /// One word for metrics and records.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Url(_) => "url",
            Self::Forbidden(_) => "forbidden",
            Self::Resolve => "resolve",
            Self::Connect(_) => "connect",
            Self::Timeout => "timeout",
            Self::Exchange(_) => "exchange",
        }
    }
}

/// Why a text is no URL to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    /// Longer than is taken.
    #[error("the URL is longer than {MAX_URL_LEN} characters")]
    TooLong,
    /// Not an absolute URL.
    #[error("the URL is malformed")]
    Malformed,
    /// Neither `http` nor `https`.
    #[error("the URL must begin with http:// or https://")]
    Scheme,
}

/// Reads a URL that may be called as far as its text can tell. Where its host leads is judged at each call.
pub fn check_url(text: &str) -> Result<Url, UrlFault> {
    if text.len() > MAX_URL_LEN {
        return Err(UrlFault::TooLong);
    }
    let url = Url::parse(text).map_err(|_| UrlFault::Malformed)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlFault::Scheme);
    }
    Ok(url)
}

/// One call.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whom; a user and password in it become basic authentication.
    pub url: Url,
    /// Beside what HTTP itself needs.
    pub headers: HeaderMap,
    /// What to say.
    pub body: Bytes,
    /// For the whole exchange; the configured one where there is none.
    pub timeout: Option<Duration>,
    /// How much of the answer is read; as much as the configuration says where there is none.
    pub max_response_bytes: Option<usize>,
}

/// What is kept of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// `Retry-After` as it was sent.
    pub retry_after: Option<String>,
    /// The body's beginning, as much as is let in.
    pub body_head: Vec<u8>,
    /// Whether there was more.
    pub truncated: bool,
}

/// A status with the words that go with it: `500 Internal Server Error`.
pub fn status_line(status: u16) -> String {
    let words = reqwest::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match words {
        Some(words) => format!("{status} {words}"),
        None => status.to_string(),
    }
}

/// Makes calls. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    allow: Arc<Allow>,
    timeout: Duration,
    max_response_bytes: usize,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// A client for these limits. Fails where TLS cannot be set up.
    pub fn new(config: &config::Outbound) -> reqwest::Result<Self> {
        Self::with_lookup(config, SystemLookup)
    }

    /// A client that asks somebody else than the system where hosts are.
    pub fn with_lookup(config: &config::Outbound, lookup: impl Lookup) -> reqwest::Result<Self> {
        let allow = Arc::new(Allow::new(config.allow.clone()));
        let resolver = Arc::new(Resolver::new(lookup, Arc::clone(&allow)));
        let builder = || {
            #[expect(clippy::disallowed_methods, reason = "this is the door")]
            reqwest::Client::builder()
                .user_agent(USER_AGENT)
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .connect_timeout(config.connect_timeout)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .dns_resolver(Arc::clone(&resolver))
        };
        // A bare container has no certificate authorities; that is no reason not to serve.
        let http = builder().build().or_else(|error| {
            warn!(cause = ?error, "no certificate authorities: https endpoints cannot be reached");
            builder().tls_certs_only([]).build()
        })?;
        Ok(Self {
            http,
            allow,
            timeout: config.timeout,
            max_response_bytes: config.max_response_bytes.get(),
        })
    }

    /// Sends a POST and reads the answer, whatever its status.
    pub async fn post(&self, request: Request) -> Result<Response, Error> {
        self.check_literal(&request.url)?;
        let timeout = request.timeout.unwrap_or(self.timeout);
        tokio::time::timeout(timeout, self.exchange(request))
            .await
            .map_err(|_| Error::Timeout)?
    }

    /// The resolver is not asked about hosts that are addresses already.
    fn check_literal(&self, url: &Url) -> Result<(), Error> {
        check_url(url.as_str())?;
        match url.host() {
            Some(Host::Ipv4(address)) => Ok(self.allow.check(address.into())?),
            Some(Host::Ipv6(address)) => Ok(self.allow.check(address.into())?),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(UrlFault::Malformed.into()),
        }
    }

    async fn exchange(&self, request: Request) -> Result<Response, Error> {
        let max_response_bytes = request
            .max_response_bytes
            .unwrap_or(self.max_response_bytes);
        let call = self
            .http
            .post(request.url)
            .headers(request.headers)
            .body(request.body);
        let mut answer = call.send().await.map_err(classify)?;
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body_head = Vec::new();
        let mut truncated = false;
        while !truncated && let Some(chunk) = answer.chunk().await.map_err(classify)? {
            let room = max_response_bytes - body_head.len();
            truncated = chunk.len() > room;
            body_head.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        Ok(Response {
            status: answer.status().as_u16(),
            retry_after,
            body_head,
            truncated,
        })
    }
}

/// Finds the reason in what the client wrapped around it, and drops the URL, which may hold a password.
fn classify(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let chain = || {
        std::iter::successors(Some(&error as &(dyn StdError + 'static)), |error| {
            (**error).source()
        })
    };
    if let Some(rule) = chain().find_map(|error| error.downcast_ref::<Rule>()) {
        Error::Forbidden(*rule)
    } else if chain().any(|error| error.is::<NoAddress>()) {
        Error::Resolve
    } else if error.is_timeout() {
        Error::Timeout
    } else if error.is_connect() {
        Error::Connect(error)
    } else {
        Error::Exchange(error)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    /// Knows two hosts; the second has a public address beside a private one.
    struct Fixed;

    impl Lookup for Fixed {
        async fn lookup(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
            Ok(match host {
                "inside.example" => vec![[10, 0, 0, 1].into()],
                "mixed.example" => vec![[93, 184, 215, 14].into(), [127, 0, 0, 1].into()],
                _ => Vec::new(),
            })
        }
    }

    async fn refusal(url: &str) -> String {
        let config = config::Config::from_toml("").unwrap().outbound;
        let client = Client::with_lookup(&config, Fixed).unwrap();
        let url = Url::parse(url).unwrap();
        let request = Request {
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: None,
            max_response_bytes: None,
        };
        client.post(request).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_name_is_judged_by_all_its_addresses() {
        assert_eq!(
            refusal("http://inside.example/").await,
            "the host has a private address, which is not allowed"
        );
        assert_eq!(
            refusal("http://mixed.example/").await,
            "the host has a loopback address, which is not allowed"
        );
        assert_eq!(
            refusal("http://nowhere.example/").await,
            "the host name cannot be resolved"
        );
    }

    #[tokio::test]
    async fn an_address_is_judged_however_it_is_written() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert_eq!(
                refusal(url).await,
                "the host has a loopback address, which is not allowed",
                "{url}"
            );
        }
    }

    #[test]
    fn only_http_is_spoken() {
        assert_eq!(
            check_url("https://example.com/a?b#c").unwrap().host_str(),
            Some("example.com")
        );
        assert_eq!(check_url("ftp://example.com/"), Err(UrlFault::Scheme));
        assert_eq!(check_url("/relative"), Err(UrlFault::Malformed));
        assert_eq!(check_url("http://"), Err(UrlFault::Malformed));
        assert_eq!(
            check_url(&format!("http://a/{}", "a".repeat(MAX_URL_LEN))),
            Err(UrlFault::TooLong)
        );
    }
}
