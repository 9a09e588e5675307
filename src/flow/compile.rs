//! From the file to the graph, node by node; everything wrong on the way is noted and the rest still read.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use serde_saphyr::Spanned;

use crate::model::{Rich, RichKind};

use super::file::{self, File, Problem, Texts};
use super::graph::{
    Branch, Choice, Flow, Form, GiveUp, LiveAgent, Node, Offer, Prompt, Wants, Way,
};
use super::template::Template;

/// The name that a way to the end has.
const END: &str = "end";
/// The longest name and title.
const MAX_NAME: usize = 64;
const MAX_TITLE: usize = 255;
/// The largest number that every JSON client can hold.
const MAX_PAYLOAD: i64 = (1 << 53) - 1;
/// The first number given to an option that has none yet.
const FIRST_PROVISIONAL: i64 = 1;

/// The graph that a file describes, and what is wrong with single nodes.
pub(super) fn compile(file: &File) -> (Flow, Vec<Problem>) {
    let mut compiler = Compiler {
        file,
        region: None,
        node: None,
        problems: Vec::new(),
        payloads: HashSet::new(),
    };
    if file.version.value != 1 {
        compiler.report(line(&file.version), "`version` must be 1");
    }
    if let Some(region) = &file.region {
        compiler.region = Some(compiler.region(region));
    }
    let stated_payloads = stated_payloads(file);
    compiler.payloads = stated_payloads.clone();
    let mut nodes = BTreeMap::new();
    for (name, node) in &file.nodes {
        compiler.node = Some(name.clone());
        if name == END || !is_name(name) {
            compiler.report(
                line(node),
                "a node's name is letters, digits, `_` and `-`, and not `end`",
            );
        }
        if to_json(&node.value).contains("\\u0000") {
            compiler.report(line(node), "holds a NUL character");
        }
        nodes.insert(name.clone(), compiler.compile(node));
    }
    let flow = Flow {
        start: file.start.value.clone(),
        stated_payloads,
        nodes,
    };
    (flow, compiler.problems)
}

struct Compiler<'a> {
    file: &'a File,
    region: Option<String>,
    node: Option<String>,
    problems: Vec<Problem>,
    /// Numbers that are taken.
    payloads: HashSet<i64>,
}

