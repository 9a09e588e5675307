//! A flow as its author writes it: YAML or JSON, with the line of everything that can be wrong.
//!
//! Only the shape is decided here, and an unknown key is refused. What the names lead to is `graph`'s to check.

mod at;
mod condition;
mod node;
mod outside;
mod problem;
mod texts;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use at::At;
pub use condition::{Condition, Operator, Test};
pub use node::{
    Choice, GiveUp, Goal, Link, LiveAgent, MultipleChoice, Node, Offer, Phone, Question, Say, Set,
};
pub use outside::{Dialogflow, Plugin, Script};
pub use problem::{Problem, Problems};
pub use texts::{Localised, OneOrMany, Texts, Title};

/// The longest file that is read.
const MAX_BYTES: usize = 1 << 20;

/// A bot's flow.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The version of the format: 1.
    pub version: At<u32>,
    /// The node that a chat begins at.
    pub start: At<String>,
    /// Where a phone number without a country code is from (ISO 3166).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<At<String>>,
    /// The language of visitors whose own is not known or not spoken here; needed where texts are by language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<At<String>>,
    /// What comes when a node fails that has no way of its own for that, and when a turn takes too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Way,
    /// Variables and what they are at first. Those that only a plugin or Dialogflow sets must be here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, At<Value>>,
    /// The nodes by name.
    pub nodes: BTreeMap<String, At<Node>>,
}

/// Where a way leads: a node's name, or `end`. It may be missing here, so that the check can name what lacks it.
pub type Way = Option<At<String>>;

impl File {
    /// Reads a flow file. JSON is YAML, so one reader serves both.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        read(text)
    }

    /// The file as a document to keep.
    pub fn to_document(&self) -> Value {
        serde_json::to_value(self).expect("names, texts and numbers are always JSON")
    }

    /// Reads a kept document.
    pub fn from_document(document: &Value) -> Result<Self, Problems> {
        Self::deserialize(document).map_err(|error| Problem::of_file(error.to_string()).into())
    }

    /// The JSON Schema of a flow file, for editors.
    pub fn schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }
}

/// Reads a file of the author's, of whatever shape. An unknown key is told with its line where the shape refuses it.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Problems> {
    if text.len() > MAX_BYTES {
        return Err(Problem::of_file("is longer than 1 MiB").into());
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let at = error.location().filter(|at| at.line() > 0);
        let mut cause = error
            .without_snippet()
            .render_with_formatter(&serde_saphyr::UserMessageFormatter);
        if let Some(at) = at {
            // The line is told apart from the cause.
            let place = format!(" at line {}, column {}", at.line(), at.column());
            cause = cause.replace(&place, "");
        }
        Problem {
            line: at.map(|at| at.line()),
            node: None,
            cause,
        }
        .into()
    })
}
