//! `quartet app`

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::args::InAccount;
use super::report::Report;
use crate::model::{AccountId, AppId, BotApp, BotId};
use crate::store::{self, Store};

/// Apps: integrations that log in to a bot's reports.
#[derive(Debug, Args)]
pub(super) struct App {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an app and prints its secret, which nothing does again.
    Create {
        /// The bot whose reports it sees.
        #[arg(long, value_name = "ID")]
        bot: i64,
        #[command(flatten)]
        target: InAccount,
    },
    /// Lists the apps.
    List {
        #[command(flatten)]
        target: InAccount,
    },
    /// Shuts an app out: its tokens end.
    Disable(One),
    /// Lets an app in again.
    Enable(One),
    /// Gives an app a new secret and prints it; the old one and every token end.
    Secret(One),
}

#[derive(Debug, Args)]
struct One {
    /// The app's number.
    id: i64,
    #[command(flatten)]
    target: InAccount,
}

impl App {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create { bot, target } => {
                target
                    .run(async |store: &Store, account, now| {
                        create(store, account, BotId(bot), now).await
                    })
                    .await
            }
            Command::List { target } => {
                target
                    .run(async |store: &Store, account, _| list(store, account).await)
                    .await
            }
            Command::Disable(One { id, target }) => {
                target
                    .run(async |store: &Store, account, now| {
                        store::apps::disable(store, account, AppId(id), now).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
            Command::Enable(One { id, target }) => {
                target
                    .run(async |store: &Store, account, now| {
                        store::apps::enable(store, account, AppId(id), now).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
            Command::Secret(One { id, target }) => {
                target
                    .run(async |store: &Store, account, now| {
                        let id = AppId(id);
                        let secret =
                            store::apps::change_secret(store, account, id, None, now).await?;
                        let app = store::apps::get(store, account, id).await?;
                        Ok(with_secret(app, &secret))
                    })
                    .await
            }
        }
    }
}

async fn create(
    store: &Store,
    account: AccountId,
    bot: BotId,
    now: DateTime<Utc>,
) -> anyhow::Result<Report> {
    let new = store::apps::NewApp {
        bot,
        app_id: None,
        secret: None,
    };
    let (app, secret) = store::apps::create(store, account, new, now).await?;
    Ok(with_secret(app, &secret))
}

fn with_secret(app: BotApp, secret: &SecretString) -> Report {
    Report::One(vec![
        ("id", app.id.0.into()),
        ("app_id", app.app_id.into()),
        ("app_secret", secret.expose_secret().into()),
    ])
}

async fn list(store: &Store, account: AccountId) -> anyhow::Result<Report> {
    let apps = store::apps::list(store, account).await?;
    let rows = apps.into_iter().map(|app| {
        vec![
            json!(app.id.0),
            json!(app.app_id),
            json!(app.bot.0),
            json!(app.disabled_at),
        ]
    });
    Ok(Report::List(
        &["id", "app_id", "bot", "disabled_at"],
        rows.collect(),
    ))
}
