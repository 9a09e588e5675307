//! Scenarios as their author writes them. An unknown key is refused with its line, as in a flow file.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::short::{Many, Short};
use crate::flow::call::Fault;
use crate::flow::file::{At, Problem, Problems, read};

/// A file of scenarios.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) scenarios: Vec<At<Scenario>>,
}

/// One chat from its beginning on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) name: String,
    #[serde(default)]
    pub(super) given: Given,
    pub(super) steps: Vec<At<Step>>,
}

/// What is so before the chat begins.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Given {
    /// The node that it begins at, instead of the flow's `start`.
    pub(super) from: Option<At<String>>,
    /// What time it is.
    pub(super) now: Option<DateTime<Utc>>,
    /// Where a phone number without a country code is from when the flow does not say.
    pub(super) region: Option<String>,
    /// The visitor: `name`, `email`, `phone`, and properties.
    pub(super) user: Map<String, Value>,
    pub(super) metadata: Map<String, Value>,
    /// Variables, over those that the flow begins with.
    pub(super) vars: Map<String, Value>,
    pub(super) answers: BTreeMap<String, String>,
    pub(super) goals: Vec<String>,
}

/// One thing that happens, and all that comes of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Step {
    /// The visitor's words.
    says: Option<String>,
    /// The option that the visitor presses: its title or its number.
    chooses: Option<Chosen>,
    /// An agent's words, which nobody waits for any longer then.
    agent_says: Option<String>,
    /// The agent ends the live part.
    agent_ends: bool,
    /// The visitor leaves the agents by other means than words.
    visitor_declines: bool,
    /// Time goes by.
    wait: Option<Wait>,

    /// What comes back to a node that asks a plugin or Dialogflow: the body of the answer.
    pub(super) returns: BTreeMap<String, At<Value>>,
    /// The nodes to which nothing comes back, and why. A script runs in earnest unless it stands here.
    pub(super) fails: BTreeMap<String, At<Failing>>,

    /// Everything that the bot says.
    pub(super) bot: Many<Message>,
    /// Whether the agents get the chat.
    pub(super) hands_over: bool,
    /// Whether the flow ends.
    pub(super) ends: bool,

    /// The node that waits afterwards.
    pub(super) at: Option<String>,
    /// What is known afterwards; `null` for what must not be.
    pub(super) vars: Map<String, Value>,
    pub(super) answers: Map<String, Value>,
    pub(super) user: Map<String, Value>,
    pub(super) results: Map<String, Value>,
    /// Every goal that was reached until then.
    pub(super) goals: Option<Vec<String>>,
}

/// What happens in a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Event {
    Start,
    Says(String),
    Chooses(Chosen),
    AgentSays,
    AgentEnds,
    VisitorDeclines,
    Wait(TimeDelta),
}

/// An option by its title or its number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Chosen {
    Title(String),
    Payload(i64),
}

/// Why nothing comes back.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failing {
    TimedOut,
    Failed,
}

/// Something that the bot says: a text, or a map with more than that.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) text: String,
    /// All that is offered with it.
    #[serde(default)]
    pub(super) options: Vec<Short<Offered>>,
    #[serde(default)]
    pub(super) rich: Option<Map<String, Value>>,
    /// Compared only where it stands.
    #[serde(default)]
    pub(super) typing_ms: Option<u32>,
}

/// An option: its title, or a map with the number too.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Offered {
    pub(super) title: String,
    /// Compared only where it stands.
    #[serde(default)]
    pub(super) payload: Option<i64>,
}

impl File {
    pub(super) fn parse(text: &str) -> Result<Self, Problems> {
        let file: Self = read(text)?;
        let mut problems = Vec::new();
        if file.scenarios.is_empty() {
            problems.push(Problem::of_file("holds no scenario"));
        }
        for scenario in &file.scenarios {
            check(&scenario.value, scenario.line, &mut problems);
        }
        if problems.is_empty() {
            Ok(file)
        } else {
            Err(Problems(problems))
        }
    }
}

fn check(scenario: &Scenario, line: Option<u64>, problems: &mut Vec<Problem>) {
    let mut report = |line, cause: &str| {
        problems.push(Problem {
            line,
            node: None,
            cause: cause.to_owned(),
        });
    };
    if scenario.steps.is_empty() {
        report(line, "the scenario has no steps");
    }
    for (at, step) in scenario.steps.iter().enumerate() {
        match step.value.events().as_slice() {
            [Event::Start] if at > 0 => report(
                step.line,
                "nothing happens in this step: it needs `says`, `chooses`, `agent_says`, `agent_ends`, `visitor_declines` or `wait`",
            ),
            [_] => {}
            _ => report(step.line, "more than one thing happens in this step"),
        }
        let twice = step.value.fails.keys();
        for node in twice.filter(|node| step.value.returns.contains_key(*node)) {
            let cause = format!("`{node}` stands in `returns` and in `fails`");
            report(step.line, &cause);
        }
    }
}

impl Step {
    /// What happens; a sound step has one thing.
    pub(super) fn events(&self) -> Vec<Event> {
        let all = [
            self.says.clone().map(Event::Says),
            self.chooses.clone().map(Event::Chooses),
            self.agent_says.as_ref().map(|_| Event::AgentSays),
            self.agent_ends.then_some(Event::AgentEnds),
            self.visitor_declines.then_some(Event::VisitorDeclines),
            self.wait.as_ref().map(|wait| Event::Wait(wait.0)),
        ];
        let events: Vec<Event> = all.into_iter().flatten().collect();
        if events.is_empty() {
            vec![Event::Start]
        } else {
            events
        }
    }
}

impl From<Failing> for Fault {
    fn from(failing: Failing) -> Self {
        match failing {
            Failing::TimedOut => Self::TimedOut,
            Failing::Failed => Self::Failed,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }
}

impl From<&str> for Offered {
    fn from(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            payload: None,
        }
    }
}

impl<'de> Deserialize<'de> for Chosen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChosenVisitor)
    }
}

struct ChosenVisitor;

impl Visitor<'_> for ChosenVisitor {
    type Value = Chosen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an option's title (in quotes if it looks like something else) or its number")
    }

    fn visit_str<E: de::Error>(self, title: &str) -> Result<Chosen, E> {
        Ok(Chosen::Title(title.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, payload: i64) -> Result<Chosen, E> {
        Ok(Chosen::Payload(payload))
    }

    fn visit_u64<E: de::Error>(self, payload: u64) -> Result<Chosen, E> {
        i64::try_from(payload)
            .map(Chosen::Payload)
            .map_err(|_| E::custom("no option has so large a number"))
    }
}

/// A time such as `90s`, `10m`, `2h` or `1d`.
#[derive(Debug, Clone)]
struct Wait(TimeDelta);

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read_wait(&text).map(Self).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is no time to wait, such as 90s, 10m, 2h or 1d"
            ))
        })
    }
}

fn read_wait(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().next_back()?;
    let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    Some(TimeDelta::seconds(i64::from(count) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_has_a_unit() {
        assert_eq!(read_wait("90s"), Some(TimeDelta::seconds(90)));
        assert_eq!(read_wait("10m"), Some(TimeDelta::minutes(10)));
        assert_eq!(read_wait("2h"), Some(TimeDelta::hours(2)));
        assert_eq!(read_wait("1d"), Some(TimeDelta::days(1)));
        for bad in ["", "m", "10", "-1m", "1 m", "1é", "é", "99999999999s"] {
            assert_eq!(read_wait(bad), None, "{bad}");
        }
    }
}
