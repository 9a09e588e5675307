//! `quartet inbox`

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{self, InAccount};
use super::report::Report;
use crate::model::{AccountId, BotId, Channel};
use crate::store::{self, Store};

/// Inboxes: where messages come in.
#[derive(Debug, Args)]
pub(super) struct Inbox {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an inbox.
    Create(Create),
    /// Lists the inboxes.
    List {
        #[command(flatten)]
        target: InAccount,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What people call it.
    #[arg(value_parser = args::name)]
    name: String,
    /// What it is connected to; one that another system feeds is `general`.
    #[arg(long, value_parser = args::channel)]
    channel: Channel,
    /// The bot that answers here first.
    #[arg(long, value_name = "ID")]
    bot: Option<i64>,
    /// Where another system hears of its events.
    #[arg(long, value_name = "URL", value_parser = args::url)]
    webhook_url: Option<String>,
    #[command(flatten)]
    target: InAccount,
}

impl Inbox {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create(create) => create.run().await,
            Command::List { target } => {
                target
                    .run(async |store: &Store, account, _| list(store, account).await)
                    .await
            }
        }
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let new = store::inboxes::NewInbox {
            bot: self.bot.map(BotId),
            webhook_url: self.webhook_url,
            ..store::inboxes::NewInbox::new(self.name, self.channel)
        };
        self.target
            .run(async |store: &Store, account, now| {
                let inbox = store::inboxes::create(store, account, new, None, now).await?;
                Ok(Report::One(vec![
                    ("id", inbox.id.0.into()),
                    ("name", inbox.name.into()),
                    ("channel", inbox.channel.as_str().into()),
                    ("identifier", inbox.identifier.into()),
                ]))
            })
            .await
    }
}

async fn list(store: &Store, account: AccountId) -> anyhow::Result<Report> {
    let inboxes = store::inboxes::list(store, account).await?;
    let rows = inboxes.into_iter().map(|inbox| {
        vec![
            json!(inbox.id.0),
            json!(inbox.name),
            json!(inbox.channel.as_str()),
            json!(inbox.bot.map(|id| id.0)),
            json!(inbox.identifier),
        ]
    });
    Ok(Report::List(
        &["id", "name", "channel", "bot", "identifier"],
        rows.collect(),
    ))
}
