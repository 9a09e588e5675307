//! One step of a chat: from what came in to what the bot wants done. No I/O, no clock, no chance.
//!
//! Nodes are walked until one waits for somebody or the flow ends. A node that must ask another server stops the
//! walk in the same way: it becomes a place in the session and an effect, and its result comes back as an input.

use crate::model::{Attributes, Email, PhoneNumber, Rich};

use super::compile::fold;
use super::graph::{Choice, Flow, Form, GiveUp, LiveAgent, Node, Offer, Prompt, Wants, Way};
use super::session::{Place, Session};
use super::template::{Reference, Template, UserField};

/// The most nodes that one turn passes.
pub const STEP_BUDGET: usize = 100;
/// The most of an answer that is remembered, in characters: sessions stay small whatever a visitor pastes.
const MAX_ANSWER: usize = 4_000;
/// The longest name.
const MAX_NAME: usize = 255;

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The agents take the chat.
    HandOver {
        /// How long the visitor waits for one of them.
        timeout_secs: Option<u32>,
    },
    /// The flow is over.
    End,
}

/// A message to the visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Say {
    /// The words.
    pub text: String,
    /// What may be chosen; empty if nothing is to be chosen.
    pub options: Vec<Choice>,
    /// A richer form.
    pub rich: Option<Rich>,
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
}

/// What a turn comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// What is remembered from now on.
    pub session: Session,
}

/// Takes an input and walks on until the bot waits for somebody or the flow ends.
///
/// An input that the session does not wait for changes nothing.
pub fn advance(flow: &Flow, session: Session, visitor: Visitor, input: Input<'_>) -> Turn {
    let mut walk = Walk {
        flow,
        visitor,
        turn: Turn {
            effects: Vec::new(),
            session,
        },
    };
    walk.take(input);
    walk.turn
}

struct Walk<'a> {
    flow: &'a Flow,
    visitor: Visitor,
    turn: Turn,
}

impl<'a> Walk<'a> {
    fn take(&mut self, input: Input<'_>) {
        let flow = self.flow;
        let place = self.turn.session.place.clone();
        match (place, input) {
            (Place::Beginning, Input::Start) => self.go_to_node(&flow.start),
            (Place::Question { node, tries }, Input::Reply { text, payload }) => {
                self.answer(&node, tries, text, payload);
            }
            (Place::Live { node }, Input::AgentEnded) => {
                self.leave_live(&node, |live| &live.ended);
            }
            (Place::Live { node }, Input::LiveTimeout) => {
                self.leave_live(&node, |live| &live.timed_out);
            }
            (Place::Live { node }, Input::VisitorDeclined) => {
                self.leave_live(&node, |live| &live.declined);
            }
            (Place::Beginning, _)
            | (Place::Question { .. }, _)
            | (Place::Live { .. }, _)
            | (Place::Ended, _) => {}
        }
    }

    fn leave_live(&mut self, node: &str, way: impl Fn(&LiveAgent) -> &Way) {
        if let Some(Node::LiveAgent(live)) = self.flow.nodes.get(node) {
            self.go(way(live));
        } else {
            self.end();
        }
    }

    fn answer(&mut self, name: &str, tries: u32, text: &str, payload: Option<i64>) {
        match self.flow.nodes.get(name) {
            Some(Node::Ask {
                prompt,
                wants,
                give_up,
            }) => match self.accept(name, wants, text, payload) {
                Some(next) => self.go(next),
                None => self.refuse(name, tries + 1, prompt, give_up.as_ref()),
            },
            Some(Node::LiveAgent(
                live @ LiveAgent {
                    offer: Some(offer), ..
                },
            )) => self.answer_offer(name, live, offer, text, payload),
            // None of these asks, so only a session of another flow could be there.
            Some(Node::LiveAgent(_) | Node::Say { .. } | Node::Link { .. } | Node::Goal { .. })
            | None => self.end(),
        }
    }

