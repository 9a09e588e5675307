//! What is remembered of one visitor in one flow, from turn to turn.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is remembered. A key that an older server did not write has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Where the visitor is.
    pub place: Place,
    /// What was answered, by node.
    pub answers: BTreeMap<String, String>,
    /// The goals that were reached.
    pub goals: BTreeSet<String>,
    /// The variables.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub vars: Map<String, Value>,
    /// What came of scripts, plugins and Dialogflow, by node.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub results: Map<String, Value>,
    /// What the visitor said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// Where a visitor is in a flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Place {
    /// Nothing was said yet.
    #[default]
    Beginning,
    /// The bot waits for an answer.
    Question {
        /// The node that asks.
        node: String,
        /// How many answers would not do.
        tries: u32,
    },
    /// The bot waits for what the visitor says to a plugin.
    Plugin {
        /// The plugin's node.
        node: String,
        /// How often it answered.
        turns: u32,
        /// What it offers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        offers: Vec<Offered>,
        /// Whether an answer to that leads on, rather than to the plugin again.
        #[serde(default)]
        done: bool,
        /// The way that the plugin named for then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        way: Option<String>,
    },
    /// The bot waits for what it asked outside. Only within a turn: it is never kept.
    Calling {
        /// The node that asks.
        node: String,
        /// How many nodes the turn has passed.
        steps: usize,
        /// How often a plugin answered before.
        turns: u32,
    },
    /// The agents have the chat.
    Live {
        /// The node that handed it over.
        node: String,
    },
    /// The flow is over.
    Ended,
}

impl Place {
    /// Whether the bot waits for what the visitor says.
    pub fn awaits_words(&self) -> bool {
        match self {
            Self::Question { .. } | Self::Plugin { .. } => true,
            Self::Beginning | Self::Calling { .. } | Self::Live { .. } | Self::Ended => false,
        }
    }
}

/// An option that a plugin offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// What is shown.
    pub title: String,
    /// What the plugin knows it by.
    pub value: String,
    /// The number that clients choose it by.
    pub payload: i64,
}
