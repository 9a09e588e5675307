//! One attempt: render, sign, send.

use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{payload, sign, verdict};
use crate::clock::Clock;
use crate::config;
use crate::model::EndpointKind;
use crate::outbound::{
    self,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use crate::store::deliveries::{Attempted, Claimed};

/// How much of a receiver's answer is kept.
const RESPONSE_HEAD_BYTES: usize = 4096;

/// Why nothing was answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the signing secret cannot be opened with this server's key")]
    Secret,
    #[error("the event cannot be told to this kind of endpoint")]
    Snapshot,
    #[error(transparent)]
    Outbound(outbound::Error),
}

impl Failure {
    fn class(&self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Snapshot => "snapshot",
            Self::Outbound(error) => error.class(),
        }
    }
}

/// Attempts a delivery and decides what becomes of it.
pub(super) async fn attempt(
    claimed: &Claimed,
    client: &outbound::Client,
    config: &config::Webhook,
    clock: &dyn Clock,
) -> Attempted {
    let started_at = clock.now();
    let began = Instant::now();
    let outcome = send(claimed, client, config, started_at).await;
    let duration = began.elapsed();
    let next = verdict::judge(&outcome, claimed.attempt_in_schedule, config, clock.now());
    let (status, error_class, error, response_head) = match outcome {
        Ok(response) => {
            let refused = !verdict::arrived(response.status);
            let error = refused.then(|| outbound::status_line(response.status));
            let head = head(&response.body_head);
            (
                Some(response.status),
                refused.then_some("status"),
                error,
                head,
            )
        }
        Err(failure) => {
            let text = failure.to_string();
            (None, Some(failure.class()), Some(text.clone()), text)
        }
    };
    Attempted {
        account: claimed.account,
        id: claimed.id,
        attempt: claimed.attempt,
        replayed: claimed.replayed,
        endpoint: claimed.endpoint,
        conversation: claimed.conversation,
        failing: claimed.failing,
        started_at,
        duration,
        status,
        error_class,
        error,
        response_head,
        next,
    }
}

async fn send(
    claimed: &Claimed,
    client: &outbound::Client,
    config: &config::Webhook,
    at: DateTime<Utc>,
) -> Result<outbound::Response, Failure> {
    let url = outbound::check_url(&claimed.url).map_err(|fault| Failure::Outbound(fault.into()))?;
    let body = payload::render(claimed).map_err(|_| Failure::Snapshot)?;
    let request = outbound::Request {
        url,
        headers: headers(claimed, at, &body).ok_or(Failure::Secret)?,
        body: Bytes::from(body),
        timeout: Some(config.timeout),
        max_response_bytes: None,
    };
    client.post(request).await.map_err(Failure::Outbound)
}

/// While a secret is being changed, the standard signature has one with each; Chatlake's header holds one only, with
/// the new secret.
fn headers(claimed: &Claimed, at: DateTime<Utc>, body: &[u8]) -> Option<HeaderMap> {
    let id = claimed.uuid.to_string();
    let secrets: Vec<&str> = claimed
        .secrets
        .iter()
        .map(SecretString::expose_secret)
        .collect();
    let newest = secrets.first()?;
    let mut headers = outbound::sign::standard(&secrets, &id, at, body)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if claimed.endpoint_kind != EndpointKind::Callback {
        headers.insert("x-chatwoot-delivery", id.parse().ok()?);
        headers.insert("x-chatwoot-timestamp", at.timestamp().into());
        let signature = sign::chatlake(newest, at, body);
        headers.insert("x-chatwoot-signature", signature.parse().ok()?);
    }
    Some(headers)
}

/// The beginning of an answer, as text.
fn head(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(RESPONSE_HEAD_BYTES)]).into_owned()
}
