//! Who asks: the key in the body.

use secrecy::{ExposeSecret, SecretString};

use super::{Error, Instabot, Result};
use crate::model::{AccountId, AccountStatus, Scope};
use crate::store;

impl Instabot {
    /// The account that a key opens.
    pub(super) async fn authenticate(&self, key: &SecretString) -> Result<AccountId> {
        let caller = store::keys::find_caller(&self.app.store, key.expose_secret())
            .await?
            .filter(|caller| caller.account_status == AccountStatus::Active)
            .ok_or(Error::InvalidApiKey)?;
        self.limiter
            .check(&format!("{}/{}", caller.account, caller.key))
            .map_err(Error::RateLimited)?;
        if !caller.scopes.contains(&Scope::Instabot) {
            return Err(Error::Forbidden);
        }
        Ok(caller.account)
    }
}
