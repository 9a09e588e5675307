//! One step of a chat: from what came in to what the bot wants done. No I/O, no clock, no chance.
//!
//! Nodes are walked until one waits for somebody or the flow ends. A node that must ask outside stops the walk in the
//! same way: it becomes a place in the session and a call as the last effect, and what came of it comes back as an input.

mod answer;
mod outside;
mod say;

use serde_json::Value;

use crate::model::{Attributes, Email, PhoneNumber, Rich};

use super::call::{Call, Fault, Returned};
use super::graph::{Flow, Node, Way};
use super::session::{Place, Session};

/// The most nodes that one turn passes.
pub const STEP_BUDGET: usize = 100;

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// The chat begins.
    Start,
    /// The visitor said something.
    Reply {
        /// The words.
        text: &'a str,
        /// The number of the option that was chosen.
        payload: Option<i64>,
    },
    /// What came of a call.
    Returned(&'a Result<Returned, Fault>),
    /// The agent ended the live part.
    AgentEnded,
    /// Nobody came in time.
    LiveTimeout,
    /// The visitor does not want an agent any longer.
    VisitorDeclined,
}

/// What is known of the visitor when a turn begins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visitor {
    /// Name, or empty.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// What the account keeps.
    pub properties: Attributes,
    /// What the chat was started with.
    pub metadata: Attributes,
    /// Where a phone number without a country code is from when the flow does not say (ISO 3166).
    pub region: String,
}

/// What the bot wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// A message to the visitor.
    Say(Say),
    /// Something to keep about the visitor.
    SetContact(ContactChange),
    /// Something to ask outside, whose outcome the walk waits for.
    Call(Call),
    /// The agents take the chat.
    HandOver {
        /// How long the visitor waits for one of them.
        timeout_secs: Option<u32>,
    },
    /// The flow is over.
    End,
}

impl Effect {
    /// Whether it is something to ask outside.
    pub fn is_call(&self) -> bool {
        matches!(self, Self::Call(_))
    }
}

/// A message to the visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Say {
    /// The words.
    pub text: String,
    /// What may be chosen; empty if nothing is to be chosen.
    pub options: Vec<Button>,
    /// A richer form.
    pub rich: Option<Rich>,
    /// How long the bot seems to type before it.
    pub typing_ms: Option<u32>,
}

/// An option as a visitor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    /// What is shown.
    pub title: String,
    /// The number that clients choose it by.
    pub payload: i64,
}

/// Something to keep about the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactChange {
    /// The name.
    Name(String),
    /// The e-mail address.
    Email(Email),
    /// The phone number.
    PhoneNumber(PhoneNumber),
    /// One of the author's own properties; `null` forgets it.
    Property(String, Value),
}

/// What a turn comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// What is remembered from now on.
    pub session: Session,
    /// What is known of the visitor from now on.
    pub visitor: Visitor,
}

/// Takes an input and walks on until the bot waits for somebody or the flow ends.
///
/// An input that the session does not wait for changes nothing.
pub fn advance(flow: &Flow, session: Session, visitor: Visitor, input: Input<'_>) -> Turn {
    let mut walk = Walk {
        flow,
        visitor,
        session,
        effects: Vec::new(),
        steps: 0,
        failed: false,
    };
    walk.take(input);
    Turn {
        effects: walk.effects,
        session: walk.session,
        visitor: walk.visitor,
    }
}

struct Walk<'a> {
    flow: &'a Flow,
    visitor: Visitor,
    session: Session,
    effects: Vec<Effect>,
    /// How many nodes the turn has passed.
    steps: usize,
    /// Whether it passed too many once already.
    failed: bool,
}

