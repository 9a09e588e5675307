//! Rounds, interleaved line by line, with what each cost.

use std::io::Write;
use std::time::Instant;

use anyhow::Context;

use super::Options;
use super::cases::{Case, Line, Score};
use super::report::{CaseReport, LineReport, Round};
use super::server::Server;
use super::stage::Stage;
use super::usage::Usage;

/// The share of the machine that others may use in a case that is judged.
pub(super) const OTHERS_AT_MOST: f64 = 0.1;

/// Runs a case to its end and shows that nothing was lost or doubled.
pub(super) async fn hold(
    name: &'static str,
    mut case: Case,
    stage: &Stage,
    options: &Options,
    progress: &mut impl Write,
) -> anyhow::Result<CaseReport> {
    let idle = memory(&case.servers);
    let mut rounds: Vec<Vec<Round>> = case.lines.iter().map(|_| Vec::new()).collect();
    for number in 1..=options.rounds {
        for (line, rounds) in case.lines.iter_mut().zip(&mut rounds) {
            write!(progress, "  round {number}: {} ", line.name)?;
            progress.flush()?;
            let laid_out = line.work.lay_out(options.round).await;
            laid_out.with_context(|| line.name.clone())?;
            let before = Usage::now(&case.servers, stage);
            let began = Instant::now();
            let score = line.work.round(options.round).await;
            let score = score.with_context(|| line.name.clone())?;
            let cost = Usage::now(&case.servers, stage).since(before, began.elapsed());
            let memory = score.memory_bytes.unwrap_or_else(|| memory(&case.servers));
            let round = Round::new(&score, cost, memory);
            writeln!(progress, "{:.0}/s", round.rate)?;
            rounds.push(round);
        }
    }
    for line in &mut case.lines {
        let verified = line.work.verify().await;
        verified.with_context(|| format!("{name}, {}", line.name))?;
    }
    let report = CaseReport::new(name, idle, lines(case.lines, rounds));
    for server in case.servers {
        server.stop().await?;
    }
    Ok(report)
}

/// What the servers have together.
fn memory(servers: &[Server]) -> u64 {
    servers.iter().map(Server::memory).sum()
}

fn lines(lines: Vec<Line>, rounds: Vec<Vec<Round>>) -> Vec<LineReport> {
    let (mut yardstick, mut in_a_row): (Option<f64>, bool) = (None, false);
    let mut reports = Vec::new();
    for (line, rounds) in lines.into_iter().zip(rounds) {
        let report = LineReport::new(&line, rounds, yardstick);
        if line.is_yardstick {
            let rate = report.rate.median;
            yardstick = Some(
                yardstick
                    .filter(|_| in_a_row)
                    .map_or(rate, |best| best.max(rate)),
            );
        }
        in_a_row = line.is_yardstick;
        reports.push(report);
    }
    reports
}

impl Score {
    /// Operations a second.
    pub(super) fn rate(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are not 2^52 operations in a round"
        )]
        let operations = self.operations as f64;
        operations / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}
