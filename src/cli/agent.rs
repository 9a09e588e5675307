//! `quartet agent`

use anyhow::Context;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::args::{self, InAccount};
use super::report::Report;
use crate::model::{AccountId, AgentId, Password, Role};
use crate::store::{self, Store};

/// Agents: the people inside.
#[derive(Debug, Args)]
pub(super) struct Agent {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds an agent.
    Create(Create),
    /// Lists the agents.
    List {
        #[command(flatten)]
        target: InAccount,
    },
    /// Lets an agent sign in, to every account that they are an agent of, with the password that comes on the standard
    /// input. Whatever was open to them before ends.
    Password {
        /// The agent's number.
        id: i64,
        #[command(flatten)]
        target: InAccount,
    },
    /// Takes an agent out of the account; its tokens end.
    Remove {
        /// The agent's number.
        id: i64,
        #[command(flatten)]
        target: InAccount,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// Full name.
    #[arg(value_parser = args::name)]
    name: String,
    /// E-mail address.
    #[arg(long, value_parser = args::email)]
    email: String,
    /// `administrator` or `agent`.
    #[arg(long, value_parser = args::role, default_value = "agent")]
    role: Role,
    /// Works behind the scenes and takes no chats.
    #[arg(long)]
    back_office: bool,
    /// Department.
    #[arg(long, value_parser = args::name)]
    department: Option<String>,
    /// A team to join, made if there is none of that name. May be repeated.
    #[arg(long = "team", value_name = "NAME", value_parser = args::name)]
    teams: Vec<String>,
    #[command(flatten)]
    target: InAccount,
}

impl Agent {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create(create) => create.run().await,
            Command::List { target } => {
                target
                    .run(async |store: &Store, account, _| list(store, account).await)
                    .await
            }
            Command::Password { id, target } => {
                let password = read_password()?;
                target
                    .run(async |store: &Store, account, now| {
                        let agent = store::agents::get(store, account, AgentId(id)).await?;
                        store::user_passwords::set(store, agent.id.into(), password, now).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
            Command::Remove { id, target } => {
                target
                    .run(async |store: &Store, account, now| {
                        store::agents::remove(store, account, AgentId(id), now).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
        }
    }
}

/// The standard input up to its end, without the line break that may stand there.
fn read_password() -> anyhow::Result<Password> {
    let text = SecretString::from(std::io::read_to_string(std::io::stdin())?);
    let line = text.expose_secret();
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    Password::parse(line.into()).context("the password")
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let new = store::agents::NewAgent {
            name: self.name,
            display_name: None,
            email: self.email,
            avatar_url: String::new(),
            role: self.role,
            is_back_office: self.back_office,
            department: self.department.unwrap_or_default(),
        };
        self.target
            .run(async |store: &Store, account, now| {
                let agent = store::agents::create(store, account, new, now).await?;
                for team in self.teams {
                    let team = team.to_lowercase();
                    store::agents::join_team(store, account, team, vec![agent.id], now).await?;
                }
                Ok(Report::One(vec![
                    ("id", agent.id.0.into()),
                    ("name", agent.name.into()),
                    ("email", agent.email.into()),
                ]))
            })
            .await
    }
}

async fn list(store: &Store, account: AccountId) -> anyhow::Result<Report> {
    let agents = store::agents::list(store, account).await?;
    let rows = agents.into_iter().map(|agent| {
        vec![
            json!(agent.id.0),
            json!(agent.name),
            json!(agent.email),
            json!(agent.role.as_str()),
            json!(agent.teams),
        ]
    });
    Ok(Report::List(
        &["id", "name", "email", "role", "teams"],
        rows.collect(),
    ))
}
