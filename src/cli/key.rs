//! `quartet key`

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::args::{self, InAccount};
use super::report::Report;
use crate::model::{AccountId, AgentId, BotId, KeyId, Scope};
use crate::store::{self, Store};

/// Keys and access tokens.
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a key and prints it, which nothing does again.
    Create(Create),
    /// Lists the keys, never their text.
    List {
        #[command(flatten)]
        target: InAccount,
    },
    /// Ends a key at once.
    Revoke {
        /// The key's number.
        id: i64,
        #[command(flatten)]
        target: InAccount,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What people call it.
    #[arg(long, value_parser = args::name, default_value = "key")]
    name: String,
    /// What it opens: instabot, imbox, chatlake or admin. May be repeated.
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = args::scope)]
    scopes: Vec<Scope>,
    /// The agent it speaks for (scope chatlake).
    #[arg(long, value_name = "ID", conflicts_with = "bot")]
    agent: Option<i64>,
    /// The bot it speaks for (scope chatlake).
    #[arg(long, value_name = "ID")]
    bot: Option<i64>,
    #[command(flatten)]
    target: InAccount,
}

impl Key {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create(create) => create.run().await,
            Command::List { target } => {
                target
                    .run(async |store: &Store, account, _| list(store, account).await)
                    .await
            }
            Command::Revoke { id, target } => {
                target
                    .run(async |store: &Store, account, now| {
                        store::keys::revoke(store, account, KeyId(id), now).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
        }
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let new = store::keys::NewKey {
            name: self.name,
            scopes: self.scopes,
            agent: self.agent.map(AgentId),
            bot: self.bot.map(BotId),
            text: None,
        };
        new.check().map_err(anyhow::Error::msg)?;
        self.target
            .run(async |store: &Store, account, now| {
                let (id, text) = store::keys::create(store, account, new, now).await?;
                Ok(Report::One(vec![
                    ("id", id.0.into()),
                    ("key", text.expose_secret().into()),
                ]))
            })
            .await
    }
}

async fn list(store: &Store, account: AccountId) -> anyhow::Result<Report> {
    let keys = store::keys::list(store, account).await?;
    let rows = keys.into_iter().map(|key| {
        vec![
            json!(key.id.0),
            json!(key.name),
            json!(key.prefix),
            json!(key.scopes),
            json!(key.agent.map(|id| id.0)),
            json!(key.bot.map(|id| id.0)),
            json!(key.revoked_at),
        ]
    });
    Ok(Report::List(
        &[
            "id",
            "name",
            "prefix",
            "scopes",
            "agent",
            "bot",
            "revoked_at",
        ],
        rows.collect(),
    ))
}
