//! `quartet account`

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{self, OnServer};
use super::report::Report;
use crate::model::{AccountId, AccountStatus};
use crate::store::{self, Store};

/// Accounts: who owns everything else.
#[derive(Debug, Args)]
pub(super) struct Account {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an account.
    Create {
        /// What people call it.
        #[arg(value_parser = args::name)]
        name: String,
        #[command(flatten)]
        server: OnServer,
    },
    /// Lists the accounts.
    List {
        #[command(flatten)]
        server: OnServer,
    },
    /// Shuts an account: its keys and apps open nothing until it is activated.
    Suspend {
        /// The account's number.
        id: i64,
        #[command(flatten)]
        server: OnServer,
    },
    /// Opens an account again.
    Activate {
        /// The account's number.
        id: i64,
        #[command(flatten)]
        server: OnServer,
    },
}

impl Account {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create { name, server } => {
                server
                    .run(async |store: &Store, now| {
                        let account = store::accounts::create(store, name, now).await?;
                        Ok(Report::One(vec![
                            ("id", account.id.0.into()),
                            ("name", account.name.into()),
                        ]))
                    })
                    .await
            }
            Command::List { server } => {
                server.run(async |store: &Store, _| list(store).await).await
            }
            Command::Suspend { id, server } => {
                set_status(server, AccountId(id), AccountStatus::Suspended).await
            }
            Command::Activate { id, server } => {
                set_status(server, AccountId(id), AccountStatus::Active).await
            }
        }
    }
}

async fn list(store: &Store) -> anyhow::Result<Report> {
    let accounts = store::accounts::list(store).await?;
    let rows = accounts.into_iter().map(|account| {
        vec![
            json!(account.id.0),
            json!(account.name),
            json!(account.status.as_str()),
            json!(account.created_at),
        ]
    });
    Ok(Report::List(
        &["id", "name", "status", "created_at"],
        rows.collect(),
    ))
}

async fn set_status(server: OnServer, id: AccountId, status: AccountStatus) -> anyhow::Result<()> {
    server
        .run(async |store: &Store, now| {
            store::accounts::set_status(store, id, status, now).await?;
            Ok(Report::Done)
        })
        .await
}
