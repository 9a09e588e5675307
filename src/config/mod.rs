//! What the operator may choose: one struct a section, read once at the start.
//!
//! `config/default.toml` documents every key and holds its default. Each module is handed its own section and never
//! sees the whole. This is the only place that reads the environment.

mod cores;
mod parse;
mod secret_key;

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use ipnet::IpNet;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

pub use secret_key::{SecretKey, SecretKeyError};

/// The documented defaults, compiled in.
pub const DEFAULT: &str = include_str!("../../config/default.toml");

/// Why the configuration cannot be used. Its text is one line and names the key at fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file given with `--config` is not there or not readable.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    File {
        /// The file as it was given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A key is unknown, missing or has a value that does not fit.
    #[error("configuration: {0}")]
    Invalid(Box<figment::Error>),
    /// Two values that are fine alone do not fit together.
    #[error("configuration: {0}")]
    Inconsistent(&'static str),
}

/// What the command line says; it wins over everything else.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
}

/// All sections. Only `cli` and `app` hold it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The listening side.
    pub http: Http,
    /// Where conversations are kept.
    pub database: Database,
    /// What is logged and how.
    pub log: Log,
    /// The HTTP client.
    pub outbound: Outbound,
    /// Deliveries to endpoints.
    pub webhook: Webhook,
    /// The change feed.
    pub feed: Feed,
    /// Those who are connected to hear what happens.
    pub cable: Cable,
    /// Uploaded files.
    pub files: Files,
    /// Request rates.
    pub limits: Limits,
    /// The keys for stored secrets.
    pub secrets: Secrets,
    /// What flows ask outside.
    pub flow: Flow,
    /// The Instabot API.
    pub instabot: Instabot,
    /// The Bot Open API.
    pub bot_open: BotOpen,
    /// The Chatlake API.
    pub chatlake: Chatlake,
    /// Our own API.
    pub admin: Admin,
}

/// The listening side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The server's address as clients know it.
    #[serde(default, deserialize_with = "parse::http_url")]
    pub public_url: Option<Url>,
    /// Largest request body.
    pub body_limit_bytes: NonZeroUsize,
    /// Largest request head.
    pub header_limit_bytes: NonZeroUsize,
    /// From accept to the first byte.
    #[serde(
        rename = "first_byte_timeout_secs",
        deserialize_with = "parse::seconds"
    )]
    pub first_byte_timeout: Duration,
    /// From the first byte of a request to the end of its head.
    #[serde(rename = "header_timeout_secs", deserialize_with = "parse::seconds")]
    pub header_timeout: Duration,
    /// Rest between two requests on one connection.
    #[serde(rename = "keep_alive_secs", deserialize_with = "parse::seconds")]
    pub keep_alive: Duration,
    /// Longest time in which a client takes no byte of its answer.
    #[serde(rename = "write_timeout_secs", deserialize_with = "parse::seconds")]
    pub write_timeout: Duration,
    /// From the end of a request's head to the head of its answer.
    #[serde(rename = "request_timeout_secs", deserialize_with = "parse::seconds")]
    pub request_timeout: Duration,
    /// Connections open at once.
    pub max_connections: NonZeroUsize,
    /// What accepted requests may still take at shutdown.
    #[serde(rename = "shutdown_grace_secs", deserialize_with = "parse::seconds")]
    pub shutdown_grace: Duration,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "parse::networks")]
    pub trusted_proxies: Vec<IpNet>,
}

/// Where conversations are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The PostgreSQL to use; none means the private cluster. It may hold a password.
    pub url: Option<SecretString>,
    /// Connections in the pool.
    pub max_connections: NonZeroU32,
    /// How many things are written, or looked up, together at most.
    pub batch_size: NonZeroUsize,
    /// What the private cluster keeps in memory of its own, in megabytes.
    pub cache_mb: NonZeroU32,
    /// The private cluster and the generated key live here.
    pub data_dir: PathBuf,
    /// PostgreSQL's programs for the private cluster.
    pub pg_bin: Option<PathBuf>,
}

/// What is logged and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For people or for machines.
    pub format: LogFormat,
    /// A filter in the syntax of `EnvFilter`.
    pub filter: String,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Several coloured words a line, for people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The HTTP client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// What may be reached although it is not public.
    #[serde(deserialize_with = "parse::allowed")]
    pub allow: Vec<Allowed>,
    /// Look-up and connect.
    #[serde(rename = "connect_timeout_secs", deserialize_with = "parse::seconds")]
    pub connect_timeout: Duration,
    /// A whole exchange.
    #[serde(rename = "timeout_secs", deserialize_with = "parse::seconds")]
    pub timeout: Duration,
    /// How much of an answer is read.
    pub max_response_bytes: NonZeroUsize,
}

/// One entry of `outbound.allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Every address in this network.
    Network(IpNet),
    /// This host, lower case, whatever its addresses are.
    Host(String),
}

