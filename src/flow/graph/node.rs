//! One node of a checked flow, and what can be asked of any of them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::flow::condition::Test;
use crate::flow::template::Template;
use crate::model::Rich;

/// Where a way leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To a node that exists.
    Node(String),
    /// To the end.
    End,
}

/// One node. Those from `Ask` on wait for somebody.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Says something and goes on.
    Say {
        /// The messages.
        texts: Texts,
        /// A richer form of the last one.
        rich: Option<Rich>,
        /// What comes then.
        next: Way,
    },
    /// Goes on elsewhere.
    Link {
        /// Where.
        next: Way,
    },
    /// Marks a goal as reached.
    Goal {
        /// The goal.
        goal: String,
        /// What comes then.
        next: Way,
    },
    /// Remembers something.
    Set {
        /// Variables.
        vars: Vec<(String, Setting)>,
        /// Properties of the visitor.
        user: Vec<(String, Setting)>,
        /// What comes then.
        next: Way,
    },
    /// Goes one way or the other.
    Condition {
        /// What decides.
        test: Test,
        /// What comes when it is so.
        then: Way,
        /// What comes when it is not.
        otherwise: Way,
    },
    /// Runs JavaScript.
    Script(Script),
    /// Asks, and waits for an answer.
    Ask {
        /// What is asked, and said to an answer that will not do.
        prompt: Prompt,
        /// What will do.
        wants: Wants,
        /// What happens after too many wrong answers.
        give_up: Option<GiveUp>,
    },
    /// Hands the chat to the agents, and waits for them.
    LiveAgent(Box<LiveAgent>),
    /// Asks Dialogflow, and may wait for the visitor before.
    Dialogflow(Box<Dialogflow>),
    /// Asks a server of the author's, and may wait for the visitor after.
    Plugin(Box<Plugin>),
}

/// What is said, by language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// The messages.
    pub messages: Localised<Vec<Template>>,
    /// How long the bot seems to type before each of them.
    pub typing_ms: Option<u32>,
}

/// Something in one language or in several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Localised<T> {
    /// For those whose language is not there.
    pub default: T,
    /// By language tag, in lower case.
    pub by_language: BTreeMap<String, T>,
}

/// What is remembered: with placeholders, or as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A text that may hold placeholders.
    Text(Template),
    /// Anything else.
    Value(Value),
}

/// What a question says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The messages; the last one carries the options.
    pub texts: Texts,
    /// The same for an answer that will not do.
    pub retry: Texts,
}

/// What an answer must be, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wants {
    /// One of these.
    Choice(Vec<Branch>),
    /// A text of this form.
    Text(Form, Way),
}

/// What a text must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Anything that is not blank.
    Any,
    /// The visitor's name.
    Name,
    /// The visitor's e-mail address.
    Email,
    /// The visitor's phone number.
    Phone {
        /// Where a number without a country code is from, if not from where the server says.
        region: Option<String>,
    },
}

/// An option and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The option.
    pub choice: Choice,
    /// Where it leads.
    pub next: Way,
}

/// An option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name within its node.
    pub name: String,
    /// What is shown.
    pub title: Localised<String>,
    /// The number that clients choose it by.
    pub payload: i64,
}

/// A way out for a visitor who does not get it right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveUp {
    /// The wrong answer that is one too many.
    pub after: u32,
    /// What comes then.
    pub next: Way,
}

/// Hands the chat to the agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAgent {
    /// Asks first whether the visitor wants an agent.
    pub offer: Option<Offer>,
    /// What is said when the chat is handed over.
    pub texts: Texts,
    /// What a visitor chooses who does not want an agent any longer.
    pub leave: Option<Choice>,
    /// How long the visitor waits for somebody.
    pub timeout_secs: Option<u32>,
    /// What comes when the agent ends it.
    pub ended: Way,
    /// What comes when the visitor does not want an agent, or no longer.
    pub declined: Way,
    /// What comes when nobody answered in time.
    pub timed_out: Way,
}

/// The question before a chat is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What is asked.
    pub prompt: Prompt,
    /// Yes.
    pub accept: Choice,
    /// No.
    pub decline: Choice,
}

/// Runs JavaScript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The program.
    pub source: String,
    /// What comes after `next()`.
    pub next: Way,
    /// What it may name.
    pub ways: BTreeMap<String, Way>,
    /// What comes when it fails.
    pub on_error: Way,
}

/// Asks a server of the author's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Where it is.
    pub url: String,
    /// How long it may take.
    pub timeout_ms: u32,
    /// Whether it takes the visitor's words turn by turn until it says that it is done.
    pub until_done: bool,
    /// What is said to words that are none of the options it offers.
    pub retry: Texts,
    /// What comes when its answer names no way.
    pub next: Way,
    /// What comes when it names one of these.
    pub ways: BTreeMap<String, Way>,
    /// What comes when it takes too long.
    pub timed_out: Way,
    /// What comes when it fails.
    pub on_error: Way,
}

