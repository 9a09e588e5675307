//! Signatures by which a receiver knows that a call is ours: Standard Webhooks, and the HMAC under every such scheme.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderValue};
use sha2::Sha256;

/// The three headers of Standard Webhooks for one call, with a signature for each of the secrets: several while one is
/// being changed. There are none where a secret is not `whsec_` and base64, or the id does not fit into a header.
pub fn standard(secrets: &[&str], id: &str, at: DateTime<Utc>, body: &[u8]) -> Option<HeaderMap> {
    let signatures = secrets
        .iter()
        .map(|secret| signature(secret, id, at, body))
        .collect::<Option<Vec<_>>>()?
        .join(" ");
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", id.parse().ok()?);
    headers.insert("webhook-timestamp", HeaderValue::from(at.timestamp()));
    headers.insert("webhook-signature", signatures.parse().ok()?);
    Some(headers)
}

/// HMAC-SHA256 over the parts, one after the other.
pub fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `v1,` and the base64 of the HMAC over `id.timestamp.body`, with the key that the base64 behind `whsec_` holds.
fn signature(secret: &str, id: &str, at: DateTime<Utc>, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let timestamp = at.timestamp().to_string();
    let signed = hmac(
        &key,
        &[id.as_bytes(), b".", timestamp.as_bytes(), b".", body],
    );
    Some(format!("v1,{}", STANDARD.encode(signed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_standard_signature_is_what_the_standard_library_verifies() {
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let headers = standard(&[SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap();
        assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(
            headers["webhook-signature"],
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn without_a_key_or_a_fitting_id_nothing_is_signed() {
        let at = DateTime::UNIX_EPOCH;
        assert_eq!(standard(&["no prefix"], "id", at, b""), None);
        assert_eq!(standard(&[SECRET], "two\nlines", at, b""), None);
    }
}
