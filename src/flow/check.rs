//! What can only be seen of a flow as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::compile::line;
use super::engine::STEP_BUDGET;
use super::file::{File, Problem};
use super::graph::{Flow, Node, Way};
use super::template::Reference;

/// Everything that is wrong between the nodes.
pub(super) fn check(flow: &Flow, file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !flow.nodes.contains_key(&flow.start) {
        problems.push(Problem {
            line: line(&file.start),
            node: None,
            cause: format!("`start` names `{}`, which is no node", flow.start),
        });
    }
    let mut report = |node: &str, cause: String| {
        problems.push(Problem {
            line: file.nodes.get(node).and_then(line),
            node: Some(node.to_owned()),
            cause,
        });
    };
    check_references(flow, &mut report);
    check_payloads(flow, &mut report);
    check_runs(flow, &mut report);
    if flow.nodes.contains_key(&flow.start) {
        check_reach(flow, &mut report);
    }
    problems
}

type Report<'a> = dyn FnMut(&str, String) + 'a;

fn check_references(flow: &Flow, report: &mut Report<'_>) {
    let references = flow.nodes.iter().flat_map(|(name, node)| {
        let texts = node.texts().into_iter();
        texts.flat_map(move |text| text.references().map(move |reference| (name, reference)))
    });
    for (name, reference) in references {
        if let Reference::Answer(asked) = reference
            && !matches!(flow.nodes.get(asked), Some(Node::Ask { .. }))
        {
            report(
                name,
                format!("reads the answer of `{asked}`, which is no question"),
            );
        }
    }
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
    let mut lengths: BTreeMap<&str, usize> = BTreeMap::new();
    for start in flow.nodes.keys() {
        let mut path: Vec<&str> = Vec::new();
        let mut on_path = BTreeSet::new();
        let mut at = Some(start.as_str());
        let mut length = 0;
        while let Some(name) = at {
            if !on_path.insert(name) {
                report(name, "goes round in a circle with no question in it".into());
                break;
            }
            if let Some(known) = lengths.get(name) {
                length = *known;
                break;
            }
            path.push(name);
            let node = flow.nodes.get(name);
            at = node.and_then(Node::passes_to).and_then(target);
        }
        for name in path.into_iter().rev() {
            length += 1;
            lengths.insert(name, length);
        }
    }
    let too_long = lengths.iter().find(|(_, length)| **length > STEP_BUDGET);
    if let Some((name, _)) = too_long {
        report(
            name,
            format!("starts more than {STEP_BUDGET} nodes in a row without a question"),
        );
    }
}

fn check_reach(flow: &Flow, report: &mut Report<'_>) {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![flow.start.as_str()];
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
