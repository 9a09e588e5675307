//! That agents are to count anew what is unread: told to accounts with a switch for it, once an inbox.

use std::collections::BTreeSet;

use super::tell::{Told, told};
use crate::api::chatlake::wire::push::AccountData;
use crate::model::{AccountId, InboxId};
use crate::store::{self, Store, accounts};

/// The feature of an account by which its agents are told.
const FEATURE: &str = "conversation_unread_counts";

/// What there is to tell of inboxes in which something was written, read or moved.
pub(super) async fn changed(
    store: &Store,
    account: AccountId,
    inboxes: BTreeSet<InboxId>,
) -> store::Result<Vec<Told>> {
    if inboxes.is_empty() {
        return Ok(Vec::new());
    }
    let features = accounts::get(store, account).await?.features;
    if !features
        .get(FEATURE)
        .and_then(|on| on.as_bool())
        .unwrap_or_default()
    {
        return Ok(Vec::new());
    }
    let event = "conversation.unread_count_changed";
    let inboxes = inboxes.into_iter();
    inboxes
        .map(|inbox| told(event, AccountData::new(account), Some(inbox), Vec::new()))
        .collect()
}
