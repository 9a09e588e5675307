//! Which inbox, which way into it, which conversation: each extractor loads what it names, through the one before.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::error::{Error, Result};
use crate::api::chatlake::{Server, error};
use crate::model::{AccountId, AccountStatus, ContactInbox, Conversation, ConversationId, Inbox};
use crate::outbound::sign;
use crate::store::{contacts, inboxes, visitors};

/// An inbox that the path names.
#[derive(Debug)]
pub(in crate::api::chatlake) struct AtInbox {
    pub(super) account: AccountId,
    pub(super) inbox: Inbox,
}

/// Somebody with a way into the inbox that the path names.
#[derive(Debug)]
pub(in crate::api::chatlake) struct Visitor {
    pub(super) at: AtInbox,
    pub(super) way: ContactInbox,
}

/// A conversation that the visitor sees.
#[derive(Debug)]
pub(in crate::api::chatlake) struct InVisit {
    pub(super) visitor: Visitor,
    pub(super) conversation: Conversation,
}

/// What proves an identifier.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Proof<'a> {
    pub(super) identifier: Option<&'a str>,
    pub(super) hash: Option<&'a str>,
}

impl AtInbox {
    /// The identifier that is proved, if one is. A proof that fails is refused, as is its absence where there must be one.
    pub(super) async fn check<'a>(
        &self,
        server: &Server,
        proof: Proof<'a>,
    ) -> Result<Option<&'a str>> {
        let hash = proof.hash.filter(|hash| !hash.is_empty());
        if hash.is_none() && !self.inbox.hmac_mandatory {
            return Ok(None);
        }
        let identifier = proof.identifier.unwrap_or_default();
        let key = inboxes::hmac_token(&server.store, self.account, self.inbox.id).await?;
        let mac = sign::hmac(key.expose_secret().as_bytes(), &[identifier.as_bytes()]);
        let given = hash.and_then(|hash| hex::decode(hash).ok());
        let fits = given.is_some_and(|given| bool::from(given.ct_eq(&mac)));
        if fits && !identifier.is_empty() {
            Ok(Some(identifier))
        } else {
            Err(error::Error::NotProved.into())
        }
    }
}

impl Visitor {
    /// Checks the proof, and from then on takes the visitor for proved if it is of its own identifier.
    pub(super) async fn prove(&mut self, server: &Server, proof: Proof<'_>) -> Result<()> {
        let Some(proved) = self.at.check(server, proof).await? else {
            return Ok(());
        };
        let account = self.at.account;
        let contact = contacts::get(&server.store, account, self.way.contact).await?;
        match contact.identifier.as_deref() {
            Some(own) if own == proved => {
                visitors::verify(&server.store, account, self.way.id, server.now()).await?;
                self.way.hmac_verified = true;
                Ok(())
            }
            Some(_) => Err(error::Error::NotProved.into()),
            None => Ok(()),
        }
    }
}

impl FromRequestParts<Server> for AtInbox {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let identifier = path_text(parts, server, "inbox_identifier").await?;
        let door = visitors::find_door(&server.store, &identifier).await?;
        let door = door.ok_or(error::Error::NotFound)?;
        match door.account_status {
            AccountStatus::Active => Ok(Self {
                account: door.account,
                inbox: door.inbox,
            }),
            AccountStatus::Suspended => Err(error::Error::Suspended.into()),
        }
    }
}

impl FromRequestParts<Server> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let at = AtInbox::from_request_parts(parts, server).await?;
        let source_id = path_text(parts, server, "source_id").await?;
        let way = visitors::get_way(&server.store, at.account, at.inbox.id, &source_id).await?;
        Ok(Self { at, way })
    }
}

impl FromRequestParts<Server> for InVisit {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let visitor = Visitor::from_request_parts(parts, server).await?;
        let id = path_text(parts, server, "conversation_id").await?;
        let id = ConversationId(id.parse().map_err(|_| error::Error::NotFound)?);
        let (account, way) = (visitor.at.account, &visitor.way);
        let conversation = visitors::get_conversation(&server.store, account, way, id).await?;
        Ok(Self {
            visitor,
            conversation,
        })
    }
}

async fn path_text(parts: &mut Parts, server: &Server, name: &str) -> Result<String> {
    let params = RawPathParams::from_request_parts(parts, server)
        .await
        .map_err(|_| error::Error::NotFound)?;
    let text = params
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, text)| text.to_owned());
    Ok(text.ok_or(error::Error::NotFound)?)
}
