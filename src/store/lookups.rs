//! Rows that are asked for by their ids, found together with others that are asked for at the time: one statement for all.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

use super::groups::{self, Groups, Job};
use super::{Result, Store};
use crate::model::AccountId;

/// A row that can be looked up.
pub(super) trait Lookup: Clone + Debug + Send + 'static {
    /// What names it among an account's.
    type Id: Copy + Debug + Eq + Hash + Send + Sync;

    /// Those that are asked for at the time.
    fn asked(store: &Store) -> &Groups<Asked<Self>>;

    /// Whose it is, and its id among the account's.
    fn place(&self) -> (AccountId, Self::Id);

    /// Of these rows, each named by its account and its id, those that are there, in no order.
    fn find_all(
        store: &Store,
        accounts: &[i64],
        ids: &[Self::Id],
    ) -> impl Future<Output = Result<Vec<Self>>> + Send;
}

/// A row to look up.
#[derive(Debug)]
pub(super) struct Asked<R: Lookup> {
    account: AccountId,
    id: R::Id,
}

/// The row, if it is there.
pub(super) async fn find<R: Lookup>(
    store: &Store,
    account: AccountId,
    id: R::Id,
) -> Result<Option<R>> {
    R::asked(store).join(store, Asked { account, id }).await
}

impl<R: Lookup> Job for Asked<R> {
    type Key = ();
    type Outcome = Option<R>;

    fn key(&self) -> Option<()> {
        None
    }

    async fn run(store: &Store, asked: Vec<Self>) -> Vec<Result<Option<R>>> {
        let accounts: Vec<i64> = asked.iter().map(|asked| asked.account.0).collect();
        let ids: Vec<R::Id> = asked.iter().map(|asked| asked.id).collect();
        match R::find_all(store, &accounts, &ids).await {
            Ok(found) => {
                let found = found.into_iter().map(|row| (row.place(), row));
                let found: HashMap<_, R> = found.collect();
                let rows = asked
                    .iter()
                    .map(|asked| found.get(&(asked.account, asked.id)));
                rows.map(|row| Ok(row.cloned())).collect()
            }
            Err(error) => groups::failed(error, asked.len()),
        }
    }
}
