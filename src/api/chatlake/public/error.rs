//! The same refusals as in the rest of this API, but for what is not found: here the framework's own words say it.

use axum::response::{IntoResponse, Response};

use crate::api::chatlake::error;
use crate::api::edge::RetryAfter;
use crate::store;

pub(super) type Result<T> = std::result::Result<T, Error>;

/// Why a visitor's client was refused.
#[derive(Debug)]
pub(in crate::api::chatlake) struct Error(error::Error);

impl<E: IntoError> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into_error())
    }
}

/// What an error of this API is made from.
pub(super) trait IntoError {
    fn into_error(self) -> error::Error;
}

impl IntoError for error::Error {
    fn into_error(self) -> error::Error {
        self
    }
}

impl IntoError for store::Error {
    fn into_error(self) -> error::Error {
        self.into()
    }
}

impl IntoError for RetryAfter {
    fn into_error(self) -> error::Error {
        self.into()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match self.0 {
            error::Error::NotFound | error::Error::Store(store::Error::NotFound(_)) => {
                error::Error::NoPage.into_response()
            }
            other => other.into_response(),
        }
    }
}
