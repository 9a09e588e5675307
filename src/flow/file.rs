//! A flow as its author writes it: YAML or JSON, with the line of everything that can be wrong.
//!
//! Only the shape is decided here, and an unknown key is refused. What the names lead to is `graph`'s to check.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_saphyr::Spanned;

/// The longest file that is read.
const MAX_BYTES: usize = 1 << 20;

/// A flow file, version 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The version of the format.
    pub version: Spanned<u32>,
    /// The node that a chat begins at.
    pub start: Spanned<String>,
    /// Where a phone number without a country code is from (ISO 3166).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Spanned<String>>,
    /// The nodes by name.
    pub nodes: BTreeMap<String, Spanned<Node>>,
}

/// One node: its type, then what belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// Says something and goes on.
    Say(Say),
    /// Asks for exactly one of its options.
    MultipleChoice(MultipleChoice),
    /// Asks for any text.
    FreeText(Question),
    /// Asks for the visitor's name.
    Name(Question),
    /// Asks for the visitor's e-mail address.
    Email(Question),
    /// Asks for the visitor's phone number.
    Phone(Phone),
    /// Goes on at a node that stands elsewhere.
    Link(Link),
    /// Hands the chat to the agents.
    LiveAgent(Box<LiveAgent>),
    /// Marks a goal as reached.
    Goal(Goal),
}

/// Where a way leads: a node's name, or `end`. It may be missing here, so that the check can name what lacks it.
pub type Way = Option<Spanned<String>>;

/// Says something and goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// What is said.
    pub text: Spanned<Texts>,
    /// A richer form of the last text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rich: Option<Spanned<BTreeMap<String, Value>>>,
    /// What comes then.
    #[serde(default)]
    pub next: Way,
}

/// A question with options.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultipleChoice {
    /// What is asked.
    pub text: Spanned<Texts>,
    /// What is said to an answer that is none of the options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Spanned<Texts>>,
    /// What may be chosen.
    pub options: Vec<Spanned<Choice>>,
    /// What happens after too many wrong answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up: Option<Spanned<GiveUp>>,
}

/// One option of a question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What the visitor sees.
    pub title: String,
    /// Names the option over edits of its title; the title does if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The number that clients choose it by; one is given if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<i64>,
    /// What comes when it is chosen.
    #[serde(default)]
    pub next: Way,
}

/// A question with one way out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub text: Spanned<Texts>,
    /// What is said to an answer that will not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Spanned<Texts>>,
    /// What comes after an answer that does.
    #[serde(default)]
    pub next: Way,
    /// What happens after too many wrong answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up: Option<Spanned<GiveUp>>,
}

/// A question for a phone number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// What is asked.
    pub text: Spanned<Texts>,
    /// What is said to an answer that is no phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Spanned<Texts>>,
    /// Where a number without a country code is from, when not from the flow's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Spanned<String>>,
    /// What comes after a phone number.
    #[serde(default)]
    pub next: Way,
    /// What happens after too many wrong answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up: Option<Spanned<GiveUp>>,
}

/// A way out for a visitor who does not get it right.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveUp {
    /// The wrong answer that is one too many.
    pub after: u32,
    /// What comes then.
    #[serde(default)]
    pub next: Way,
}

/// Goes on elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Where.
    #[serde(default)]
    pub next: Way,
}

/// Hands the chat to the agents.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveAgent {
    /// Asks first whether the visitor wants an agent at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Spanned<Offer>>,
    /// What is said when the chat is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Spanned<Texts>>,
    /// How long the visitor waits for somebody to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<Spanned<u32>>,
    /// What comes when the agent ends it.
    #[serde(default)]
    pub ended: Way,
    /// What comes when the visitor does not want an agent, or no longer.
    #[serde(default)]
    pub declined: Way,
    /// What comes when nobody answered in time.
    #[serde(default)]
    pub timed_out: Way,
}

/// The question before a chat is handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What is asked.
    pub text: Spanned<Texts>,
    /// What is said to an answer that is neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Spanned<Texts>>,
    /// The title of yes.
    pub accept: Spanned<String>,
    /// The title of no.
    pub decline: Spanned<String>,
}

/// Marks a goal as reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The goal.
    pub name: Spanned<String>,
    /// What comes then.
    #[serde(default)]
    pub next: Way,
}

/// One text or several, each a message of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Texts(pub Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text (in quotes if it looks like something else) or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }
}

impl File {
    /// Reads a flow file. JSON is YAML, so one reader serves both.
    pub fn parse(text: &str) -> Result<Self, Problems> {
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

    /// The file as a document to keep.
    pub fn to_document(&self) -> Value {
        serde_json::to_value(self).expect("names, texts and numbers are always JSON")
    }

    /// Reads a kept document.
    pub fn from_document(document: &Value) -> Result<Self, Problems> {
        Self::deserialize(document).map_err(|error| Problem::of_file(error.to_string()).into())
    }
}

/// One thing that is wrong with a flow file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it is on, where that is known.
    pub line: Option<u64>,
    /// The node it is in.
    pub node: Option<String>,
    /// What is wrong.
    pub cause: String,
}

impl Problem {
    /// A problem of no node in particular.
    pub fn of_file(cause: impl Into<String>) -> Self {
        Self {
            line: None,
            node: None,
            cause: cause.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(node) = &self.node {
            write!(f, "node `{node}`: ")?;
        }
        f.write_str(&self.cause)
    }
}

/// Everything that is wrong with a flow file, in its order; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
