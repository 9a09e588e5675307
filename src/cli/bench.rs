//! `quartet bench`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::app::bare;
use crate::bench::{self, Options};

/// Measures how fast this program is here, beside what the machine can do: on a database, a server and receivers of its
/// own. Takes minutes.
#[derive(Debug, Args)]
pub(super) struct Bench {
    /// The cases to run; all, if none is named.
    cases: Vec<String>,
    /// Lists the cases and ends.
    #[arg(long)]
    list: bool,
    /// Rounds of every line.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// About how long a round takes.
    #[arg(long, default_value_t = 4.0, value_name = "SECONDS")]
    seconds: f64,
    /// Where the data is kept meanwhile; the disk behind it decides what a commit takes.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Folder with PostgreSQL's programs, if not those that come with this one.
    #[arg(long, value_name = "FOLDER")]
    pg_bin: Option<PathBuf>,
    /// The program pgbench, whose transactions are the measure of messages and reads. Without one a loop of our own is.
    #[arg(long, value_name = "FILE")]
    pgbench: Option<PathBuf>,
    /// Messages that are stored where many are: ten million take about ten gigabytes.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(i64).range(10_000..))]
    rows: i64,
    /// Judges even if other programs use the machine.
    #[arg(long)]
    anyway: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Serves refusals and nothing else: the measure of what stands around every request. Cases start it.
    #[arg(long, hide = true)]
    bare: bool,
}

impl Bench {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.list {
            let mut out = io::stdout().lock();
            for (name, about) in bench::cases() {
                writeln!(out, "{name}  {about}")?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        if self.bare {
            bare::run().await?;
            return Ok(ExitCode::SUCCESS);
        }
        let options = Options {
            cases: self.cases,
            rounds: self.rounds.into(),
            round: Duration::try_from_secs_f64(self.seconds)?,
            folder: self.folder.unwrap_or_else(std::env::temp_dir),
            pg_bin: self.pg_bin,
            pgbench: self.pgbench,
            rows: self.rows,
            anyway: self.anyway,
        };
        let outcome = bench::run(&options, &mut io::stderr()).await?;
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&outcome)?)?;
        } else {
            write!(out, "{outcome}")?;
        }
        out.flush()?;
        Ok(if outcome.is_met() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