    /// The way on, if the answer will do.
    fn accept(
        &mut self,
        name: &str,
        wants: &'a Wants,
        text: &str,
        payload: Option<i64>,
    ) -> Option<&'a Way> {
        match wants {
            Wants::Choice(branches) => {
                let branch = branches
                    .iter()
                    .find(|branch| is_chosen(&branch.choice, text, payload))?;
                self.remember(name, &branch.choice.title);
                Some(&branch.next)
            }
            Wants::Text(form, next) => {
                let answer = self.read(form, text.trim())?;
                self.remember(name, &answer);
                Some(next)
            }
        }
    }

    /// The answer as it is kept, if it has the form.
    fn read(&mut self, form: &Form, text: &str) -> Option<String> {
        let change = match form {
            Form::Any => return (!text.is_empty()).then(|| text.to_owned()),
            Form::Name => {
                let length = text.chars().count();
                let is_name = (1..=MAX_NAME).contains(&length) && !text.contains(char::is_control);
                ContactChange::Name(is_name.then(|| text.to_owned())?)
            }
            Form::Email => ContactChange::Email(Email::parse(text).ok()?),
            Form::Phone { region } => {
                let region = region.as_ref().unwrap_or(&self.visitor.region);
                ContactChange::PhoneNumber(PhoneNumber::parse(text, region).ok()?)
            }
        };
        let answer = match &change {
            ContactChange::Name(name) => name.clone(),
            ContactChange::Email(email) => email.as_str().to_owned(),
            ContactChange::PhoneNumber(number) => number.as_str().to_owned(),
        };
        match &change {
            ContactChange::Name(_) => self.visitor.name.clone_from(&answer),
            ContactChange::Email(_) => self.visitor.email = Some(answer.clone()),
            ContactChange::PhoneNumber(_) => self.visitor.phone_number = Some(answer.clone()),
        }
        self.turn.effects.push(Effect::SetContact(change));
        Some(answer)
    }

    fn refuse(&mut self, name: &str, tries: u32, prompt: &'a Prompt, give_up: Option<&'a GiveUp>) {
        match give_up {
            Some(give_up) if tries >= give_up.after => self.go(&give_up.next),
            _ => self.ask(name, tries, &prompt.retry),
        }
    }

    fn answer_offer(
        &mut self,
        name: &str,
        live: &'a LiveAgent,
        offer: &'a Offer,
        text: &str,
        payload: Option<i64>,
    ) {
        if is_chosen(&offer.accept, text, payload) {
            self.hand_over(name, live);
        } else if is_chosen(&offer.decline, text, payload) {
            self.go(&live.declined);
        } else {
            self.ask(name, 0, &offer.prompt.retry);
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
        for _ in 0..STEP_BUDGET {
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
        let Some(node) = self.flow.nodes.get(name) else {
            return Some(&Way::End);
        };
        match node {
            Node::Say { texts, rich, .. } => self.say(texts, &[], rich.as_ref()),
            Node::Link { .. } => {}
            Node::Goal { goal, .. } => {
                self.turn.session.goals.insert(goal.clone());
            }
            Node::Ask { prompt, .. } => self.ask(name, 0, &prompt.texts),
            Node::LiveAgent(live) => match &live.offer {
                Some(offer) => self.ask(name, 0, &offer.prompt.texts),
                None => self.hand_over(name, live),
            },
        }
        node.passes_to()
    }

    fn ask(&mut self, name: &str, tries: u32, texts: &[Template]) {
        let node = self.flow.nodes.get(name);
        let choices: Vec<Choice> = node
            .map(Node::choices)
            .unwrap_or_default()
            .into_iter()
            .cloned()
            .collect();
        self.say(texts, &choices, None);
        self.turn.session.place = Place::Question {
            node: name.to_owned(),
            tries,
        };
    }

    fn hand_over(&mut self, name: &str, live: &LiveAgent) {
        self.say(&live.texts, &[], None);
        self.turn.effects.push(Effect::HandOver {
            timeout_secs: live.timeout_secs,
        });
        self.turn.session.place = Place::Live {
            node: name.to_owned(),
        };
    }

    fn end(&mut self) {
        self.turn.effects.push(Effect::End);
        self.turn.session.place = Place::Ended;
    }

    /// One message a text; options and rich content go with the last.
    fn say(&mut self, texts: &[Template], choices: &[Choice], rich: Option<&Rich>) {
        for (at, text) in texts.iter().enumerate() {
            let is_last = at + 1 == texts.len();
            let say = Say {
                text: text.render(|reference| self.value(reference)),
                options: if is_last {
                    choices.to_vec()
                } else {
                    Vec::new()
                },
                rich: rich.filter(|_| is_last).cloned(),
            };
            self.turn.effects.push(Effect::Say(say));
        }
    }

    fn value(&self, reference: &Reference) -> Option<String> {
        let visitor = &self.visitor;
        match reference {
            Reference::User(UserField::Name) => Some(visitor.name.clone()),
            Reference::User(UserField::Email) => visitor.email.clone(),
            Reference::User(UserField::Phone) => visitor.phone_number.clone(),
            Reference::Answer(node) => self.turn.session.answers.get(node).cloned(),
            Reference::Metadata(key) => visitor.metadata.get(key).and_then(as_text),
        }
    }

    fn remember(&mut self, node: &str, answer: &str) {
        let answer = answer.chars().take(MAX_ANSWER).collect();
        self.turn.session.answers.insert(node.to_owned(), answer);
    }
}

/// A number decides alone; words count only without one.
fn is_chosen(choice: &Choice, text: &str, payload: Option<i64>) -> bool {
    match payload {
        Some(payload) => choice.payload == payload,
        None => fold(&choice.title) == fold(text),
    }
}

fn as_text(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Some(value.to_string())
        }
    }
}