/// Deliveries to endpoints.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Time an endpoint has to answer.
    #[serde(rename = "timeout_secs", deserialize_with = "parse::seconds")]
    pub timeout: Duration,
    /// Pauses between attempts.
    #[serde(
        rename = "retry_schedule_secs",
        deserialize_with = "parse::seconds_list"
    )]
    pub retry_schedule: Vec<Duration>,
    /// How much a pause is varied, 0 to 100.
    #[serde(deserialize_with = "parse::percent")]
    pub jitter_percent: u8,
    /// The least pause after a 429 that names none.
    #[serde(rename = "busy_pause_secs", deserialize_with = "parse::seconds")]
    pub busy_pause: Duration,
    /// The longest `Retry-After` that is honoured.
    #[serde(rename = "retry_after_max_secs", deserialize_with = "parse::seconds")]
    pub retry_after_max: Duration,
    /// After so long of nothing but failure an endpoint is disabled.
    #[serde(rename = "disable_after_secs", deserialize_with = "parse::seconds")]
    pub disable_after: Duration,
    /// Attempts under way at once.
    pub in_flight: NonZeroUsize,
    /// How many of them one endpoint may have.
    pub in_flight_per_endpoint: NonZeroUsize,
    /// How many of them only first attempts may have, to endpoints whose last attempt succeeded.
    pub in_flight_reserved: usize,
    /// Attempts a second to one endpoint; 0 is no limit.
    pub endpoint_per_second: u32,
    /// How often due deliveries are looked for unasked.
    #[serde(rename = "poll_secs", deserialize_with = "parse::seconds")]
    pub poll: Duration,
    /// How long a claim holds.
    #[serde(rename = "lease_secs", deserialize_with = "parse::seconds")]
    pub lease: Duration,
    /// How long finished deliveries, their attempts and events are kept; 0 is for ever.
    pub keep_days: u16,
}

/// The change feed as a stream.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// How often new events are looked for unasked.
    #[serde(rename = "poll_secs", deserialize_with = "parse::seconds")]
    pub poll: Duration,
    /// A silent stream says so little that it lives, this often.
    #[serde(rename = "heartbeat_secs", deserialize_with = "parse::seconds")]
    pub heartbeat: Duration,
    /// Streams of one account at once, in one server.
    pub streams_per_account: NonZeroUsize,
}

/// Websockets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cable {
    /// Connections at once, in one server.
    pub connections: NonZeroUsize,
    /// Subscriptions to one account at once, in one server.
    pub connections_per_account: NonZeroUsize,
    /// Frames that may wait for one client before it is cut off.
    pub queue: NonZeroUsize,
    /// Largest frame that a client may send.
    pub message_limit_bytes: NonZeroUsize,
    /// A client is pinged this often.
    #[serde(rename = "ping_secs", deserialize_with = "parse::seconds")]
    pub ping: Duration,
    /// A client that subscribed to nothing is sent away then.
    #[serde(rename = "subscribe_timeout_secs", deserialize_with = "parse::seconds")]
    pub subscribe_timeout: Duration,
    /// A client that did not answer so long is gone.
    #[serde(rename = "idle_timeout_secs", deserialize_with = "parse::seconds")]
    pub idle_timeout: Duration,
}

/// Uploaded files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// Where they are kept.
    pub storage: FileStorage,
    /// The bucket.
    pub bucket: Option<String>,
    /// The service that has it, if not Amazon's.
    #[serde(default, deserialize_with = "parse::http_url")]
    pub endpoint: Option<Url>,
    /// Its region.
    pub region: String,
    /// Who asks for it.
    pub access_key_id: Option<String>,
    /// And what proves that.
    pub secret_access_key: Option<SecretString>,
    /// Largest file.
    pub file_limit_bytes: NonZeroU64,
    /// Largest request with files.
    pub request_limit_bytes: NonZeroUsize,
    /// Such a request may take this long.
    #[serde(rename = "request_timeout_secs", deserialize_with = "parse::seconds")]
    pub request_timeout: Duration,
    /// Types that are taken: `image/png`, `image/*` or `*/*`.
    pub allowed_types: Vec<String>,
    /// Types that are not, of those.
    pub denied_types: Vec<String>,
    /// The edge of small pictures.
    pub thumbnail_pixels: NonZeroU16,
    /// A link is good for at least this long.
    #[serde(rename = "link_secs", deserialize_with = "parse::seconds")]
    pub link: Duration,
    /// A file that nothing uses is kept this long.
    #[serde(rename = "unused_secs", deserialize_with = "parse::seconds")]
    pub unused: Duration,
}

/// Where files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStorage {
    /// In the data folder.
    Folder,
    /// In a bucket that speaks S3.
    S3,
}

/// Request rates; 0 is no limit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// One Instabot key.
    pub instabot_per_minute: u32,
    /// One Bot Open app.
    pub bot_open_per_minute: u32,
    /// One ImBox key.
    pub imbox_per_minute: u32,
    /// One Chatlake token.
    pub chatlake_per_minute: u32,
    /// One administrator key.
    pub admin_per_minute: u32,
    /// One client address.
    pub address_per_minute: u32,
    /// Logins and refused credentials of one client address.
    pub login_per_minute: u32,
}

