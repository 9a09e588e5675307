//! Tokens, and the extractors that ask for them.

use std::num::NonZeroU16;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::BotOpen;
use super::error::{Error, Result};
use crate::api::edge::ClientAddress;
use crate::model::{AccountId, AppId, BotApp, BotId};
use crate::store;

/// Signs tokens and reads them again.
pub(super) struct Tokens {
    encoding: EncodingKey,
    /// Of the newest key, then of older ones.
    decoding: Vec<DecodingKey>,
    validation: Validation,
    lifetime: TimeDelta,
}

/// What a token says. Clients take it as a whole.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    account: i64,
    app: i64,
    /// Of the secret that was shown for it.
    generation: i64,
    iat: i64,
    exp: i64,
}

impl Tokens {
    /// Tokens signed with the newest of these keys, the first, and read with all of them; good for so many hours.
    pub(super) fn new(keys: &[[u8; 32]], hours: NonZeroU16) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The library would ask the machine for the time; `read` asks the clock.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self {
            encoding: EncodingKey::from_secret(&keys[0]),
            decoding: keys
                .iter()
                .map(|key| DecodingKey::from_secret(key))
                .collect(),
            validation,
            lifetime: TimeDelta::hours(hours.get().into()),
        }
    }

    /// A token for an app, and when it ends.
    pub(super) fn issue(
        &self,
        app: &BotApp,
        now: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>)> {
        let iat = now.timestamp();
        let exp = iat + self.lifetime.num_seconds();
        let claims = Claims {
            account: app.account.0,
            app: app.id.0,
            generation: app.generation,
            iat,
            exp,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)?;
        Ok((token, DateTime::from_timestamp(exp, 0).unwrap_or(now)))
    }

    fn read(&self, token: &str, now: DateTime<Utc>) -> Option<Claims> {
        let decode = |key| jsonwebtoken::decode::<Claims>(token, key, &self.validation).ok();
        let claims = self.decoding.iter().find_map(decode)?.claims;
        (now.timestamp() < claims.exp).then_some(claims)
    }
}

/// The bot whose app asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) account: AccountId,
    pub(super) bot: BotId,
}

impl FromRequestParts<BotOpen> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &BotOpen) -> Result<Self> {
        let Some(header) = parts.headers.get(AUTHORIZATION) else {
            return Err(refuse(
                parts,
                api,
                "the Authorization header must hold the authToken",
            ));
        };
        let now = api.app.clock.now();
        let token = header.to_str().unwrap_or_default();
        let Some(claims) = api.tokens.read(without_scheme(token), now) else {
            return Err(refuse(
                parts,
                api,
                "the authToken is unknown or has expired",
            ));
        };
        let app = AppId(claims.app);
        api.requests
            .check(&app.to_string())
            .map_err(Error::too_many)?;
        let account = AccountId(claims.account);
        match store::apps::find_open(&api.app.store, account, app, claims.generation).await? {
            Some(app) => Ok(Self {
                account,
                bot: app.bot,
            }),
            None => Err(refuse(parts, api, "the authToken has been revoked")),
        }
    }
}

/// One try at logging in, counted.
#[derive(Debug)]
pub(super) struct Attempt;

impl FromRequestParts<BotOpen> for Attempt {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &BotOpen) -> Result<Self> {
        count(parts, api).map(|()| Self)
    }
}

/// Says why, until an address has been told too often.
fn refuse(parts: &Parts, api: &BotOpen, why: &'static str) -> Error {
    count(parts, api)
        .err()
        .unwrap_or(Error::Unauthenticated(why))
}

fn count(parts: &Parts, api: &BotOpen) -> Result<()> {
    match ClientAddress::rate_key(parts) {
        Some(address) => api.logins.check(&address).map_err(Error::too_many),
        None => Ok(()),
    }
}

fn without_scheme(header: &str) -> &str {
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => header.trim(),
    }
}
