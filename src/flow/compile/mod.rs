//! From the file to the graph, node by node; everything wrong on the way is noted and the rest still read.

mod asks;
mod outside;
mod texts;

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::file::{self, At, File, Problem};
use super::graph::{Flow, Node, Way};
use super::template::Reference;

/// The name that a way to the end has.
const END: &str = "end";
/// The longest name.
const MAX_NAME: usize = 64;

/// What a file comes to.
pub(super) struct Compiled {
    /// The graph, with a way to the end for every way that is wrong.
    pub(super) flow: Flow,
    /// What is wrong with single nodes.
    pub(super) problems: Vec<Problem>,
    /// What is looked at.
    pub(super) reads: Vec<Read>,
    /// The variables that something sets.
    pub(super) variables: HashSet<String>,
}

/// Something that a node looks at.
pub(super) struct Read {
    /// The node.
    pub(super) node: String,
    /// Where that stands.
    pub(super) line: Option<u64>,
    /// What it looks at.
    pub(super) reference: Reference,
}

/// Reads a file node by node.
pub(super) fn compile(file: &File) -> Compiled {
    let stated_payloads = stated_payloads(file);
    let mut compiler = Compiler::new(file, stated_payloads.clone());
    compiler.head();
    let on_error = match &file.on_error {
        Some(_) => compiler.way(&file.on_error, "`on_error`", None),
        None => Way::End,
    };
    let variables = file.variables.iter();
    let variables: Map<String, Value> = variables
        .map(|(name, value)| (name.clone(), value.value.clone()))
        .collect();
    compiler.variables.extend(variables.keys().cloned());
    let mut nodes = BTreeMap::new();
    for (name, node) in &file.nodes {
        compiler.node = Some(name.clone());
        if name == END || !is_name(name) {
            compiler.report(
                node.line,
                "a node's name is letters, digits, `_` and `-`, and not `end`",
            );
        }
        if to_json(&node.value).contains("\\u0000") {
            compiler.report(node.line, "holds a NUL character");
        }
        nodes.insert(name.clone(), compiler.compile(node));
    }
    Compiled {
        flow: Flow {
            start: file.start.value.clone(),
            region: compiler.region,
            language: compiler.language,
            on_error,
            variables,
            stated_payloads,
            nodes,
        },
        problems: compiler.problems,
        reads: compiler.reads,
        variables: compiler.variables,
    }
}

struct Compiler<'a> {
    file: &'a File,
    region: Option<String>,
    /// In lower case; empty if the file names none.
    language: String,
    node: Option<String>,
    problems: Vec<Problem>,
    reads: Vec<Read>,
    variables: HashSet<String>,
    /// Numbers that are taken.
    payloads: HashSet<i64>,
}

impl<'a> Compiler<'a> {
    fn new(file: &'a File, payloads: HashSet<i64>) -> Self {
        Self {
            file,
            region: None,
            language: String::new(),
            node: None,
            problems: Vec::new(),
            reads: Vec::new(),
            variables: HashSet::new(),
            payloads,
        }
    }

    /// What stands before the nodes.
    fn head(&mut self) {
        let file = self.file;
        if file.version.value != 1 {
            self.report(file.version.line, "`version` must be 1");
        }
        if let Some(region) = &file.region {
            self.region = Some(self.region(region));
        }
        if let Some(language) = &file.language {
            self.language = self.language(&language.value, language.line);
        }
        for (name, value) in &file.variables {
            if !is_name(name) {
                self.report(value.line, not_a_variable(name));
            }
            if value.value.to_string().contains("\\u0000") {
                self.report(value.line, "holds a NUL character");
            }
        }
    }

    fn report(&mut self, line: Option<u64>, cause: impl Into<String>) {
        self.problems.push(Problem {
            line,
            node: self.node.clone(),
            cause: cause.into(),
        });
    }

    fn compile(&mut self, node: &At<file::Node>) -> Node {
        let at = node.line;
        match &node.value {
            file::Node::Say(say) => self.say(say, at),
            file::Node::Link(link) => Node::Link {
                next: self.way(&link.next, "`next`", at),
            },
            file::Node::Goal(goal) => Node::Goal {
                goal: self.goal(&goal.name),
                next: self.way(&goal.next, "`next`", at),
            },
            file::Node::Set(set) => self.set(set, at),
            file::Node::Condition(condition) => self.condition(condition, at),
            file::Node::MultipleChoice(ask) => self.multiple_choice(ask, at),
            file::Node::FreeText(ask) => self.question(ask, super::graph::Form::Any, at),
            file::Node::Name(ask) => self.question(ask, super::graph::Form::Name, at),
            file::Node::Email(ask) => self.question(ask, super::graph::Form::Email, at),
            file::Node::Phone(ask) => self.phone(ask, at),
            file::Node::LiveAgent(live) => Node::LiveAgent(Box::new(self.live_agent(live, at))),
            file::Node::Script(script) => Node::Script(self.script(script, at)),
            file::Node::Dialogflow(ask) => Node::Dialogflow(Box::new(self.dialogflow(ask, at))),
            file::Node::Plugin(plugin) => Node::Plugin(Box::new(self.plugin(plugin, at))),
        }
    }

    /// A way that the author must have stated.
    fn way(&mut self, way: &file::Way, what: &str, at: Option<u64>) -> Way {
        match way {
            None => {
                self.report(at, format!("has no way out: {what} is missing"));
                Way::End
            }
            Some(target) => self.target(target),
        }
    }

    /// The way that a node takes when it fails: its own, or else the flow's.
    fn error_way(&mut self, way: &file::Way, at: Option<u64>) -> Way {
        match way.as_ref().or(self.file.on_error.as_ref()) {
            Some(target) => self.target(target),
            None => {
                self.report(
                    at,
                    "has no way for a failure: `on_error` is missing here and in the flow",
                );
                Way::End
            }
        }
    }

    fn target(&mut self, target: &At<String>) -> Way {
        if target.value == END {
            return Way::End;
        }
        if !self.file.nodes.contains_key(&target.value) {
            let cause = format!("leads to `{}`, which is no node", target.value);
            let told = self.problems.iter();
            // The flow's way is taken by many nodes and told once.
            if !told
                .rev()
                .any(|told| told.line == target.line && told.cause == cause)
            {
                self.report(target.line, cause);
            }
            return Way::End;
        }
        Way::Node(target.value.clone())
    }

    fn goal(&mut self, name: &At<String>) -> String {
        if !is_name(&name.value) {
            self.report(name.line, "a goal's name is letters, digits, `_` and `-`");
        }
        name.value.clone()
    }

    fn region(&mut self, region: &At<String>) -> String {
        let letters = region.value.bytes().all(|byte| byte.is_ascii_uppercase());
        if region.value.len() != 2 || !letters {
            self.report(region.line, "a region is two capital letters, such as US");
        }
        region.value.clone()
    }

    /// A language tag in lower case.
    fn language(&mut self, tag: &str, at: Option<u64>) -> String {
        let parts = tag.split('-');
        let is_part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if !parts.clone().all(is_part) || tag.len() > 35 {
            self.report(
                at,
                format!("`{tag}` is no language tag, such as en or pt-BR"),
            );
        }
        tag.to_lowercase()
    }
}

/// Texts are compared as people read them.
pub(super) fn fold(text: &str) -> String {
    text.trim().to_lowercase()
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

fn not_a_variable(name: &str) -> String {
    format!("`{name}` is no name of a variable: use letters, digits, `_` and `-`")
}

fn to_json(node: &file::Node) -> String {
    serde_json::to_string(node).expect("names, texts and numbers are always JSON")
}
