//! Published flows that were read before. A version never changes, so nothing here grows old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::Error as _;

use crate::flow::graph::Flow;
use crate::model::{AccountId, BotId, FlowVersion};
use crate::store::{self, Error, Result, Store};

/// How many flows are kept before all are read anew.
const CAPACITY: usize = 1024;

type Key = (AccountId, BotId, FlowVersion);

/// Flows by version.
#[derive(Debug, Default)]
pub(super) struct Flows(Mutex<HashMap<Key, Arc<Flow>>>);

impl Flows {
    /// The flow, read from the store if need be.
    pub(super) async fn get(
        &self,
        store: &Store,
        account: AccountId,
        bot: BotId,
        version: FlowVersion,
    ) -> Result<Arc<Flow>> {
        let key = (account, bot, version);
        if let Some(flow) = self.lock().get(&key) {
            return Ok(Arc::clone(flow));
        }
        let published = store::bots::get_flow(store, account, bot, version).await?;
        let flow = Flow::load(&published.file, published.payloads)
            .map_err(|problems| Error::Document(serde_json::Error::custom(problems)))?;
        let flow = Arc::new(flow);
        let mut flows = self.lock();
        if flows.len() >= CAPACITY {
            flows.clear();
        }
        flows.insert(key, Arc::clone(&flow));
        Ok(flow)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Flow>>> {
        // A panic elsewhere leaves a whole map behind: entries are put in at once.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
