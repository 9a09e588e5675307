//! The `quartet` program. Everything is in the library.

use std::process::ExitCode;

use clap::Parser;
use quartet::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
