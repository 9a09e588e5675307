//! `quartet bench`: how fast this program is on this machine, beside what the machine can do at best.
//!
//! A `cases::Case` is a server with work for it: lines of the table, the first of which may be the yardstick of the
//! others. Rounds are interleaved, so that whatever else the machine does meets all lines alike. PostgreSQL and the
//! server are processes of their own, and their processor time is told apart; the clients and the receivers are this
//! process. Afterwards every case shows that what was acknowledged is there exactly once.

mod cases;
mod clients;
mod contest;
mod crowd;
mod http;
mod machine;
mod pgbench;
mod receiver;
mod report;
mod server;
mod stage;
mod usage;
mod websocket;
mod yardstick;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

pub use report::Outcome;
use report::{CaseReport, Verdict};
use stage::Stage;

/// What is run and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cases, by name; all where there are none.
    pub cases: Vec<String>,
    /// Rounds of every line.
    pub rounds: usize,
    /// About how long a round takes.
    pub round: Duration,
    /// Where data is kept meanwhile: what its disk takes for a commit counts.
    pub folder: PathBuf,
    /// PostgreSQL's programs, if not those that come with this one.
    pub pg_bin: Option<PathBuf>,
    /// The program of that name, if it is to be another than the first that is found.
    pub pgbench: Option<PathBuf>,
    /// Messages that are stored where many are.
    pub rows: i64,
    /// Judge even if others use the machine.
    pub anyway: bool,
}

/// The names of all cases, with what they are about.
pub fn cases() -> impl Iterator<Item = (&'static str, &'static str)> {
    cases::ALL.iter().map(|kind| (kind.name, kind.about))
}

/// Runs the cases, saying on `progress` what is under way.
pub async fn run(options: &Options, progress: &mut impl Write) -> anyhow::Result<Outcome> {
    let chosen = cases::chosen(&options.cases)?;
    let stage = Stage::set(options).await?;
    let mut reports = Vec::new();
    for kind in chosen {
        writeln!(progress, "{}: {}", kind.name, kind.about)?;
        let case = (kind.prepare)(&stage).await?;
        let report = contest::hold(kind.name, case, &stage, options, progress).await;
        reports.push(report?);
    }
    let machine = machine::Machine::describe(stage.folder());
    stage.strike().await?;
    Ok(Outcome {
        verdict: verdict(&reports, options.anyway),
        rounds: options.rounds,
        round_secs: options.round.as_secs_f64(),
        machine,
        cases: reports,
    })
}

fn verdict(reports: &[CaseReport], anyway: bool) -> Verdict {
    let busiest = reports.iter().map(|case| case.others).fold(0.0, f64::max);
    if busiest > contest::OTHERS_AT_MOST && !anyway {
        Verdict::Refused
    } else if reports.iter().all(CaseReport::meets_its_goals) {
        Verdict::Met
    } else {
        Verdict::Missed
    }
}
