//! The emulated APIs and our own, one folder each. No API names another.

pub mod admin;
pub mod bot_open;
pub mod chatlake;
pub mod edge;
pub mod imbox;
pub mod instabot;

use std::sync::Arc;

use crate::clock::Clock;
use crate::store::Store;

/// What every handler reaches.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The conversation store.
    pub store: Store,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}