impl<'a> Walk<'a> {
    fn take(&mut self, input: Input<'_>) {
        let flow = self.flow;
        match (self.session.place.clone(), input) {
            (Place::Beginning, Input::Start) => {
                self.session.vars.clone_from(&flow.variables);
                self.go_to_node(&flow.start);
            }
            (Place::Question { node, tries }, Input::Reply { text, payload }) => {
                self.answer(&node, tries, text, payload);
            }
            (place @ Place::Plugin { .. }, Input::Reply { text, payload }) => {
                self.answer_plugin(place, text, payload)
            }
            (Place::Calling { node, steps, turns }, Input::Returned(outcome)) => {
                self.steps = steps;
                self.returned(&node, turns, outcome);
            }
            (Place::Live { node }, Input::Reply { text, payload }) => {
                self.answer_live(&node, text, payload);
            }
            (Place::Live { node }, Input::AgentEnded) => self.leave_live(&node, Leave::Ended),
            (Place::Live { node }, Input::LiveTimeout) => self.leave_live(&node, Leave::TimedOut),
            (Place::Live { node }, Input::VisitorDeclined) => {
                self.leave_live(&node, Leave::Declined);
            }
            (Place::Beginning, _)
            | (Place::Question { .. }, _)
            | (Place::Plugin { .. }, _)
            | (Place::Calling { .. }, _)
            | (Place::Live { .. }, _)
            | (Place::Ended, _) => {}
        }
    }

    fn go(&mut self, way: &'a Way) {
        match way {
            Way::Node(name) => self.go_to_node(name),
            Way::End => self.end(),
        }
    }

    fn go_to_node(&mut self, start: &'a str) {
        let mut name = start;
        loop {
            if self.steps >= STEP_BUDGET {
                match &self.flow.on_error {
                    Way::Node(way) if !self.failed => {
                        self.failed = true;
                        self.steps = 0;
                        name = way;
                    }
                    Way::Node(_) | Way::End => break,
                }
            }
            self.steps += 1;
            match self.visit(name) {
                Some(Way::Node(next)) => name = next,
                Some(Way::End) => break,
                None => return,
            }
        }
        self.end();
    }

    /// Does what a node does, and tells where it goes on at once; nothing if it waits for somebody.
    fn visit(&mut self, name: &'a str) -> Option<&'a Way> {
        match self.flow.nodes.get(name) {
            Some(Node::Say { texts, rich, next }) => {
                self.say_richly(texts, rich.as_ref());
                Some(next)
            }
            Some(Node::Link { next }) => Some(next),
            Some(Node::Goal { goal, next }) => {
                self.session.goals.insert(goal.clone());
                Some(next)
            }
            Some(Node::Set { vars, user, next }) => {
                self.set(vars, user);
                Some(next)
            }
            Some(Node::Condition {
                test,
                then,
                otherwise,
            }) => {
                let holds = test.holds(&|reference| self.value(reference));
                Some(if holds { then } else { otherwise })
            }
            Some(Node::Script(script)) => {
                self.call_script(name, script);
                None
            }
            Some(Node::Plugin(plugin)) => {
                self.call_plugin(name, plugin, None, 0);
                None
            }
            Some(Node::Dialogflow(ask)) if ask.listen => {
                self.ask(name, 0, &ask.texts, Vec::new());
                None
            }
            Some(Node::Dialogflow(ask)) => {
                self.call_dialogflow(name, ask);
                None
            }
            Some(Node::Ask { prompt, wants, .. }) => {
                let buttons = self.buttons(wants);
                self.ask(name, 0, &prompt.texts, buttons);
                None
            }
            Some(Node::LiveAgent(live)) => {
                match &live.offer {
                    Some(offer) => self.ask_offer(name, offer, &offer.prompt.texts),
                    None => self.hand_over(name, live),
                }
                None
            }
            None => Some(&Way::End),
        }
    }

    fn end(&mut self) {
        self.effects.push(Effect::End);
        self.session.place = Place::Ended;
    }
}

/// How the live part of a chat ends.
#[derive(Debug, Clone, Copy)]
enum Leave {
    Ended,
    TimedOut,
    Declined,
}
