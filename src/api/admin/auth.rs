//! Who asks: an account's administrator key, or the operator of the server.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::error::{Error, Result};
use crate::api::AppState;
use crate::api::edge::{ClientAddress, RateLimiter};
use crate::model::{AccountId, AccountStatus, Scope};
use crate::store;

/// What this API's handlers and extractors reach.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    pub(super) app: AppState,
    /// The operator's token; nobody is the operator without one.
    pub(super) operator: Option<SecretString>,
    /// Requests by credential.
    pub(super) by_credential: Arc<RateLimiter>,
    /// Refused credentials by address.
    pub(super) refused: Arc<RateLimiter>,
}

impl FromRef<Admin> for AppState {
    fn from_ref(admin: &Admin) -> Self {
        admin.app.clone()
    }
}

/// Somebody who administers this one account, by a key of it.
pub(super) struct Administrator(pub(super) AccountId);

/// Somebody who runs the server: manages accounts, and sees into none.
pub(super) struct Operator;

enum Caller {
    Administrator(AccountId),
    Operator,
}

impl FromRequestParts<Admin> for Administrator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self> {
        match admin.identify(parts).await? {
            Caller::Administrator(account) => Ok(Self(account)),
            Caller::Operator => Err(Error::Forbidden(
                "the server's token opens no account; use a key of the account",
            )),
        }
    }
}

impl FromRequestParts<Admin> for Operator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self> {
        match admin.identify(parts).await? {
            Caller::Operator => Ok(Self),
            Caller::Administrator(_) => Err(Error::Forbidden(
                "only the server's own token, admin.token, manages accounts",
            )),
        }
    }
}

impl Admin {
    async fn identify(&self, parts: &Parts) -> Result<Caller> {
        let Some(token) = bearer(parts) else {
            return Err(self.refuse(parts));
        };
        if self.is_operator(token) {
            self.by_credential.check("operator")?;
            return Ok(Caller::Operator);
        }
        let Some(caller) = store::keys::find_caller(&self.app.store, token).await? else {
            return Err(self.refuse(parts));
        };
        self.by_credential
            .check(&format!("{}/{}", caller.account, caller.key))?;
        if !caller.scopes.contains(&Scope::Admin) {
            return Err(Error::Forbidden("this key does not have the scope admin"));
        }
        match caller.account_status {
            AccountStatus::Active => Ok(Caller::Administrator(caller.account)),
            AccountStatus::Suspended => Err(Error::Forbidden("this account is suspended")),
        }
    }

    fn is_operator(&self, token: &str) -> bool {
        self.operator.as_ref().is_some_and(|operator| {
            operator
                .expose_secret()
                .as_bytes()
                .ct_eq(token.as_bytes())
                .into()
        })
    }

    /// Guessing is slowed down.
    fn refuse(&self, parts: &Parts) -> Error {
        match ClientAddress::rate_key(parts).map(|address| self.refused.check(&address)) {
            Some(Err(wait)) => wait.into(),
            Some(Ok(())) | None => Error::Unauthenticated,
        }
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}