/// The keys for stored secrets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// 32 bytes in base64.
    pub key: Option<SecretString>,
    /// Keys from before, which only open.
    pub previous_keys: Vec<SecretString>,
}

/// What flows ask outside.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Scripts that run at once; as many as there are cores, if nobody says.
    pub script_workers: Option<NonZeroUsize>,
    /// Where Dialogflow is, if not at Google's.
    #[serde(default, deserialize_with = "parse::http_url")]
    pub dialogflow_url: Option<Url>,
    /// Where tokens for it come from, if not from where a service account's key says.
    #[serde(default, deserialize_with = "parse::http_url")]
    pub dialogflow_token_url: Option<Url>,
}

/// The Instabot API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instabot {
    /// Country of phone numbers without a country code, two upper-case letters.
    #[serde(deserialize_with = "parse::region")]
    pub default_region: String,
}

/// The Bot Open API.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotOpen {
    /// How long a token is good.
    pub token_hours: NonZeroU16,
}

/// The Chatlake API. A limit of 0 is none.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chatlake {
    /// How long a client that signs in is signed in.
    pub session_days: NonZeroU16,
    /// Searches for contacts, each account.
    pub contact_searches_per_minute: u32,
    /// Counts of conversations, each user.
    pub conversation_counts_per_minute: u32,
    /// Reports, each user.
    pub user_reports_per_minute: u32,
    /// Reports, each account.
    pub account_reports_per_minute: u32,
    /// Files uploaded by themselves, each account.
    pub uploads_per_hour: u32,
    /// Transcripts sent by e-mail, each account.
    pub transcripts_per_hour: u32,
    /// Messages that come into one conversation.
    pub messages_per_conversation_per_minute: u32,
    /// Attempts to sign in, each client address.
    pub address_sign_ins_per_5_minutes: u32,
    /// Attempts to sign in, each user.
    pub email_sign_ins_per_15_minutes: u32,
}

/// Our own API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// What the operator shows to manage accounts.
    #[serde(default, deserialize_with = "parse::token")]
    pub token: Option<SecretString>,
}

impl Config {
    /// Reads the defaults, the file, the environment and the command line, in this order; later wins.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, Error> {
        let mut figment = Figment::from(Toml::string(DEFAULT));
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| Error::File {
                path: path.to_owned(),
                source,
            })?;
            figment = figment.merge(Toml::string(&text));
        }
        // An empty variable is how compose files say "not set".
        for (variable, key) in [
            ("DATABASE_URL", "database.url"),
            ("PG_BIN", "database.pg_bin"),
        ] {
            if let Some(value) = environment(variable) {
                figment = figment.merge(Serialized::default(key, value));
            }
        }
        Self::finish(
            figment.merge(Env::prefixed("QUARTET__").split("__")),
            overrides,
        )
    }

    /// Reads the defaults and `toml` over them, and nothing of the environment.
    pub fn from_toml(toml: &str) -> Result<Self, Error> {
        Self::finish(
            Figment::from(Toml::string(DEFAULT)).merge(Toml::string(toml)),
            &Overrides::default(),
        )
    }

    fn finish(mut figment: Figment, overrides: &Overrides) -> Result<Self, Error> {
        if let Some(listen) = overrides.listen {
            figment = figment.merge(Serialized::default("http.listen", listen));
        }
        if let Some(data_dir) = &overrides.data_dir {
            figment = figment.merge(Serialized::default("database.data_dir", data_dir));
        }
        let config: Self = cores::fill(figment, cores::count())
            .extract()
            .map_err(|error| Error::Invalid(Box::new(error)))?;
        if config.webhook.lease <= config.webhook.timeout {
            return Err(Error::Inconsistent(
                "webhook.lease_secs must be longer than webhook.timeout_secs",
            ));
        }
        if config.webhook.in_flight_reserved >= config.webhook.in_flight.get() {
            return Err(Error::Inconsistent(
                "webhook.in_flight_reserved must be less than webhook.in_flight",
            ));
        }
        Ok(config)
    }
}

impl Http {
    /// Where links to this server begin: its public address, or else where it listens.
    pub fn base_url(&self) -> Url {
        let listen = match self.listen {
            any if any.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], any.port())),
            one => one,
        };
        self.public_url.clone().unwrap_or_else(|| {
            Url::parse(&format!("http://{listen}")).expect("an address and a port are a URL")
        })
    }

    /// The client's own address, given the peer and the `X-Forwarded-For` values in the order of the header.
    ///
    /// Read from the right, since everything left of the first address that is no trusted proxy may be invented.
    pub fn client_address<'a>(
        &self,
        peer: IpAddr,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let trusted = |address: IpAddr| {
            self.trusted_proxies
                .iter()
                .any(|net| net.contains(&address.to_canonical()))
        };
        let mut client = peer;
        for hop in forwarded.rev() {
            if !trusted(client) {
                break;
            }
            let Ok(address) = hop.trim().parse() else {
                break;
            };
            client = address;
        }
        client.to_canonical()
    }
}

fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
