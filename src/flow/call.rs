//! What a node asks of somebody outside the flow, and what comes back. The runner does the asking.

pub use super::dialogflow::Detected;
pub use super::plugin::{Answer, Choice, Said};
pub use super::script::{Context, Outcome};

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
