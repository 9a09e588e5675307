//! The nodes that ask somebody outside the flow, as their author writes them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{At, Texts, Way};

/// Runs JavaScript.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The program. It reads and writes through `context`, and calls `next()` or `next("node")`.
    pub source: At<String>,
    /// What comes after `next()`.
    #[serde(default)]
    pub next: Way,
    /// The nodes that the script may name, or `end`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<At<String>>,
    /// What comes when it fails; where that is missing, the flow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Way,
}

/// Asks a server of the author's.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// Where it is.
    pub url: At<String>,
    /// How long it may take, 100 to 10000; 5000 if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<At<u32>>,
    /// Whether it takes the visitor's words turn by turn until it says that it is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub until_done: bool,
    /// What comes when its answer names no way.
    #[serde(default)]
    pub next: Way,
    /// What comes when its answer names one of these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ways: BTreeMap<String, At<String>>,
    /// What is said to words that are none of the options it offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<At<Texts>>,
    /// What comes when it takes too long; where that is missing, as for any failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed_out: Way,
    /// What comes when it fails; where that is missing, the flow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Way,
}

/// Asks Dialogflow what the visitor wants.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dialogflow {
    /// The name that the agent's service-account key is kept under.
    pub agent: At<String>,
    /// The language it is spoken to in; the visitor's, if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<At<String>>,
    /// Whether the bot waits for the visitor's words first; else the last ones are sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub listen: bool,
    /// What is asked before it listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<At<Texts>>,
    /// Whether Dialogflow's own texts are left unsaid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// The variable that its custom payload goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<At<String>>,
    /// The variables that its parameters go to, by the parameter's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, At<String>>,
    /// What comes by the name of the intent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub intents: BTreeMap<String, At<String>>,
    /// What comes for any other intent.
    #[serde(default)]
    pub next: Way,
    /// What comes when it understood nothing.
    #[serde(default)]
    pub fallback: Way,
    /// What comes when it fails; where that is missing, the flow's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Way,
}
