//! Who answers what a node asks: scripts do so themselves, everybody else by the scenario.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::file::Step;
use crate::flow::call::{Answer, Ask, Call, Context, Detected, Fault, Returned};
use crate::flow::script::{self, Scripts};
use crate::model::AccountId;

/// Whose scripts those of a scenario are.
const NOBODY: AccountId = AccountId(0);

/// What answers within one step.
pub(super) struct Outside<'a> {
    step: &'a Step,
    scripts: &'a Scripts,
    pub(super) now: DateTime<Utc>,
    /// The nodes that asked.
    asked: BTreeSet<String>,
    /// What is wrong with what was asked or answered.
    pub(super) problems: Vec<String>,
    /// What helps to understand a failure.
    pub(super) notes: Vec<String>,
}

impl<'a> Outside<'a> {
    pub(super) fn new(step: &'a Step, scripts: &'a Scripts, now: DateTime<Utc>) -> Self {
        Self {
            step,
            scripts,
            now,
            asked: BTreeSet::new(),
            problems: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) async fn ask(&mut self, call: Call) -> Result<Returned, Fault> {
        let Call { node, ask } = call;
        self.asked.insert(node.clone());
        if let Some(failing) = self.step.fails.get(&node) {
            return Err(failing.value.into());
        }
        let body = self.step.returns.get(&node);
        let body = body.map(|body| body.value.clone());
        let returned = match (ask, body) {
            (Ask::Script { source, context }, None) => {
                return self.run(&node, &source, context).await;
            }
            (Ask::Script { .. }, Some(_)) => Err("is a script, which runs in earnest".to_owned()),
            (Ask::Plugin { .. }, Some(body)) => Answer::parse(body)
                .map(Returned::Plugin)
                .map_err(|failure| failure.to_string()),
            (Ask::Dialogflow { .. }, Some(body)) => Detected::parse(body)
                .map(Returned::Dialogflow)
                .map_err(|failure| failure.to_string()),
            (Ask::Plugin { .. } | Ask::Dialogflow { .. }, None) => {
                Err("asks, and nothing comes back: `returns` or `fails` lacks it".to_owned())
            }
        };
        returned.map_err(|cause| {
            self.problems.push(format!("node `{node}`: {cause}"));
            Fault::Failed
        })
    }

    async fn run(&mut self, node: &str, source: &str, context: Context) -> Result<Returned, Fault> {
        let call = script::Call {
            source: at(self.now, source),
            context,
        };
        match self.scripts.run(NOBODY, call).await {
            Ok(outcome) => {
                let logged = outcome.logged.iter();
                self.notes
                    .extend(logged.map(|line| format!("script `{node}` logged {line}")));
                Ok(Returned::Script(outcome))
            }
            Err(failure) => {
                let told = format!("script `{node}` failed: {failure}");
                match failure {
                    script::Failure::TimedOut => {
                        self.notes.push(told);
                        Err(Fault::TimedOut)
                    }
                    script::Failure::Memory
                    | script::Failure::Stack
                    | script::Failure::Thrown(_)
                    | script::Failure::NoNext
                    | script::Failure::TooLarge => {
                        self.notes.push(told);
                        Err(Fault::Failed)
                    }
                    // Nothing that the script can be blamed for.
                    script::Failure::Unavailable => {
                        self.problems.push(told);
                        Err(Fault::Failed)
                    }
                }
            }
        }
    }

    /// The nodes that an answer stands ready for and that asked nothing.
    pub(super) fn unasked(&self) -> impl Iterator<Item = &str> {
        let ready = self.step.returns.keys().chain(self.step.fails.keys());
        ready
            .map(String::as_str)
            .filter(|node| !self.asked.contains(*node))
    }
}

/// The script with a clock that stands still. All on its first line, so that lines keep their numbers.
fn at(now: DateTime<Utc>, source: &str) -> String {
    let now = now.timestamp_millis();
    format!(
        "{{ const now = {now}; globalThis.Date = new Proxy(Date, {{ \
         construct: (date, given, made) => Reflect.construct(date, given.length ? given : [now], made), \
         apply: (date) => new date(now).toString(), \
         get: (date, key) => key === 'now' ? () => now : Reflect.get(date, key) }}); }} {source}"
    )
}
