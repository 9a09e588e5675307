//! From what a file can say to types that cannot be wrong.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error};
use url::Url;

use super::Allowed;

/// Longer than any pause or time-out that makes sense.
const LONGEST_SECS: f64 = 366.0 * 86_400.0;

pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration(f64::deserialize(deserializer)?)
}

pub(super) fn seconds_list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Duration>, D::Error> {
    Vec::<f64>::deserialize(deserializer)?
        .into_iter()
        .map(duration)
        .collect()
}

fn duration<E: Error>(secs: f64) -> Result<Duration, E> {
    if secs > 0.0 && secs <= LONGEST_SECS {
        Ok(Duration::from_secs_f64(secs))
    } else {
        Err(E::custom(format_args!(
            "{secs} is not a time: more than 0 seconds, at most a year"
        )))
    }
}

/// A token that cannot be guessed. It is not repeated in the error.
pub(super) fn token<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    let Some(token) = Option::<SecretString>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let text = token.expose_secret();
    if text.len() >= 32 && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(token))
    } else {
        Err(D::Error::custom(
            "a token has at least 32 characters, all of them ASCII without spaces",
        ))
    }
}

pub(super) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        percent @ 0..=100 => Ok(percent),
        other => Err(D::Error::custom(format_args!(
            "{other} is more than 100 percent"
        ))),
    }
}

pub(super) fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let region = String::deserialize(deserializer)?;
    if region.len() == 2 && region.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(region)
    } else {
        Err(D::Error::custom(format_args!(
            "{region:?} is not a country of two upper-case letters"
        )))
    }
}

pub(super) fn http_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Url>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
        Ok(_) | Err(_) => Err(D::Error::custom(format_args!(
            "{text:?} is not an http or https address"
        ))),
    }
}

pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let entries = Vec::<String>::deserialize(deserializer)?;
    entries
        .iter()
        .map(|entry| {
            network(entry).ok_or_else(|| {
                D::Error::custom(format_args!(
                    "{entry:?} is neither an address nor a network"
                ))
            })
        })
        .collect()
}

pub(super) fn allowed<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Allowed>, D::Error> {
    let entries = Vec::<String>::deserialize(deserializer)?;
    entries.iter().map(|entry| allow(entry)).collect()
}

fn allow<E: Error>(entry: &str) -> Result<Allowed, E> {
    if let Some(network) = network(entry) {
        return Ok(Allowed::Network(network));
    }
    // Whoever writes a port or a scheme expects it to count; it would not.
    let host = entry.trim_end_matches('.').to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || !host.bytes().all(plain) {
        return Err(E::custom(format_args!(
            "{entry:?} is neither a host name nor a network"
        )));
    }
    Ok(Allowed::Host(host))
}

fn network(entry: &str) -> Option<IpNet> {
    entry
        .parse()
        .ok()
        .or_else(|| entry.parse::<IpAddr>().ok().map(IpNet::from))
}
