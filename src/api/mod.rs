//! The emulated APIs and our own, one folder each. No API names another.

pub mod admin;
pub mod bot_open;
pub mod chatlake;
pub mod edge;
pub mod feed;
pub mod files;
pub mod imbox;
pub mod instabot;

use std::ops::Deref;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Config;
use crate::files::{Files, Links};
use crate::flow::{Outside, Runner};
use crate::store::Store;
use feed::Feed;
use files::Intake;

/// What every handler reaches. Cheap to clone, as every request does.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of it.
#[derive(Debug)]
pub struct Parts {
    /// The conversation store.
    pub store: Store,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Runs the bots.
    pub runner: Runner,
    /// Streams of what happens.
    pub feed: Feed,
    /// Where uploaded files go.
    pub intake: Intake,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AppState {
    /// What handlers reach of a server with this configuration, whose flows ask `outside`.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        config: &Config,
        outside: Outside,
        files: Files,
    ) -> Self {
        let keys = store.vault().derive("links to files");
        let links = Links::new(keys, &config.http, config.files.link, Arc::clone(&clock));
        let store = store.linking(links);
        let runner = Runner::new(store.clone(), &config.instabot.default_region).asking(outside);
        let feed = Feed::new(store.clone(), config.feed);
        let intake = Intake::new(store.clone(), files, Arc::clone(&clock), &config.files);
        Self(Arc::new(Parts {
            store,
            clock,
            runner,
            feed,
            intake,
        }))
    }
}
