//! What is remembered of one visitor in one flow, from turn to turn.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

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
    /// The agents have the chat.
    Live {
        /// The node that handed it over.
        node: String,
    },
    /// The flow is over.
    Ended,
}
