//! The nodes as their author writes them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{At, Condition, Dialogflow, Plugin, Script, Texts, Title, Way};

/// One node: its type, then what belongs to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
    /// Remembers something.
    Set(Set),
    /// Goes one way or the other.
    Condition(Condition),
    /// Runs JavaScript.
    Script(Script),
    /// Asks Dialogflow what the visitor wants.
    Dialogflow(Box<Dialogflow>),
    /// Asks a server of the author's.
    Plugin(Box<Plugin>),
}

/// Says something and goes on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// What is said; where a richer form is given, what clients show that have only text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<At<Texts>>,
    /// A richer form of the last text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rich: Option<At<BTreeMap<String, Value>>>,
    /// What comes then.
    #[serde(default)]
    pub next: Way,
    /// How long the bot seems to type before each of its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing_ms: Option<At<u32>>,
}

/// A question with options.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MultipleChoice {
    /// What is asked.
    pub text: At<Texts>,
    /// What is said to an answer that is none of the options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<At<Texts>>,
    /// What may be chosen.
    pub options: Vec<At<Choice>>,
    /// What happens after too many wrong answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up: Option<At<GiveUp>>,
    /// How long the bot seems to type before each of its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing_ms: Option<At<u32>>,
}

/// One option of a question.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What the visitor sees.
    pub title: Title,
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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub text: At<Texts>,
    /// What is said to an answer that will not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<At<Texts>>,
    /// What comes after an answer that does.
    #[serde(default)]
    pub next: Way,
    /// What happens after too many wrong answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up: Option<At<GiveUp>>,
    /// How long the bot seems to type before each of its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing_ms: Option<At<u32>>,
}

/// A question for a phone number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// What is asked.
    pub text: At<Texts>,
    /// What is said to an answer that is no phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<At<Texts>>,
    /// Where a number without a country code is from, when not from the flow's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<At<String>>,
    /// What comes after a phone number.
    #[serde(default)]
    pub next: Way,
    /// What happens after too many wrong answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give_up: Option<At<GiveUp>>,
    /// How long the bot seems to type before each of its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing_ms: Option<At<u32>>,
}

/// A way out for a visitor who does not get it right.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveUp {
    /// The wrong answer that is one too many.
    pub after: u32,
    /// What comes then.
    #[serde(default)]
    pub next: Way,
}

/// Goes on elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Where.
    #[serde(default)]
    pub next: Way,
}

/// Hands the chat to the agents.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveAgent {
    /// Asks first whether the visitor wants an agent at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<At<Offer>>,
    /// What is said when the chat is handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<At<Texts>>,
    /// What the visitor may say, while the agents have the chat, to leave them; offered as a button with the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave: Option<At<Title>>,
    /// How long the visitor waits for somebody to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<At<u32>>,
    /// What comes when the agent ends it.
    #[serde(default)]
    pub ended: Way,
    /// What comes when the visitor does not want an agent, or no longer.
    #[serde(default)]
    pub declined: Way,
    /// What comes when nobody answered in time.
    #[serde(default)]
    pub timed_out: Way,
    /// How long the bot seems to type before each of its texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typing_ms: Option<At<u32>>,
}

/// The question before a chat is handed over.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What is asked.
    pub text: At<Texts>,
    /// What is said to an answer that is neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<At<Texts>>,
    /// The title of yes.
    pub accept: At<Title>,
    /// The title of no.
    pub decline: At<Title>,
}

/// Marks a goal as reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The goal.
    pub name: At<String>,
    /// What comes then.
    #[serde(default)]
    pub next: Way,
}

/// Remembers something. A text may hold placeholders.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vars: BTreeMap<String, At<Value>>,
    /// Properties of the visitor; `null` forgets one of the author's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<String, At<Value>>,
    /// What comes then.
    #[serde(default)]
    pub next: Way,
}
