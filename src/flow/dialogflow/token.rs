//! Access tokens, each fetched once and used until shortly before its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync;
use url::form_urlencoded;

use super::Agent;
use super::key::fingerprint;
use crate::flow::failure::{self, Failure};
use crate::outbound::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use crate::outbound::{self};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest answer of a token endpoint.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// How long before its end a token is no longer used.
const MARGIN: TimeDelta = TimeDelta::seconds(60);
/// The longest time that a token is used, in seconds, whatever its endpoint says.
const MAX_SECS: i64 = 24 * 3600;
/// Keys whose tokens are kept.
const CAPACITY: usize = 1024;

/// A token and when it is to be renewed.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) text: SecretString,
    until: DateTime<Utc>,
}

/// The tokens of every key that is in use. A slot's lock is held while its token is fetched, so that one call fetches
/// and the others wait for it.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    slots: Mutex<HashMap<[u8; 32], Slot>>,
}

#[derive(Debug)]
struct Slot {
    token: Arc<sync::Mutex<Option<Token>>>,
    used_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: i64,
}

impl Tokens {
    /// A token for the agent's key, other than `refused`, which was not taken although its time is not over.
    pub(super) async fn get(
        &self,
        client: &outbound::Client,
        agent: &Agent,
        refused: Option<&Token>,
        now: DateTime<Utc>,
    ) -> Result<Token, Failure> {
        let slot = self.slot(agent, now);
        let mut slot = slot.lock().await;
        let is_refused = |token: &Token| {
            refused.is_some_and(|other| token.text.expose_secret() == other.text.expose_secret())
        };
        if let Some(token) = &*slot
            && now < token.until
            && !is_refused(token)
        {
            return Ok(token.clone());
        }
        let token = fetch(client, agent, now)
            .await
            .map_err(|error| Failure::NoToken(Box::new(error)))?;
        Ok(slot.insert(token).clone())
    }

    /// The place for the token of the agent's key. The one that was not used for the longest time makes room.
    fn slot(&self, agent: &Agent, now: DateTime<Utc>) -> Arc<sync::Mutex<Option<Token>>> {
        let id = fingerprint(&[
            &agent.key.fingerprint(),
            agent.token_url().as_str().as_bytes(),
        ]);
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= CAPACITY && !slots.contains_key(&id) {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.used_at);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                slots.remove(&oldest);
            }
        }
        let slot = slots.entry(id).or_insert_with(|| Slot {
            token: Arc::default(),
            used_at: now,
        });
        slot.used_at = now;
        Arc::clone(&slot.token)
    }
}

async fn fetch(
    client: &outbound::Client,
    agent: &Agent,
    now: DateTime<Utc>,
) -> Result<Token, Failure> {
    let assertion = agent.key.assertion(now)?;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", GRANT_TYPE)
        .append_pair("assertion", &assertion)
        .finish();
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let call = outbound::Request {
        url: agent.token_url().clone(),
        headers,
        body: Bytes::from(form),
        timeout: None,
        max_response_bytes: Some(MAX_ANSWER_BYTES),
    };
    let answer = client.post(call).await?;
    let granted: Granted = failure::read(failure::body(&answer, MAX_ANSWER_BYTES)?)?;
    let lifetime = TimeDelta::seconds(granted.expires_in.clamp(0, MAX_SECS));
    Ok(Token {
        text: granted.access_token,
        until: now + lifetime - MARGIN,
    })
}
