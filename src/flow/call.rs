//! What a node asks of somebody outside the flow, and what comes back. The runner does the asking.

use serde_json::{Map, Value};

use crate::model::Rich;

/// Something to ask.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The node that asks.
    pub node: String,
    /// What it asks.
    pub ask: Ask,
}

/// What is asked, and of whom.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// A script, which runs beside the server.
    Script {
        /// The program.
        source: String,
        /// What it may know.
        context: Context,
    },
    /// A server of the author's.
    Plugin {
        /// Where it is.
        url: String,
        /// How long it may take.
        timeout_ms: u32,
        /// What the visitor said, or the value of the option that was chosen, if that is why it is asked.
        text: Option<String>,
        /// Which call of this node in a row it is, from 1 on.
        turn: u32,
        /// What it may know.
        context: Context,
    },
    /// Dialogflow.
    Dialogflow {
        /// The name that its agent's key is kept under.
        agent: String,
        /// The language to speak.
        language: String,
        /// What the visitor said.
        text: String,
    },
}

/// What a script or a plugin may know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The visitor's properties.
    pub user: Map<String, Value>,
    /// What was answered, by node.
    pub answers: Map<String, Value>,
    /// What the chat was started with.
    pub metadata: Map<String, Value>,
    /// The variables.
    pub vars: Map<String, Value>,
    /// The goals that were reached.
    pub goals: Vec<String>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Returned {
    /// From a script.
    Script(Outcome),
    /// From a plugin.
    Plugin(Answer),
    /// From Dialogflow.
    Dialogflow(Detected),
}

/// Why nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It took longer than its node lets it.
    TimedOut,
    /// It failed, or what came back made no sense.
    Failed,
    /// The turn has no time left to ask.
    OutOfTime,
}

/// What a script did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The node it named; nothing for `next()`.
    pub next: Option<String>,
    /// Properties of the visitor that it set.
    pub user: Map<String, Value>,
    /// Variables that it set.
    pub vars: Map<String, Value>,
    /// What it said.
    pub said: Vec<String>,
    /// What it came to.
    pub result: Value,
}

/// What a plugin answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// What it says.
    pub messages: Vec<Said>,
    /// What the visitor may choose.
    pub options: Vec<Choice>,
    /// Variables that it set.
    pub vars: Map<String, Value>,
    /// Properties of the visitor that it set.
    pub user: Map<String, Value>,
    /// The way it named.
    pub way: Option<String>,
    /// Whether it needs no further words of the visitor.
    pub done: bool,
}

/// A message of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The words.
    pub text: String,
    /// A richer form.
    pub rich: Option<Rich>,
}

/// An option of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is shown.
    pub title: String,
    /// What the plugin knows it by.
    pub value: String,
}

/// What Dialogflow understood.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detected {
    /// The intent's name.
    pub intent: Option<String>,
    /// Whether that is the one for what it does not understand.
    pub is_fallback: bool,
    /// What it would say.
    pub texts: Vec<String>,
    /// Its custom payload.
    pub payload: Option<Value>,
    /// What it found in the words.
    pub parameters: Map<String, Value>,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
}