/// Asks Dialogflow what the visitor wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogflow {
    /// The name that the agent's key is kept under.
    pub agent: String,
    /// The language it is spoken to in, if not the visitor's.
    pub language: Option<String>,
    /// Whether the visitor is to say something first.
    pub listen: bool,
    /// What is asked before.
    pub texts: Texts,
    /// Whether Dialogflow's own texts are left unsaid.
    pub silent: bool,
    /// The variable that its custom payload goes to.
    pub payload: Option<String>,
    /// The variables that its parameters go to, by the parameter's name.
    pub parameters: BTreeMap<String, String>,
    /// What comes by the name of the intent.
    pub intents: BTreeMap<String, Way>,
    /// What comes for any other intent.
    pub next: Way,
    /// What comes when it understood nothing.
    pub fallback: Way,
    /// What comes when it fails.
    pub on_error: Way,
}

impl Node {
    /// What it offers to choose from.
    pub fn choices(&self) -> Vec<&Choice> {
        match self {
            Self::Ask {
                wants: Wants::Choice(branches),
                ..
            } => branches.iter().map(|branch| &branch.choice).collect(),
            Self::LiveAgent(live) => {
                let offer = live.offer.iter();
                let offer = offer.flat_map(|offer| [&offer.accept, &offer.decline]);
                offer.chain(&live.leave).collect()
            }
            Self::Ask { .. }
            | Self::Say { .. }
            | Self::Link { .. }
            | Self::Goal { .. }
            | Self::Set { .. }
            | Self::Condition { .. }
            | Self::Script(_)
            | Self::Dialogflow(_)
            | Self::Plugin(_) => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub(super) fn choices_mut(&mut self) -> Vec<&mut Choice> {
        match self {
            Self::Ask {
                wants: Wants::Choice(branches),
                ..
            } => branches
                .iter_mut()
                .map(|branch| &mut branch.choice)
                .collect(),
            Self::LiveAgent(live) => {
                let offer = live.offer.iter_mut();
                let offer = offer.flat_map(|offer| [&mut offer.accept, &mut offer.decline]);
                offer.chain(&mut live.leave).collect()
            }
            Self::Ask { .. }
            | Self::Say { .. }
            | Self::Link { .. }
            | Self::Goal { .. }
            | Self::Set { .. }
            | Self::Condition { .. }
            | Self::Script(_)
            | Self::Dialogflow(_)
            | Self::Plugin(_) => Vec::new(),
        }
    }

    /// Every way out of it.
    pub fn ways(&self) -> Vec<&Way> {
        match self {
            Self::Say { next, .. }
            | Self::Link { next }
            | Self::Goal { next, .. }
            | Self::Set { next, .. } => vec![next],
            Self::Condition {
                then, otherwise, ..
            } => vec![then, otherwise],
            Self::Script(script) => {
                let ways = [&script.next, &script.on_error].into_iter();
                ways.chain(script.ways.values()).collect()
            }
            Self::Ask { wants, give_up, .. } => {
                let mut ways: Vec<&Way> = match wants {
                    Wants::Choice(branches) => branches.iter().map(|branch| &branch.next).collect(),
                    Wants::Text(_, next) => vec![next],
                };
                ways.extend(give_up.as_ref().map(|give_up| &give_up.next));
                ways
            }
            Self::LiveAgent(live) => vec![&live.ended, &live.declined, &live.timed_out],
            Self::Dialogflow(ask) => {
                let ways = [&ask.next, &ask.fallback, &ask.on_error].into_iter();
                ways.chain(ask.intents.values()).collect()
            }
            Self::Plugin(plugin) => {
                let ways = [&plugin.next, &plugin.timed_out, &plugin.on_error].into_iter();
                ways.chain(plugin.ways.values()).collect()
            }
        }
    }

    /// Where it may go on without the visitor; nothing if it waits for somebody.
    pub fn passes_to(&self) -> Vec<&Way> {
        match self {
            Self::Ask { .. } | Self::LiveAgent(_) => Vec::new(),
            Self::Dialogflow(ask) if ask.listen => Vec::new(),
            Self::Say { .. }
            | Self::Link { .. }
            | Self::Goal { .. }
            | Self::Set { .. }
            | Self::Condition { .. }
            | Self::Script(_)
            | Self::Dialogflow(_)
            | Self::Plugin(_) => self.ways(),
        }
    }

    /// Whether the visitor's words are kept under its name.
    pub fn has_answer(&self) -> bool {
        match self {
            Self::Ask { .. } | Self::Plugin(_) => true,
            Self::Dialogflow(ask) => ask.listen,
            Self::Say { .. }
            | Self::Link { .. }
            | Self::Goal { .. }
            | Self::Set { .. }
            | Self::Condition { .. }
            | Self::Script(_)
            | Self::LiveAgent(_) => false,
        }
    }

    /// Whether what came back from outside is kept under its name.
    pub fn has_result(&self) -> bool {
        match self {
            Self::Script(_) | Self::Dialogflow(_) | Self::Plugin(_) => true,
            Self::Say { .. }
            | Self::Link { .. }
            | Self::Goal { .. }
            | Self::Set { .. }
            | Self::Condition { .. }
            | Self::Ask { .. }
            | Self::LiveAgent(_) => false,
        }
    }
}

impl<T> Localised<T> {
    /// What there is for a visitor's language: in it, in the language that it is a variety of, or the default.
    pub fn in_language(&self, language: &str) -> &T {
        let tag = language.to_lowercase();
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let found = self.by_language.get(&tag);
        found
            .or_else(|| self.by_language.get(primary))
            .unwrap_or(&self.default)
    }

    /// The default and every other.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.default).chain(self.by_language.values())
    }
}
