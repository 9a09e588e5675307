//! What came of it: for people a table, for machines JSON.

use std::time::Duration;

use serde::Serialize;

use super::cases::{Goal, Line, Score};
use super::machine::Machine;
use super::usage::Cost;

/// All that a run has to say.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) rounds: usize,
    pub(super) round_secs: f64,
    pub(super) machine: Machine,
    pub(super) cases: Vec<CaseReport>,
}

/// Whether every line reached what it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Met,
    Missed,
    /// Others used too much of the machine.
    Refused,
}

#[derive(Debug, Serialize)]
pub(super) struct CaseReport {
    name: &'static str,
    /// The share of the machine that others used, in the middle of all rounds.
    pub(super) others: f64,
    /// The server's memory before it had anything to do.
    idle_bytes: u64,
    lines: Vec<LineReport>,
}

/// A line of the table.
#[derive(Debug, Serialize)]
pub(super) struct LineReport {
    name: String,
    is_yardstick: bool,
    /// Operations a second.
    pub(super) rate: Spread,
    /// How many times the yardstick the middle is.
    ratio: Option<f64>,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    /// Processor time of an operation.
    server_us: f64,
    postgres_us: f64,
    client_us: f64,
    /// The server's memory afterwards, at most.
    memory_bytes: u64,
    goals: Vec<GoalReport>,
    rounds: Vec<Round>,
}

#[derive(Debug, Serialize)]
struct GoalReport {
    goal: String,
    met: bool,
}

/// What one round of a line came to.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Round {
    pub(super) rate: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    server_us: f64,
    postgres_us: f64,
    client_us: f64,
    others: f64,
    memory_bytes: u64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Spread {
    min: f64,
    pub(super) median: f64,
    max: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        Some(Self {
            min: *values.first()?,
            median: *values.get(values.len() / 2)?,
            max: *values.last()?,
        })
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    Spread::of(values).map(|spread| spread.median)
}

impl Round {
    pub(super) fn new(score: &Score, cost: Cost, memory_bytes: u64) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are not 2^52 operations in a round"
        )]
        let operations = score.operations.max(1) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / operations;
        let mut latencies = score.latencies.clone();
        latencies.sort_unstable();
        Self {
            rate: score.rate(),
            p50_ms: percentile(&latencies, 50),
            p99_ms: percentile(&latencies, 99),
            server_us: each(cost.server),
            postgres_us: each(cost.postgres),
            client_us: each(cost.client),
            others: cost.others,
            memory_bytes,
        }
    }
}

/// The least of the sorted values that so many in a hundred do not exceed, in milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let place = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
    sorted.get(place).map(|latency| latency.as_secs_f64() * 1e3)
}

impl LineReport {
    pub(super) fn new(line: &Line, rounds: Vec<Round>, yardstick: Option<f64>) -> Self {
        let none = Spread {
            min: 0.0,
            median: 0.0,
            max: 0.0,
        };
        let rate = Spread::of(rounds.iter().map(|round| round.rate)).unwrap_or(none);
        let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of)).unwrap_or(0.0);
        let p99_ms = median(rounds.iter().filter_map(|round| round.p99_ms));
        let ratio = yardstick
            .filter(|_| !line.is_yardstick)
            .map(|yardstick| rate.median / yardstick);
        let memory_bytes = rounds.iter().map(|round| round.memory_bytes).max();
        let memory_bytes = memory_bytes.unwrap_or(0);
        let goals = line
            .goals
            .iter()
            .map(|goal| goal.judge(rate.median, ratio, p99_ms, memory_bytes));
        Self {
            name: line.name.clone(),
            is_yardstick: line.is_yardstick,
            rate,
            ratio,
            p50_ms: median(rounds.iter().filter_map(|round| round.p50_ms)),
            p99_ms,
            server_us: middle(|round| round.server_us),
            postgres_us: middle(|round| round.postgres_us),
            client_us: middle(|round| round.client_us),
            memory_bytes,
            goals: goals.collect(),
            rounds,
        }
    }
}