impl Compiler<'_> {
    fn report(&mut self, line: Option<u64>, cause: impl Into<String>) {
        self.problems.push(Problem {
            line,
            node: self.node.clone(),
            cause: cause.into(),
        });
    }

    fn compile(&mut self, node: &Spanned<file::Node>) -> Node {
        let at = line(node);
        match &node.value {
            file::Node::Say(say) => Node::Say {
                texts: self.texts(&say.text),
                rich: say.rich.as_ref().and_then(|rich| self.rich(rich)),
                next: self.way(&say.next, "`next`", at),
            },
            file::Node::Link(link) => Node::Link {
                next: self.way(&link.next, "`next`", at),
            },
            file::Node::Goal(goal) => Node::Goal {
                goal: self.goal(&goal.name),
                next: self.way(&goal.next, "`next`", at),
            },
            file::Node::MultipleChoice(ask) => Node::Ask {
                prompt: self.prompt(&ask.text, ask.retry.as_ref()),
                wants: Wants::Choice(self.branches(&ask.options, at)),
                give_up: self.give_up(ask.give_up.as_ref()),
            },
            file::Node::FreeText(ask) => self.question(ask, Form::Any, at),
            file::Node::Name(ask) => self.question(ask, Form::Name, at),
            file::Node::Email(ask) => self.question(ask, Form::Email, at),
            file::Node::Phone(ask) => Node::Ask {
                prompt: self.prompt(&ask.text, ask.retry.as_ref()),
                wants: Wants::Text(
                    Form::Phone {
                        region: match &ask.region {
                            Some(region) => Some(self.region(region)),
                            None => self.region.clone(),
                        },
                    },
                    self.way(&ask.next, "`next`", at),
                ),
                give_up: self.give_up(ask.give_up.as_ref()),
            },
            file::Node::LiveAgent(live) => Node::LiveAgent(self.live_agent(live, at)),
        }
    }

    fn question(&mut self, ask: &file::Question, form: Form, at: Option<u64>) -> Node {
        Node::Ask {
            prompt: self.prompt(&ask.text, ask.retry.as_ref()),
            wants: Wants::Text(form, self.way(&ask.next, "`next`", at)),
            give_up: self.give_up(ask.give_up.as_ref()),
        }
    }

    fn live_agent(&mut self, live: &file::LiveAgent, at: Option<u64>) -> LiveAgent {
        let timeout_secs = live.timeout_secs.as_ref();
        if let Some(timeout) = timeout_secs.filter(|timeout| timeout.value == 0) {
            self.report(line(timeout), "`timeout_secs` must be at least 1");
        }
        let timed_out = match (timeout_secs, &live.timed_out) {
            (None, None) => Way::End,
            (None, Some(way)) => {
                self.report(line(way), "has `timed_out` but no `timeout_secs`");
                Way::End
            }
            (Some(_), way) => self.way(way, "`timed_out`", at),
        };
        // A visitor may leave without having been asked, so this way may stay unsaid; it ends the flow then.
        let declined = match (&live.offer, &live.declined) {
            (None, None) => Way::End,
            (_, way) => self.way(way, "`declined`", at),
        };
        LiveAgent {
            offer: live.offer.as_ref().map(|offer| self.offer(offer)),
            texts: live
                .text
                .as_ref()
                .map(|texts| self.texts(texts))
                .unwrap_or_default(),
            timeout_secs: timeout_secs.map(|timeout| timeout.value),
            ended: self.way(&live.ended, "`ended`", at),
            declined,
            timed_out,
        }
    }

    fn offer(&mut self, offer: &Spanned<file::Offer>) -> Offer {
        let at = line(offer);
        let offer = &offer.value;
        let prompt = self.prompt(&offer.text, offer.retry.as_ref());
        if fold(&offer.accept.value) == fold(&offer.decline.value) {
            self.report(at, "`accept` and `decline` read the same");
        }
        let accept = self.choice("accept", &offer.accept.value, None, line(&offer.accept));
        let decline = self.choice("decline", &offer.decline.value, None, line(&offer.decline));
        Offer {
            prompt,
            accept,
            decline,
        }
    }

    fn branches(&mut self, options: &[Spanned<file::Choice>], at: Option<u64>) -> Vec<Branch> {
        if options.is_empty() {
            self.report(at, "has no options");
        }
        let mut titles = HashSet::new();
        let mut names = HashSet::new();
        let mut branches = Vec::new();
        for option in options {
            let at = line(option);
            let option = &option.value;
            let name = option.name.as_ref().unwrap_or(&option.title);
            if !titles.insert(fold(&option.title)) {
                self.report(at, format!("two options read `{}`", option.title));
            }
            if !names.insert(name) {
                self.report(at, format!("two options are named `{name}`"));
            }
            let choice = self.choice(name, &option.title, option.payload, at);
            let next = self.way(&option.next, &format!("`next` of option `{name}`"), at);
            branches.push(Branch { choice, next });
        }
        branches
    }

    fn choice(&mut self, name: &str, title: &str, payload: Option<i64>, at: Option<u64>) -> Choice {
        if title.trim().is_empty() || title.chars().count() > MAX_TITLE {
            self.report(at, "an option's title has 1 to 255 characters");
        }
        if payload.is_some_and(|payload| !(1..=MAX_PAYLOAD).contains(&payload)) {
            self.report(at, "a payload is a whole number from 1 to 2^53 - 1");
        }
        Choice {
            name: name.to_owned(),
            title: title.to_owned(),
            payload: payload.unwrap_or_else(|| self.provisional_payload()),
        }
    }

    fn provisional_payload(&mut self) -> i64 {
        let free = (FIRST_PROVISIONAL..)
            .find(|payload| !self.payloads.contains(payload))
            .unwrap_or(FIRST_PROVISIONAL);
        self.payloads.insert(free);
        free
    }

    fn give_up(&mut self, give_up: Option<&Spanned<file::GiveUp>>) -> Option<GiveUp> {
        let give_up = give_up?;
        let at = line(give_up);
        if give_up.value.after == 0 {
            self.report(at, "`give_up.after` must be at least 1");
        }
        Some(GiveUp {
            after: give_up.value.after,
            next: self.way(&give_up.value.next, "`give_up.next`", at),
        })
    }

    /// A way that the author must have stated.
    fn way(&mut self, way: &file::Way, what: &str, at: Option<u64>) -> Way {
        match way {
            None => {
                self.report(at, format!("has no way out: {what} is missing"));
                Way::End
            }
            Some(target) if target.value == END => Way::End,
            Some(target) => {
                if !self.file.nodes.contains_key(&target.value) {
                    let cause = format!("leads to `{}`, which is no node", target.value);
                    self.report(line(target), cause);
                }
                Way::Node(target.value.clone())
            }
        }
    }

    fn prompt(&mut self, text: &Spanned<Texts>, retry: Option<&Spanned<Texts>>) -> Prompt {
        let texts = self.texts(text);
        let retry = match retry {
            Some(retry) => self.texts(retry),
            None => texts.last().cloned().into_iter().collect(),
        };
        Prompt { texts, retry }
    }

    fn texts(&mut self, texts: &Spanned<Texts>) -> Vec<Template> {
        let at = line(texts);
        let texts = &texts.value.0;
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            self.report(at, "has an empty text");
        }
        let mut templates = Vec::new();
        for text in texts {
            match Template::parse(text) {
                Ok(template) => templates.push(template),
                Err(cause) => self.report(at, cause),
            }
        }
        templates
    }

    fn goal(&mut self, name: &Spanned<String>) -> String {
        if !is_name(&name.value) {
            self.report(line(name), "a goal's name is letters, digits, `_` and `-`");
        }
        name.value.clone()
    }

    fn region(&mut self, region: &Spanned<String>) -> String {
        let letters = region.value.bytes().all(|byte| byte.is_ascii_uppercase());
        if region.value.len() != 2 || !letters {
            self.report(line(region), "a region is two capital letters, such as US");
        }
        region.value.clone()
    }

    fn rich(&mut self, rich: &Spanned<BTreeMap<String, Value>>) -> Option<Rich> {
        let body = &rich.value;
        let kind = body.get("type").and_then(Value::as_str);
        let Some(kind) = kind.and_then(RichKind::parse) else {
            self.report(line(rich), "`rich.type` is none of the rich content types");
            return None;
        };
        match body.get(kind.as_str()) {
            Some(content @ (Value::Object(_) | Value::Array(_))) if body.len() == 2 => Some(Rich {
                kind,
                body: content.clone(),
            }),
            _ => {
                let cause = format!("`rich` holds `type` and `{kind}` and nothing else");
                self.report(line(rich), cause);
                None
            }
        }
    }
}

/// Texts are compared as people read them.
pub(super) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
}

pub(super) fn line<T>(spanned: &Spanned<T>) -> Option<u64> {
    Some(spanned.referenced.line()).filter(|line| *line > 0)
}

fn stated_payloads(file: &File) -> HashSet<i64> {
    let mut payloads = HashSet::new();
    for node in file.nodes.values() {
        if let file::Node::MultipleChoice(ask) = &node.value {
            payloads.extend(ask.options.iter().filter_map(|option| option.value.payload));
        }
    }
    payloads
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn to_json(node: &file::Node) -> String {
    serde_json::to_string(node).expect("names, texts and numbers are always JSON")
}
