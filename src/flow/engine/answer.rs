//! What a visitor answers: to a question, and to the offer of an agent.

use super::{Button, ContactChange, Effect, Leave, Walk};
use crate::flow::graph::{Choice, Form, GiveUp, LiveAgent, Node, Offer, Prompt, Texts, Wants, Way};
use crate::flow::session::Place;
use crate::model::{Email, PhoneNumber};

/// The most of an answer that is remembered, in characters: sessions stay small whatever a visitor pastes.
const MAX_ANSWER: usize = 4_000;
/// The longest name.
const MAX_NAME: usize = 255;

impl<'a> Walk<'a> {
    pub(super) fn answer(&mut self, name: &str, tries: u32, text: &str, payload: Option<i64>) {
        self.hear(text);
        match self.flow.nodes.get(name) {
            Some(Node::Ask {
                prompt,
                wants,
                give_up,
            }) => match self.accept(name, wants, text, payload) {
                Some(next) => self.go(next),
                None => self.refuse(name, tries + 1, (prompt, wants), give_up.as_ref()),
            },
            Some(Node::LiveAgent(live)) => match &live.offer {
                Some(offer) => self.answer_offer(name, (live, offer), text, payload),
                None => self.end(),
            },
            Some(Node::Dialogflow(ask)) => {
                self.remember(name, text.trim());
                self.call_dialogflow(name, ask);
            }
            // None of these asks, so only a session of another flow could be there.
            Some(
                Node::Say { .. }
                | Node::Link { .. }
                | Node::Goal { .. }
                | Node::Set { .. }
                | Node::Condition { .. }
                | Node::Script(_)
                | Node::Plugin(_),
            )
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
                    .find(|branch| branch.choice.is_chosen(text, payload))?;
                let title = branch.choice.title.in_language(&self.language()).clone();
                self.remember(name, &title);
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
            Form::Name => ContactChange::Name(read_name(text)?),
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
            ContactChange::Property(_, value) => value.to_string(),
        };
        self.change_contact(change);
        Some(answer)
    }

    /// Keeps something about the visitor, from now on and within this turn.
    pub(super) fn change_contact(&mut self, change: ContactChange) {
        let visitor = &mut self.visitor;
        match &change {
            ContactChange::Name(name) => visitor.name.clone_from(name),
            ContactChange::Email(email) => visitor.email = Some(email.as_str().to_owned()),
            ContactChange::PhoneNumber(number) => {
                visitor.phone_number = Some(number.as_str().to_owned());
            }
            ContactChange::Property(key, value) if value.is_null() => {
                visitor.properties.remove(key);
            }
            ContactChange::Property(key, value) => {
                visitor.properties.insert(key.clone(), value.clone());
            }
        }
        self.effects.push(Effect::SetContact(change));
    }

    fn refuse(
        &mut self,
        name: &str,
        tries: u32,
        (prompt, wants): (&'a Prompt, &'a Wants),
        give_up: Option<&'a GiveUp>,
    ) {
        match give_up {
            Some(give_up) if tries >= give_up.after => self.go(&give_up.next),
            _ => {
                let buttons = self.buttons(wants);
                self.ask(name, tries, &prompt.retry, buttons);
            }
        }
    }

    fn answer_offer(
        &mut self,
        name: &str,
        (live, offer): (&'a LiveAgent, &'a Offer),
        text: &str,
        payload: Option<i64>,
    ) {
        if offer.accept.is_chosen(text, payload) {
            self.hand_over(name, live);
        } else if offer.decline.is_chosen(text, payload) {
            self.go(&live.declined);
        } else {
            self.ask_offer(name, offer, &offer.prompt.retry);
        }
    }

    pub(super) fn ask_offer(&mut self, name: &str, offer: &Offer, texts: &Texts) {
        let buttons = vec![self.button(&offer.accept), self.button(&offer.decline)];
        self.ask(name, 0, texts, buttons);
    }

    /// Words while the agents have the chat are theirs, unless they are the visitor's way to leave.
    pub(super) fn answer_live(&mut self, name: &str, text: &str, payload: Option<i64>) {
        if let Some(Node::LiveAgent(live)) = self.flow.nodes.get(name)
            && let Some(leave) = &live.leave
            && leave.is_chosen(text, payload)
        {
            self.go(&live.declined);
        }
    }

    pub(super) fn leave_live(&mut self, node: &str, leave: Leave) {
        let Some(Node::LiveAgent(live)) = self.flow.nodes.get(node) else {
            return self.end();
        };
        self.go(match leave {
            Leave::Ended => &live.ended,
            Leave::TimedOut => &live.timed_out,
            Leave::Declined => &live.declined,
        });
    }

    pub(super) fn hand_over(&mut self, name: &str, live: &LiveAgent) {
        let leave = live.leave.iter().map(|leave| self.button(leave)).collect();
        self.say(&live.texts, leave);
        self.effects.push(Effect::HandOver {
            timeout_secs: live.timeout_secs,
        });
        self.session.place = Place::Live {
            node: name.to_owned(),
        };
    }

    pub(super) fn ask(&mut self, name: &str, tries: u32, texts: &Texts, buttons: Vec<Button>) {
        self.say(texts, buttons);
        self.session.place = Place::Question {
            node: name.to_owned(),
            tries,
        };
    }

    /// Keeps what the visitor said last.
    pub(super) fn hear(&mut self, text: &str) {
        self.session.words = Some(capped(text.trim()));
    }

    pub(super) fn remember(&mut self, node: &str, answer: &str) {
        self.session.answers.insert(node.to_owned(), capped(answer));
    }
}

impl Choice {
    /// A number decides alone; words count only without one.
    fn is_chosen(&self, text: &str, payload: Option<i64>) -> bool {
        match payload {
            Some(payload) => self.payload == payload,
            None => self.reads(text),
        }
    }
}

/// A name as it is kept, if it can be one.
pub(super) fn read_name(text: &str) -> Option<String> {
    let text = text.trim();
    let length = text.chars().count();
    let is_name = (1..=MAX_NAME).contains(&length) && !text.contains(char::is_control);
    is_name.then(|| text.to_owned())
}

/// As much of a text as is kept. PostgreSQL keeps no NUL.
fn capped(text: &str) -> String {
    let text = text.chars().filter(|letter| *letter != '\0');
    text.take(MAX_ANSWER).collect()
}
