//! The nodes that wait for somebody: questions and the agents.

use std::collections::HashSet;

use super::{Compiler, fold};
use crate::flow::file::{self, At, Title};
use crate::flow::graph::{
    Branch, Choice, Form, GiveUp, LiveAgent, Localised, Node, Offer, Wants, Way,
};

/// The longest title.
const MAX_TITLE: usize = 255;
/// The largest number that every JSON client can hold.
const MAX_PAYLOAD: i64 = (1 << 53) - 1;
/// The first number given to an option that has none yet.
const FIRST_PROVISIONAL: i64 = 1;

impl Compiler<'_> {
    pub(super) fn multiple_choice(&mut self, ask: &file::MultipleChoice, at: Option<u64>) -> Node {
        Node::Ask {
            prompt: self.prompt(&ask.text, ask.retry.as_ref(), ask.typing_ms.as_ref()),
            wants: Wants::Choice(self.branches(&ask.options, at)),
            give_up: self.give_up(ask.give_up.as_ref()),
        }
    }

    pub(super) fn question(&mut self, ask: &file::Question, form: Form, at: Option<u64>) -> Node {
        Node::Ask {
            prompt: self.prompt(&ask.text, ask.retry.as_ref(), ask.typing_ms.as_ref()),
            wants: Wants::Text(form, self.way(&ask.next, "`next`", at)),
            give_up: self.give_up(ask.give_up.as_ref()),
        }
    }

    pub(super) fn phone(&mut self, ask: &file::Phone, at: Option<u64>) -> Node {
        let region = match &ask.region {
            Some(region) => Some(self.region(region)),
            None => self.region.clone(),
        };
        Node::Ask {
            prompt: self.prompt(&ask.text, ask.retry.as_ref(), ask.typing_ms.as_ref()),
            wants: Wants::Text(Form::Phone { region }, self.way(&ask.next, "`next`", at)),
            give_up: self.give_up(ask.give_up.as_ref()),
        }
    }

    pub(super) fn live_agent(&mut self, live: &file::LiveAgent, at: Option<u64>) -> LiveAgent {
        let timeout_secs = live.timeout_secs.as_ref();
        if let Some(timeout) = timeout_secs.filter(|timeout| timeout.value == 0) {
            self.report(timeout.line, "`timeout_secs` must be at least 1");
        }
        let timed_out = match (timeout_secs, &live.timed_out) {
            (None, None) => Way::End,
            (None, Some(way)) => {
                self.report(way.line, "has `timed_out` but no `timeout_secs`");
                Way::End
            }
            (Some(_), way) => self.way(way, "`timed_out`", at),
        };
        // Where nobody is asked and no button offered, the visitor may still leave by other means, and this way may stay
        // unsaid; it ends the flow then.
        let declined = match (&live.offer, &live.leave, &live.declined) {
            (None, None, None) => Way::End,
            (_, _, way) => self.way(way, "`declined`", at),
        };
        if let (Some(leave), None) = (&live.leave, &live.text) {
            self.report(leave.line, "has `leave` but no `text` to offer it with");
        }
        let leave = live.leave.as_ref();
        LiveAgent {
            offer: live
                .offer
                .as_ref()
                .map(|offer| self.offer(offer, live.typing_ms.as_ref())),
            texts: self.texts(live.text.as_ref(), live.typing_ms.as_ref()),
            leave: leave.map(|leave| self.choice(Some("leave"), leave, None)),
            timeout_secs: timeout_secs.map(|timeout| timeout.value),
            ended: self.way(&live.ended, "`ended`", at),
            declined,
            timed_out,
        }
    }

    fn offer(&mut self, offer: &At<file::Offer>, typing_ms: Option<&At<u32>>) -> Offer {
        let at = offer.line;
        let offer = &offer.value;
        let prompt = self.prompt(&offer.text, offer.retry.as_ref(), typing_ms);
        let accept = self.choice(Some("accept"), &offer.accept, None);
        let decline = self.choice(Some("decline"), &offer.decline, None);
        if accept.reads_like(&decline) {
            self.report(at, "`accept` and `decline` read the same");
        }
        Offer {
            prompt,
            accept,
            decline,
        }
    }

    fn branches(&mut self, options: &[At<file::Choice>], at: Option<u64>) -> Vec<Branch> {
        if options.is_empty() {
            self.report(at, "has no options");
        }
        let mut names = HashSet::new();
        let mut branches: Vec<Branch> = Vec::new();
        for option in options {
            let at = option.line;
            let option = &option.value;
            let title = At {
                value: option.title.clone(),
                line: at,
            };
            let choice = self.choice(option.name.as_deref(), &title, option.payload);
            if branches
                .iter()
                .any(|other| other.choice.reads_like(&choice))
            {
                let title = &choice.title.default;
                self.report(at, format!("two options read `{title}`"));
            }
            if !names.insert(choice.name.clone()) {
                self.report(at, format!("two options are named `{}`", choice.name));
            }
            let what = format!("`next` of option `{}`", choice.name);
            let next = self.way(&option.next, &what, at);
            branches.push(Branch { choice, next });
        }
        branches
    }

    /// An option; its title is its name if it has no other.
    fn choice(&mut self, name: Option<&str>, title: &At<Title>, payload: Option<i64>) -> Choice {
        let at = title.line;
        let title = self.localised(title, |compiler, title, at| {
            if title.trim().is_empty() || title.chars().count() > MAX_TITLE {
                compiler.report(at, "an option's title has 1 to 255 characters");
            }
            title.clone()
        });
        if payload.is_some_and(|payload| !(1..=MAX_PAYLOAD).contains(&payload)) {
            self.report(at, "a payload is a whole number from 1 to 2^53 - 1");
        }
        Choice {
            name: name.unwrap_or(&title.default).to_owned(),
            payload: payload.unwrap_or_else(|| self.provisional_payload()),
            title,
        }
    }

    fn provisional_payload(&mut self) -> i64 {
        let free = (FIRST_PROVISIONAL..)
            .find(|payload| !self.payloads.contains(payload))
            .unwrap_or(FIRST_PROVISIONAL);
        self.payloads.insert(free);
        free
    }

    fn give_up(&mut self, give_up: Option<&At<file::GiveUp>>) -> Option<GiveUp> {
        let give_up = give_up?;
        let at = give_up.line;
        if give_up.value.after == 0 {
            self.report(at, "`give_up.after` must be at least 1");
        }
        Some(GiveUp {
            after: give_up.value.after,
            next: self.way(&give_up.value.next, "`give_up.next`", at),
        })
    }
}

impl Choice {
    /// Whether a visitor could not tell them apart in some language.
    fn reads_like(&self, other: &Self) -> bool {
        let languages = self.title.by_language.keys();
        let languages = languages.chain(other.title.by_language.keys());
        let alike = |language: &str| {
            fold(self.title.in_language(language)) == fold(other.title.in_language(language))
        };
        alike("") || languages.into_iter().any(|language| alike(language))
    }

    /// Whether these are the words of its title, in any language.
    pub(in crate::flow) fn reads(&self, text: &str) -> bool {
        let all = |title: &Localised<String>| title.all().any(|title| fold(title) == fold(text));
        all(&self.title)
    }
}
