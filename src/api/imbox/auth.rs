//! Who asks: the key and the account's number in the path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Error, Imbox, Result, wire};
use crate::model::{AccountId, AccountStatus, Conversation, Scope};
use crate::store;

/// The account that the request's key opens.
pub(super) struct Caller(pub(super) AccountId);

/// A conversation of the caller's account, named in the path.
pub(super) struct Subject {
    pub(super) account: AccountId,
    pub(super) conversation: Conversation,
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(rename = "apiKey")]
    api_key: SecretString,
    #[serde(rename = "userId")]
    user_id: String,
}

#[derive(Deserialize)]
struct SubjectPath {
    #[serde(rename = "conversationID")]
    conversation: String,
}

impl FromRequestParts<Imbox> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, imbox: &Imbox) -> Result<Self> {
        // A rejection would quote the path, and with it the key.
        let Path(credentials) = Path::<Credentials>::from_request_parts(parts, imbox)
            .await
            .map_err(|_| Error::Unauthenticated)?;
        let caller =
            store::keys::find_caller(&imbox.app.store, credentials.api_key.expose_secret())
                .await?
                .filter(|caller| caller.account_status == AccountStatus::Active)
                .filter(|caller| caller.account.to_string() == credentials.user_id)
                .ok_or(Error::Unauthenticated)?;
        imbox
            .limiter
            .check(&format!("{}/{}", caller.account, caller.key))
            .map_err(Error::RateLimited)?;
        if !caller.scopes.contains(&Scope::Imbox) {
            return Err(Error::Forbidden);
        }
        Ok(Self(caller.account))
    }
}

impl FromRequestParts<Imbox> for Subject {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, imbox: &Imbox) -> Result<Self> {
        let Caller(account) = Caller::from_request_parts(parts, imbox).await?;
        let Path(path) = Path::<SubjectPath>::from_request_parts(parts, imbox)
            .await
            .map_err(|_| Error::Invalid("The conversationID is malformed".to_owned()))?;
        let id = wire::read_conversation_id(&path.conversation)?.ok_or(Error::Store(
            store::Error::NotFound(store::Noun::Conversation),
        ))?;
        let conversation = store::conversations::get(&imbox.app.store, account, id).await?;
        Ok(Self {
            account,
            conversation,
        })
    }
}