impl Goal {
    fn judge(
        self,
        rate: f64,
        ratio: Option<f64>,
        p99_ms: Option<f64>,
        memory_bytes: u64,
    ) -> GoalReport {
        let (goal, met) = match self {
            Self::Ratio(least) => (
                format!("at least {least:.2} times the yardstick"),
                ratio.is_some_and(|ratio| ratio >= least),
            ),
            Self::Rate(least) => (format!("at least {least:.0} a second"), rate >= least),
            Self::P99(most) => {
                let most_ms = most.as_secs_f64() * 1e3;
                (
                    format!("99 of 100 within {most_ms} ms"),
                    p99_ms.is_some_and(|p99_ms| p99_ms < most_ms),
                )
            }
            Self::Memory(most) => (
                format!("at most {:.0} MiB of memory", mib(most)),
                memory_bytes <= most,
            ),
        };
        GoalReport { goal, met }
    }
}

impl CaseReport {
    pub(super) fn new(name: &'static str, idle_bytes: u64, lines: Vec<LineReport>) -> Self {
        let others = lines.iter().flat_map(|line| &line.rounds);
        Self {
            name,
            others: median(others.map(|round| round.others)).unwrap_or(0.0),
            idle_bytes,
            lines,
        }
    }

    pub(super) fn meets_its_goals(&self) -> bool {
        let mut goals = self.lines.iter().flat_map(|line| &line.goals);
        goals.all(|goal| goal.met)
    }
}

impl Outcome {
    /// Whether every goal was reached on a machine that had nothing else to do.
    pub fn is_met(&self) -> bool {
        self.verdict == Verdict::Met
    }
}

const MIB: f64 = 1024.0 * 1024.0;

#[expect(clippy::cast_precision_loss, reason = "no memory has 2^52 bytes")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.machine)?;
        writeln!(f, "{} rounds of {} s a line", self.rounds, self.round_secs)?;
        for case in &self.cases {
            case.fmt(f)?;
        }
        match self.verdict {
            Verdict::Met => Ok(()),
            Verdict::Missed => writeln!(f, "\nNot every line reached what it must."),
            Verdict::Refused => writeln!(
                f,
                "\nOther programs used too much of the machine: these figures say nothing (--anyway judges them)."
            ),
        }
    }
}

impl std::fmt::Display for CaseReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = self.lines.iter().map(|line| line.name.chars().count());
        let width = width.max().unwrap_or(0);
        let [others, idle] = [self.others * 100.0, mib(self.idle_bytes)];
        writeln!(
            f,
            "\n{}: others used {others:.0} % of the machine; the idle server had {idle:.0} MiB",
            self.name
        )?;
        writeln!(
            f,
            "{:width$}  {:>25}  {:>6}  {:>13}  {:>26}  {:>4}",
            "", "a second", "times", "ms", "processor, us each", "MiB"
        )?;
        writeln!(
            f,
            "{:width$}  {:>7}  {:>7}  {:>7}  {:>6}  {:>5}  {:>6}  {:>7}  {:>10}  {:>5}",
            "", "least", "middle", "most", "", "p50", "p99", "server", "PostgreSQL", "client"
        )?;
        self.lines.iter().try_for_each(|line| line.write(f, width))
    }
}

impl LineReport {
    fn write(&self, f: &mut std::fmt::Formatter<'_>, width: usize) -> std::fmt::Result {
        let optional =
            |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
        writeln!(
            f,
            "{:width$}  {:>7.0}  {:>7.0}  {:>7.0}  {:>6}  {:>5}  {:>6}  {:>7.0}  {:>10.0}  {:>6.0}  {:>4.0}",
            self.name,
            self.rate.min,
            self.rate.median,
            self.rate.max,
            optional(self.ratio),
            optional(self.p50_ms),
            optional(self.p99_ms),
            self.server_us,
            self.postgres_us,
            self.client_us,
            mib(self.memory_bytes),
        )?;
        for goal in &self.goals {
            let met = if goal.met { "reached" } else { "missed" };
            writeln!(f, "{:width$}  {met}: {}", "", goal.goal)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_99th_are_values_that_were_measured() {
        let latencies: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&latencies, 50), Some(100.0));
        assert_eq!(percentile(&latencies, 99), Some(198.0));
        assert_eq!(percentile(&[], 99), None);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
    }

    #[test]
    fn a_goal_is_reached_or_missed() {
        assert!(Goal::Ratio(2.0).judge(0.0, Some(2.0), None, 0).met);
        assert!(!Goal::Ratio(2.0).judge(0.0, None, None, 0).met);
        assert!(!Goal::Rate(10.0).judge(9.9, None, None, 0).met);
        assert!(
            Goal::P99(Duration::from_millis(20))
                .judge(0.0, None, Some(19.0), 0)
                .met
        );
    }
}
