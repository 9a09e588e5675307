//! `quartet platform`

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::args::{self, OnServer};
use super::report::Report;
use crate::model::PlatformAppId;
use crate::store::{self, Store};

/// Platform apps: programs that make accounts, users and bots, and reach what they made.
#[derive(Debug, Args)]
pub(super) struct Platform {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a platform app and prints its token, which nothing does again.
    Create {
        /// What people call it.
        #[arg(value_parser = args::name)]
        name: String,
        #[command(flatten)]
        server: OnServer,
    },
    /// Lists the platform apps, never their tokens.
    List {
        #[command(flatten)]
        server: OnServer,
    },
    /// Shuts a platform app out at once; what it made stays.
    Revoke {
        /// The app's number.
        id: i64,
        #[command(flatten)]
        server: OnServer,
    },
}

impl Platform {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create { name, server } => {
                server
                    .run(async |store: &Store, now| {
                        let (id, token) = store::platform_apps::create(store, name, now).await?;
                        Ok(Report::One(vec![
                            ("id", id.0.into()),
                            ("token", token.expose_secret().into()),
                        ]))
                    })
                    .await
            }
            Command::List { server } => {
                server.run(async |store: &Store, _| list(store).await).await
            }
            Command::Revoke { id, server } => {
                server
                    .run(async |store: &Store, now| {
                        store::platform_apps::revoke(store, PlatformAppId(id), now).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
        }
    }
}

async fn list(store: &Store) -> anyhow::Result<Report> {
    let apps = store::platform_apps::list(store).await?;
    let rows = apps.into_iter().map(|app| {
        vec![
            json!(app.id.0),
            json!(app.name),
            json!(app.prefix),
            json!(app.revoked_at),
        ]
    });
    Ok(Report::List(
        &["id", "name", "prefix", "revoked_at"],
        rows.collect(),
    ))
}
