//! Signatures: Standard Webhooks for everybody, and the header trio that receivers of Chatlake's webhooks check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, with the key that the
/// base64 behind `whsec_` holds.
pub(super) fn standard(secret: &str, id: &str, at: DateTime<Utc>, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let signed = hmac(
        &key,
        &[
            id.as_bytes(),
            b".",
            at.timestamp().to_string().as_bytes(),
            b".",
            body,
        ],
    );
    Some(format!("v1,{}", STANDARD.encode(signed)))
}

/// The value of `X-Chatwoot-Signature`: `sha256=` and the hex of HMAC-SHA256 over `timestamp.body`, with the secret's
/// text as the key.
pub(super) fn chatlake(secret: &str, at: DateTime<Utc>, body: &[u8]) -> String {
    let signed = hmac(
        secret.as_bytes(),
        &[at.timestamp().to_string().as_bytes(), b".", body],
    );
    format!("sha256={}", hex::encode(signed))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_signature_is_what_the_standard_library_verifies() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(
            standard(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(standard("no prefix", "id", at, body), None);
    }

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
