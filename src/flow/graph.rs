//! A flow whose every way leads somewhere: what the engine walks on.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::model::Rich;

use super::file::{File, Problems};
use super::template::Template;
use super::{check, compile};

/// A checked flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub(super) start: String,
    /// The numbers that the author states for options.
    pub(super) stated_payloads: HashSet<i64>,
    pub(super) nodes: BTreeMap<String, Node>,
}

/// Where a way leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To a node that exists.
    Node(String),
    /// To the end.
    End,
}

/// One node. The first four are walked through; the others wait for somebody.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Says something and goes on.
    Say {
        /// The messages.
        texts: Vec<Template>,
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
    LiveAgent(LiveAgent),
}

/// What a question says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The messages; the last one carries the options.
    pub texts: Vec<Template>,
    /// The same for an answer that will not do.
    pub retry: Vec<Template>,
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

/// An option as a visitor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name within its node.
    pub name: String,
    /// What is shown.
    pub title: String,
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
    pub texts: Vec<Template>,
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

impl Flow {
    /// Reads and checks a flow file. Options whose file states no number get provisional ones.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        Self::new(&File::parse(text)?)
    }

    /// Checks a flow file as a whole.
    pub fn new(file: &File) -> Result<Self, Problems> {
        let (flow, mut problems) = compile::compile(file);
        problems.extend(check::check(&flow, file));
        if problems.is_empty() {
            return Ok(flow);
        }
        problems.sort_by_key(|problem| problem.line);
        Err(Problems(problems))
    }

    /// Reads a published flow with the numbers that were given to its options.
    pub fn load(
        document: &Value,
        payloads: impl IntoIterator<Item = (String, String, i64)>,
    ) -> Result<Self, Problems> {
        let mut flow = Self::new(&File::from_document(document)?)?;
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
            let choices: Vec<&mut Choice> = match node {
                Node::Ask {
                    wants: Wants::Choice(branches),
                    ..
                } => branches
                    .iter_mut()
                    .map(|branch| &mut branch.choice)
                    .collect(),
                Node::LiveAgent(LiveAgent {
                    offer: Some(offer), ..
                }) => vec![&mut offer.accept, &mut offer.decline],
                Node::Ask { .. }
                | Node::LiveAgent(_)
                | Node::Say { .. }
                | Node::Link { .. }
                | Node::Goal { .. } => Vec::new(),
            };
            choices
                .into_iter()
                .map(move |choice| (name.as_str(), choice))
        })
    }
}

impl Node {
    /// What it offers to choose from.
    pub fn choices(&self) -> Vec<&Choice> {
        match self {
            Self::Ask {
                wants: Wants::Choice(branches),
                ..
            } => branches.iter().map(|branch| &branch.choice).collect(),
            Self::LiveAgent(LiveAgent {
                offer: Some(offer), ..
            }) => vec![&offer.accept, &offer.decline],
            Self::Ask { .. }
            | Self::LiveAgent(_)
            | Self::Say { .. }
            | Self::Link { .. }
            | Self::Goal { .. } => Vec::new(),
        }
    }

    /// Every way out of it.
    pub fn ways(&self) -> Vec<&Way> {
        match self {
            Self::Say { next, .. } | Self::Link { next } | Self::Goal { next, .. } => vec![next],
            Self::Ask { wants, give_up, .. } => {
                let mut ways: Vec<&Way> = match wants {
                    Wants::Choice(branches) => branches.iter().map(|branch| &branch.next).collect(),
                    Wants::Text(_, next) => vec![next],
                };
                ways.extend(give_up.as_ref().map(|give_up| &give_up.next));
                ways
            }
            Self::LiveAgent(live) => vec![&live.ended, &live.declined, &live.timed_out],
        }
    }

    /// Where it goes on at once; nothing if it waits for somebody.
    pub fn passes_to(&self) -> Option<&Way> {
        match self {
            Self::Say { next, .. } | Self::Link { next } | Self::Goal { next, .. } => Some(next),
            Self::Ask { .. } | Self::LiveAgent(_) => None,
        }
    }

    /// Every text it may say.
    pub fn texts(&self) -> Vec<&Template> {
        match self {
            Self::Say { texts, .. } => texts.iter().collect(),
            Self::Link { .. } | Self::Goal { .. } => Vec::new(),
            Self::Ask { prompt, .. } => prompt.all().collect(),
            Self::LiveAgent(live) => {
                let offer = live.offer.iter().flat_map(|offer| offer.prompt.all());
                offer.chain(&live.texts).collect()
            }
        }
    }
}

impl Prompt {
    fn all(&self) -> impl Iterator<Item = &Template> {
        self.texts.iter().chain(&self.retry)
    }
}
