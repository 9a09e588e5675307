//! The command line: one file a command.

mod account;
mod agent;
mod app;
mod args;
mod bench;
mod bot;
mod bot_secret;
mod deliveries;
mod demo;
mod doctor;
mod inbox;
mod key;
mod migrate;
mod openapi;
mod page_filter;
mod platform;
mod report;
mod secrets;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::app::backing;
use crate::config::{self, Config, Overrides};
use crate::flow::script;
use crate::postgres;
use crate::telemetry;

/// The exit code for what only a change of the configuration or the machine can mend.
const CANNOT_START: u8 = 2;

/// Four chat APIs, one conversation.
#[derive(Debug, Parser)]
#[command(name = "quartet", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server.
    Serve(serve::Serve),
    /// Runs the server with a sample account, its keys known to everybody, on this machine alone.
    Demo(demo::Demo),
    /// Brings the database to this version's shape and ends.
    Migrate(migrate::Migrate),
    /// Says whether the server could start here, and what is missing.
    Doctor(doctor::Doctor),
    Account(account::Account),
    Agent(agent::Agent),
    Key(key::Key),
    App(app::App),
    Inbox(inbox::Inbox),
    Bot(bot::Bot),
    PageFilter(page_filter::PageFilter),
    Platform(platform::Platform),
    Deliveries(deliveries::Deliveries),
    Secrets(secrets::Secrets),
    Bench(bench::Bench),
    Openapi(openapi::Openapi),
    /// Runs the scripts of flows for a server, which starts it.
    #[command(hide = true)]
    ScriptWorker,
}

/// What every command takes.
#[derive(Debug, Args)]
struct Settings {
    /// A file whose keys override the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the private PostgreSQL and the generated key live.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

impl Settings {
    fn load(self, listen: Option<SocketAddr>) -> Result<Config, config::Error> {
        let overrides = Overrides {
            listen,
            data_dir: self.data_dir,
        };
        Config::load(self.config.as_deref(), &overrides)
    }
}

impl Cli {
    /// Runs the command. What went wrong is said on the standard error, in one line.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            // Without a runtime: one is started whenever a script has cost its worker.
            Command::ScriptWorker => Ok(script::serve()),
            Command::Serve(command) => wait(command.run()),
            Command::Demo(command) => wait(command.run()),
            Command::Migrate(command) => wait(command.run()),
            Command::Doctor(command) => wait(command.run()),
            Command::Account(command) => succeed(wait(command.run())),
            Command::Agent(command) => succeed(wait(command.run())),
            Command::Key(command) => succeed(wait(command.run())),
            Command::App(command) => succeed(wait(command.run())),
            Command::Inbox(command) => succeed(wait(command.run())),
            Command::Bot(command) => succeed(wait(command.run())),
            Command::PageFilter(command) => succeed(wait(command.run())),
            Command::Platform(command) => succeed(wait(command.run())),
            Command::Deliveries(command) => succeed(wait(command.run())),
            Command::Secrets(command) => succeed(wait(command.run())),
            Command::Bench(command) => wait(command.run()),
            Command::Openapi(command) => succeed(command.run()),
        };
        match done {
            Ok(code) => code,
            Err(error) => {
                eprintln!("quartet: {error:#}");
                if keeps_from_starting(&error) {
                    CANNOT_START.into()
                } else {
                    ExitCode::FAILURE
                }
            }
        }
    }
}

fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    Runtime::new()?.block_on(work)
}

fn succeed(done: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    done.map(|()| ExitCode::SUCCESS)
}

fn keeps_from_starting(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<config::Error>()
            || cause.is::<demo::NotLoopback>()
            || cause.is::<config::SecretKeyError>()
            || matches!(cause.downcast_ref(), Some(telemetry::Error::Filter(_)))
            || matches!(cause.downcast_ref(), Some(backing::Error::Url(_)))
            || matches!(
                cause.downcast_ref(),
                Some(postgres::Error::NothingToRun { .. })
            )
    })
}
