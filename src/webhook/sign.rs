//! The signature that receivers of Chatlake's webhooks check, beside the standard one that everybody gets.

use chrono::{DateTime, Utc};

use crate::outbound::sign::hmac;

/// The value of `X-Chatwoot-Signature`: `sha256=` and the hex of HMAC-SHA256 over `timestamp.body`, with the secret's
/// text as the key.
pub(super) fn chatlake(secret: &str, at: DateTime<Utc>, body: &[u8]) -> String {
    let signed = hmac(
        secret.as_bytes(),
        &[at.timestamp().to_string().as_bytes(), b".", body],
    );
    format!("sha256={}", hex::encode(signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chatlake_signature_covers_timestamp_and_body() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac s3cret
        assert_eq!(
            chatlake("s3cret", at, b"{}"),
            "sha256=97926816e98fbb41ccb1673225ff29a2f35369099990e1b1561651e7bd097ebf"
        );
    }
}
