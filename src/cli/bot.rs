//! `quartet bot`

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{self, InAccount};
use super::bot_secret::{DialogflowKeys, PluginSecret};
use super::report::Report;
use crate::flow::scenario::{Played, Scenarios};
use crate::flow::script::{self, Scripts};
use crate::flow::{File, Flow, Problem, Problems, Runner};
use crate::model::{AccountId, BotId};
use crate::store::{self, Store};

/// Bots and their flows.
#[derive(Debug, Args)]
pub(super) struct Bot {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a bot.
    Create {
        /// The name beside what it says.
        #[arg(value_parser = args::name)]
        name: String,
        #[command(flatten)]
        target: InAccount,
    },
    /// Lists the bots.
    List {
        #[command(flatten)]
        target: InAccount,
    },
    /// Says what is wrong with a flow file. Needs no database.
    Check {
        /// The flow file, YAML or JSON.
        file: PathBuf,
    },
    /// Plays the scenarios of a flow file: chats that its author wrote down. Needs no database and nobody outside.
    Test {
        /// The flow file, YAML or JSON.
        file: PathBuf,
        /// The scenarios; those beside the flow, in `FLOW.test.yaml`, if it is not said.
        #[arg(long, value_name = "FILE")]
        scenarios: Option<PathBuf>,
    },
    /// Prints the JSON Schema of a flow file, for editors that complete and check while one writes. Needs no database.
    Schema,
    /// Checks a flow file and makes it the next version of a bot's flow.
    Import {
        /// The flow file, YAML or JSON.
        file: PathBuf,
        /// The bot's number.
        #[arg(long, value_name = "ID")]
        bot: i64,
        #[command(flatten)]
        target: InAccount,
    },
    #[command(subcommand)]
    DialogflowKey(DialogflowKeys),
    #[command(subcommand)]
    PluginSecret(PluginSecret),
}

impl Bot {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create { name, target } => create(name, target).await,
            Command::List { target } => {
                target
                    .run(async |store: &Store, account, _| list(store, account).await)
                    .await
            }
            Command::Check { file } => check(&file),
            Command::Test { file, scenarios } => test(&file, scenarios).await,
            Command::Schema => schema(),
            Command::Import { file, bot, target } => import(&file, BotId(bot), target).await,
            Command::DialogflowKey(keys) => keys.run().await,
            Command::PluginSecret(secret) => secret.run().await,
        }
    }
}

async fn create(name: String, target: InAccount) -> anyhow::Result<()> {
    let new = store::bots::NewBot {
        id: None,
        name,
        description: String::new(),
        avatar_url: String::new(),
    };
    target
        .run(async |store: &Store, account, now| {
            let bot = store::bots::create(store, account, new, None, now).await?;
            Ok(Report::One(vec![
                ("id", bot.id.0.into()),
                ("name", bot.name.into()),
            ]))
        })
        .await
}

async fn list(store: &Store, account: AccountId) -> anyhow::Result<Report> {
    let bots = store::bots::list(store, account).await?;
    let rows = bots.into_iter().map(|bot| {
        vec![
            json!(bot.id.0),
            json!(bot.name),
            json!(bot.flow_version.map(|version| version.0)),
        ]
    });
    Ok(Report::List(
        &["id", "name", "flow_version"],
        rows.collect(),
    ))
}

fn check(file: &Path) -> anyhow::Result<()> {
    sound(file, &read(file)?)?;
    writeln!(std::io::stdout().lock(), "{} is sound", file.display())?;
    Ok(())
}

/// Plays the scenarios of a flow, and refuses it if one goes wrong.
async fn test(file: &Path, scenarios: Option<PathBuf>) -> anyhow::Result<()> {
    let flow = sound(file, &read(file)?)?;
    let beside = scenarios.unwrap_or_else(|| file.with_extension("test.yaml"));
    let scenarios = Scenarios::parse(&read(&beside)?);
    let scenarios = scenarios.map_err(|problems| unsound(&beside, problems))?;
    let scripts = Scripts::new(script::own_program()?, 1);
    let played = scenarios.play(&flow, &scripts).await;
    let mut out = std::io::stdout().lock();
    let failed = print(&mut out, &beside, &played)?;
    anyhow::ensure!(
        failed == 0,
        "{} does not do what its scenarios say",
        file.display()
    );
    Ok(())
}

/// Prints how scenarios went, and tells how many failed.
fn print(out: &mut impl Write, file: &Path, played: &[Played]) -> std::io::Result<usize> {
    let mut failed = 0;
    for scenario in played {
        let Some(failure) = &scenario.failure else {
            writeln!(out, "passed  {}", scenario.name)?;
            continue;
        };
        failed += 1;
        let line = failure.line.map(|line| format!(":{line}"));
        writeln!(out, "FAILED  {}", scenario.name)?;
        let (file, line) = (file.display(), line.unwrap_or_default());
        writeln!(out, "{file}{line}: {failure}")?;
    }
    let passed = played.len() - failed;
    writeln!(out, "{passed} passed, {failed} failed")?;
    Ok(failed)
}

/// The flow of a file that is sound.
fn sound(file: &Path, text: &str) -> anyhow::Result<Flow> {
    Flow::parse(text).map_err(|problems| unsound(file, problems))
}

/// Everything that is wrong with a file, each with its file and line, as editors jump to it.
fn unsound(file: &Path, Problems(problems): Problems) -> anyhow::Error {
    let problems = problems.into_iter().map(|problem| {
        let line = problem.line.map(|line| format!(":{line}"));
        let cause = Problem {
            line: None,
            ..problem
        };
        format!("{}{}: {cause}", file.display(), line.unwrap_or_default())
    });
    let problems: Vec<String> = problems.collect();
    let problems = problems.join("\n");
    anyhow::anyhow!("{} is not sound\n{problems}", file.display())
}

fn schema() -> anyhow::Result<()> {
    let schema = serde_json::to_string_pretty(&File::schema())?;
    writeln!(std::io::stdout().lock(), "{schema}")?;
    Ok(())
}

async fn import(file: &Path, bot: BotId, target: InAccount) -> anyhow::Result<()> {
    let text = read(file)?;
    sound(file, &text)?;
    target
        .run(async |store: &Store, account, now| {
            // The region is for visitors' answers, of which there are none here.
            let runner = Runner::new(store.clone(), "");
            let version = runner.publish(account, bot, &text, now).await?;
            Ok(Report::One(vec![
                ("bot", bot.0.into()),
                ("flow_version", version.0.into()),
            ]))
        })
        .await
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
