//! The nodes that decide, remember, or ask somebody outside.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::{Compiler, END, is_name, not_a_variable};
use crate::flow::condition::{Check, Test, number};
use crate::flow::file::{self, At, Operator};
use crate::flow::graph::{Dialogflow, Node, Plugin, Script, Setting, Way};
use crate::flow::template::{Reference, Template};
use crate::model::WebUrl;

/// How long a plugin may take where its node does not say.
const TIMEOUT_MS: u32 = 5_000;
const TIMEOUTS_MS: std::ops::RangeInclusive<u32> = 100..=10_000;

/// `context.set("name"`
static SETS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\.set\(\s*(?:"([^"]*)"|'([^']*)'|`([^`]*)`)"#)
        .expect("a fixed pattern that compiles")
});

impl Compiler<'_> {
    pub(super) fn set(&mut self, set: &file::Set, at: Option<u64>) -> Node {
        if set.vars.is_empty() && set.user.is_empty() {
            self.report(at, "sets nothing: `vars` or `user` is missing");
        }
        for (name, value) in &set.vars {
            self.variable(name, value.line);
        }
        Node::Set {
            vars: self.settings(&set.vars),
            user: self.settings(&set.user),
            next: self.way(&set.next, "`next`", at),
        }
    }

    fn settings(
        &mut self,
        values: &BTreeMap<String, At<serde_json::Value>>,
    ) -> Vec<(String, Setting)> {
        let values = values.iter();
        values
            .map(|(name, value)| (name.clone(), self.setting(value)))
            .collect()
    }

    /// A variable that something sets.
    fn variable(&mut self, name: &str, at: Option<u64>) {
        if !is_name(name) {
            self.report(at, not_a_variable(name));
        }
        self.variables.insert(name.to_owned());
    }

    pub(super) fn condition(&mut self, condition: &file::Condition, at: Option<u64>) -> Node {
        Node::Condition {
            test: self
                .group(condition.all.as_ref(), condition.any.as_ref(), at)
                .unwrap_or_else(|| {
                    self.report(at, "needs `all` or `any`, one of them");
                    Test::All(Vec::new())
                }),
            then: self.way(&condition.then, "`then`", at),
            otherwise: self.way(&condition.otherwise, "`else`", at),
        }
    }

    /// The group that is there, if it is exactly one of the two.
    fn group(
        &mut self,
        all: Option<&Vec<At<file::Test>>>,
        any: Option<&Vec<At<file::Test>>>,
        at: Option<u64>,
    ) -> Option<Test> {
        let (tests, of): (_, fn(Vec<Test>) -> Test) = match (all, any) {
            (Some(tests), None) => (tests, Test::All),
            (None, Some(tests)) => (tests, Test::Any),
            (None, None) | (Some(_), Some(_)) => return None,
        };
        if tests.is_empty() {
            self.report(at, "has a condition without a check");
        }
        let tests = tests.iter();
        Some(of(tests.map(|test| self.test(test)).collect()))
    }

    fn test(&mut self, test: &At<file::Test>) -> Test {
        let at = test.line;
        let test = &test.value;
        let is_check = test.input.is_some() || test.operator.is_some() || test.value.is_some();
        let is_group = test.all.is_some() || test.any.is_some();
        if is_group && !is_check {
            let group = self.group(test.all.as_ref(), test.any.as_ref(), at);
            return group.unwrap_or_else(|| {
                self.report(at, "has `all` and `any` in one condition");
                Test::All(Vec::new())
            });
        }
        match (&test.input, &test.operator) {
            (Some(input), Some(operator)) if !is_group => self.check(test, input, operator.value),
            _ => {
                self.report(
                    at,
                    "a check has `input` and `operator`, or else `all` or `any`",
                );
                Test::All(Vec::new())
            }
        }
    }

    fn check(&mut self, test: &file::Test, input: &At<String>, operator: Operator) -> Test {
        let reference = match Reference::parse(&input.value) {
            Ok(reference) => reference,
            Err(cause) => {
                self.report(input.line, cause);
                return Test::All(Vec::new());
            }
        };
        self.read(reference.clone(), input.line);
        let compares = !matches!(operator, Operator::Exists | Operator::DoesNotExist);
        let value = match &test.value {
            Some(value) if compares => self.operand(value, operator),
            Some(value) => {
                self.report(value.line, "compares nothing, so it has no `value`");
                None
            }
            None if compares => {
                self.report(
                    input.line,
                    "has nothing to compare with: `value` is missing",
                );
                None
            }
            None => None,
        };
        Test::Check(Check {
            input: reference,
            operator,
            value: value.unwrap_or_default(),
            case_sensitive: test.case_sensitive,
        })
    }

    fn operand(&mut self, value: &At<serde_json::Value>, operator: Operator) -> Option<Template> {
        use serde_json::Value;
        let template = match &value.value {
            Value::String(text) => self.template(text, value.line)?,
            Value::Number(_) | Value::Bool(_) => Template::literally(&value.value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => {
                self.report(value.line, "is compared with a text or a number");
                return None;
            }
        };
        let literal = template.literal();
        match operator {
            Operator::GreaterThan | Operator::LessThan => {
                if literal.is_some_and(|text| number(text).is_none()) {
                    self.report(value.line, "is compared with a text that is no number");
                }
            }
            Operator::Matches
            | Operator::DoesNotMatch
            | Operator::Contains
            | Operator::DoesNotContain
            | Operator::StartsWith
            | Operator::EndsWith
            | Operator::Exists
            | Operator::DoesNotExist => {
                if literal.is_some_and(|text| text.trim().is_empty()) {
                    self.report(value.line, "is compared with nothing; use exists");
                }
            }
        }
        Some(template)
    }

    pub(super) fn script(&mut self, script: &file::Script, at: Option<u64>) -> Script {
        let source = &script.source.value;
        if source.trim().is_empty() {
            self.report(script.source.line, "has an empty script");
        }
        for set in SETS.captures_iter(source) {
            let name = set.iter().skip(1).flatten().next();
            self.variables
                .extend(name.map(|name| name.as_str().to_owned()));
        }
        let mut ways = BTreeMap::from([(END.to_owned(), Way::End)]);
        for way in &script.ways {
            let target = self.target(way);
            if way.value != END && ways.insert(way.value.clone(), target).is_some() {
                self.report(way.line, format!("names the way `{}` twice", way.value));
            }
        }
        Script {
            source: source.clone(),
            next: self.way(&script.next, "`next`", at),
            ways,
            on_error: self.error_way(&script.on_error, at),
        }
    }

    pub(super) fn plugin(&mut self, plugin: &file::Plugin, at: Option<u64>) -> Plugin {
        if let Err(invalid) = WebUrl::parse(&plugin.url.value) {
            self.report(plugin.url.line, format!("`url` {invalid}"));
        }
        let timeout = plugin.timeout_ms.as_ref();
        if let Some(timeout) = timeout.filter(|timeout| !TIMEOUTS_MS.contains(&timeout.value)) {
            self.report(timeout.line, "`timeout_ms` is from 100 to 10000");
        }
        let on_error = self.error_way(&plugin.on_error, at);
        Plugin {
            url: plugin.url.value.trim().to_owned(),
            timeout_ms: timeout.map_or(TIMEOUT_MS, |timeout| timeout.value),
            until_done: plugin.until_done,
            retry: self.texts(plugin.retry.as_ref(), None),
            next: self.way(&plugin.next, "`next`", at),
            ways: self.ways(&plugin.ways),
            timed_out: match &plugin.timed_out {
                Some(way) => self.target(way),
                None => on_error.clone(),
            },
            on_error,
        }
    }

    pub(super) fn dialogflow(&mut self, ask: &file::Dialogflow, at: Option<u64>) -> Dialogflow {
        if !is_name(&ask.agent.value) {
            self.report(
                ask.agent.line,
                "an agent's name is letters, digits, `_` and `-`",
            );
        }
        if let (Some(text), false) = (&ask.text, ask.listen) {
            self.report(text.line, "has `text` but does not `listen`");
        }
        if let Some(payload) = &ask.payload {
            self.variable(&payload.value, payload.line);
        }
        for variable in ask.parameters.values() {
            self.variable(&variable.value, variable.line);
        }
        let language = ask.language.as_ref();
        let parameters = ask.parameters.iter();
        Dialogflow {
            agent: ask.agent.value.clone(),
            language: language.map(|language| {
                self.language(&language.value, language.line);
                language.value.clone()
            }),
            listen: ask.listen,
            texts: self.texts(ask.text.as_ref(), None),
            silent: ask.silent,
            payload: ask.payload.as_ref().map(|payload| payload.value.clone()),
            parameters: parameters
                .map(|(parameter, variable)| (parameter.clone(), variable.value.clone()))
                .collect(),
            intents: self.ways(&ask.intents),
            next: self.way(&ask.next, "`next`", at),
            fallback: self.way(&ask.fallback, "`fallback`", at),
            on_error: self.error_way(&ask.on_error, at),
        }
    }

    fn ways(&mut self, ways: &BTreeMap<String, At<String>>) -> BTreeMap<String, Way> {
        let ways = ways.iter();
        ways.map(|(name, target)| (name.clone(), self.target(target)))
            .collect()
    }
}
