//! The emulated APIs and our own, one folder each. No API names another.

pub mod admin;
pub mod bot_open;
pub mod chatlake;
pub mod edge;
pub mod feed;
pub mod imbox;
pub mod instabot;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::flow::{Outside, Runner};
use crate::store::Store;
use feed::Feed;

/// What every handler reaches.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The conversation store.
    pub store: Store,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Runs the bots.
    pub runner: Runner,
    /// Streams of what happens.
    pub feed: Feed,
}

impl AppState {
    /// What handlers reach of a server with this configuration, whose flows ask `outside`.
    pub fn new(store: Store, clock: Arc<dyn Clock>, config: &Config, outside: Outside) -> Self {
        let runner = Runner::new(store.clone(), &config.instabot.default_region).asking(outside);
        let feed = Feed::new(store.clone(), config.feed);
        Self {
            store,
            clock,
            runner,
            feed,
        }
    }
}
