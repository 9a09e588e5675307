//! What can only be seen of a flow as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::compile::Compiled;
use super::engine::STEP_BUDGET;
use super::file::{self, File, Problem};
use super::graph::{Flow, Node, Way};
use super::script;
use super::template::Reference;

/// Everything that is wrong between the nodes.
pub(super) fn check(compiled: &Compiled, file: &File) -> Vec<Problem> {
    let flow = &compiled.flow;
    let mut problems = check_references(compiled);
    problems.extend(check_scripts(file));
    if !flow.nodes.contains_key(&flow.start) {
        problems.push(Problem {
            line: file.start.line,
            node: None,
            cause: format!("`start` names `{}`, which is no node", flow.start),
        });
    }
    let mut report = |node: &str, cause: String| {
        problems.push(Problem {
            line: file.nodes.get(node).and_then(|node| node.line),
            node: Some(node.to_owned()),
            cause,
        });
    };
    check_payloads(flow, &mut report);
    check_runs(flow, &mut report);
    if flow.nodes.contains_key(&flow.start) {
        check_reach(flow, &mut report);
    }
    problems
}

type Report<'a> = dyn FnMut(&str, String) + 'a;

fn check_references(compiled: &Compiled) -> Vec<Problem> {
    let reads = compiled.reads.iter();
    reads
        .filter_map(|read| {
            let cause = missing(compiled, &read.reference)?;
            Some(Problem {
                line: read.line,
                node: Some(read.node.clone()),
                cause,
            })
        })
        .collect()
}

fn check_scripts(file: &File) -> impl Iterator<Item = Problem> {
    file.nodes.iter().filter_map(|(name, node)| {
        let file::Node::Script(script) = &node.value else {
            return None;
        };
        let source = &script.source;
        let syntax = script::check(&source.value).err()?;
        let within = u64::try_from(syntax.line.saturating_sub(1)).unwrap_or_default();
        Some(Problem {
            line: source.line.map(|line| line + within),
            node: Some(name.clone()),
            cause: format!("has a script that does not parse: {syntax}"),
        })
    })
}

/// What a reference lacks, as far as the flow alone tells.
fn missing(compiled: &Compiled, reference: &Reference) -> Option<String> {
    let root = reference.root();
    let flow = &compiled.flow;
    let node = flow.nodes.get(root);
    match reference {
        Reference::User(_) | Reference::Metadata(_) => None,
        Reference::Answer(_) if node.is_some_and(Node::has_answer) => None,
        Reference::Result(_) if node.is_some_and(Node::has_result) => None,
        Reference::Var(_) if compiled.variables.contains(root) => None,
        Reference::Goal(goal) if marks(flow, goal) => None,
        Reference::Answer(_) => Some(format!(
            "reads the answer of `{root}`, which is no question"
        )),
        Reference::Result(_) => Some(format!(
            "reads the result of `{root}`, which is no script, plugin or Dialogflow"
        )),
        Reference::Var(_) => Some(format!(
            "reads the variable `{root}`, which nothing sets: give it a first value in `variables`"
        )),
        Reference::Goal(goal) => Some(format!("reads the goal `{goal}`, which no node marks")),
    }
}

fn marks(flow: &Flow, name: &str) -> bool {
    let mut nodes = flow.nodes.values();
    nodes.any(|node| matches!(node, Node::Goal { goal, .. } if goal == name))
}

fn check_payloads(flow: &Flow, report: &mut Report<'_>) {
    let mut taken = HashMap::new();
    for (name, choice) in flow.choices() {
        if let Some(other) = taken.insert(choice.payload, name) {
            let payload = choice.payload;
            report(
                name,
                format!("has payload {payload}, as node `{other}` has"),
            );
        }
    }
}

/// Between two moments of waiting a bot passes a bounded number of nodes: no cycle, and no chain over the budget.
fn check_runs(flow: &Flow, report: &mut Report<'_>) {
    let mut runs = Runs {
        flow,
        lengths: BTreeMap::new(),
    };
    for start in flow.nodes.keys() {
        runs.walk(start, report);
    }
    let mut lengths = runs.lengths.iter();
    if let Some((name, _)) = lengths.find(|(_, length)| **length > STEP_BUDGET) {
        report(
            name,
            format!("starts more than {STEP_BUDGET} nodes in a row without a question"),
        );
    }
}

struct Runs<'a> {
    flow: &'a Flow,
    /// How many nodes are passed at most from a node on.
    lengths: BTreeMap<&'a str, usize>,
}

impl<'a> Runs<'a> {
    /// Walks every way from a node on, deepest first. Not by recursion: a file may have tens of thousands of nodes.
    fn walk(&mut self, start: &'a str, report: &mut Report<'_>) {
        if self.lengths.contains_key(start) {
            return;
        }
        let mut path = vec![(start, self.next(start))];
        let mut on_path = BTreeSet::from([start]);
        while let Some((name, ways)) = path.last_mut() {
            let name = *name;
            match ways.pop() {
                Some(next) if on_path.contains(next) => report(next, circle(&path, next)),
                Some(next) if self.lengths.contains_key(next) => {}
                Some(next) => {
                    on_path.insert(next);
                    path.push((next, self.next(next)));
                }
                None => {
                    let ways = self.next(name).into_iter();
                    let longest = ways.filter_map(|next| self.lengths.get(next)).max();
                    let length = longest.copied().unwrap_or_default() + 1;
                    self.lengths.insert(name, length);
                    on_path.remove(name);
                    path.pop();
                }
            }
        }
    }

    /// The nodes that may come right after a node, each once.
    fn next(&self, name: &str) -> Vec<&'a str> {
        let ways = self.flow.nodes.get(name).map(Node::passes_to);
        let next: BTreeSet<&str> = ways
            .unwrap_or_default()
            .into_iter()
            .filter_map(target)
            .collect();
        next.into_iter().collect()
    }
}

/// The end of a path that comes back to a node on it.
fn circle(path: &[(&str, Vec<&str>)], back: &str) -> String {
    let names = path.iter().map(|(name, _)| *name);
    let mut circle: Vec<&str> = names.skip_while(|name| *name != back).collect();
    circle.push(back);
    let circle = circle.join(" → ");
    format!("goes round in a circle with no question in it: {circle}")
}

fn check_reach(flow: &Flow, report: &mut Report<'_>) {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = target(&flow.on_error).into_iter().collect();
    waiting.push(&flow.start);
    while let Some(name) = waiting.pop() {
        if let Some(node) = flow.nodes.get(name)
            && reached.insert(name)
        {
            waiting.extend(node.ways().into_iter().filter_map(target));
        }
    }
    for name in flow.nodes.keys() {
        if !reached.contains(name.as_str()) {
            report(name, "cannot be reached from `start`".into());
        }
    }
}

fn target(way: &Way) -> Option<&str> {
    match way {
        Way::Node(name) => Some(name),
        Way::End => None,
    }
}
