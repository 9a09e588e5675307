//! A flow whose every way leads somewhere: what the engine walks on.

mod node;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use super::file::{File, Problems};
use super::{check, compile};

pub use node::{
    Branch, Choice, Dialogflow, Form, GiveUp, LiveAgent, Localised, Node, Offer, Plugin, Prompt,
    Script, Setting, Texts, Wants, Way,
};

/// A checked flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub(super) start: String,
    /// Where a phone number without a country code is from, if the flow says.
    pub(super) region: Option<String>,
    /// The language of visitors whose own is not known.
    pub(super) language: String,
    /// What comes when a node without a way of its own for that fails.
    pub(super) on_error: Way,
    /// The variables that a chat begins with.
    pub(super) variables: Map<String, Value>,
    /// The numbers that the author states for options.
    pub(super) stated_payloads: HashSet<i64>,
    pub(super) nodes: BTreeMap<String, Node>,
}

impl Flow {
    /// Reads and checks a flow file. Options whose file states no number get provisional ones.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        Self::new(&File::parse(text)?)
    }

    /// Checks a flow file as a whole.
    pub fn new(file: &File) -> Result<Self, Problems> {
        let mut compiled = compile::compile(file);
        let more = check::check(&compiled, file);
        compiled.problems.extend(more);
        if compiled.problems.is_empty() {
            return Ok(compiled.flow);
        }
        compiled.problems.sort_by_key(|problem| problem.line);
        Err(Problems(compiled.problems))
    }

    /// Reads a published flow with the numbers that were given to its options. It was checked when it was published, and
    /// sessions that run on it go on even if today's check asks for more.
    pub fn load(
        document: &Value,
        payloads: impl IntoIterator<Item = (String, String, i64)>,
    ) -> Result<Self, Problems> {
        let mut flow = compile::compile(&File::from_document(document)?).flow;
        let payloads: HashMap<(String, String), i64> = payloads
            .into_iter()
            .map(|(node, option, payload)| ((node, option), payload))
            .collect();
        for (node, choice) in flow.choices_mut() {
            if let Some(payload) = payloads.get(&(node.to_owned(), choice.name.clone())) {
                choice.payload = *payload;
            }
        }
        Ok(flow)
    }

    /// Every option with the name of its node.
    pub fn choices(&self) -> impl Iterator<Item = (&str, &Choice)> {
        self.nodes.iter().flat_map(|(name, node)| {
            node.choices()
                .into_iter()
                .map(move |choice| (name.as_str(), choice))
        })
    }

    /// The number that the author states for an option of a flow that was just read.
    pub fn stated_payload(&self, choice: &Choice) -> Option<i64> {
        Some(choice.payload).filter(|payload| self.stated_payloads.contains(payload))
    }

    /// How long a visitor waits at a node for an agent.
    pub fn timeout_secs(&self, node: &str) -> Option<u32> {
        if let Node::LiveAgent(live) = self.nodes.get(node)? {
            live.timeout_secs
        } else {
            None
        }
    }

    fn choices_mut(&mut self) -> impl Iterator<Item = (&str, &mut Choice)> {
        self.nodes.iter_mut().flat_map(|(name, node)| {
            node.choices_mut()
                .into_iter()
                .map(move |choice| (name.as_str(), choice))
        })
    }
}
