//! `quartet bot dialogflow-key` and `quartet bot plugin-secret`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::json;

use super::args::{self, InAccount};
use super::report::Report;
use crate::flow::dialogflow::ServiceAccountKey;
use crate::model::{AccountId, BotId};
use crate::store::Store;
use crate::store::bot_secrets::{self, DialogflowKey, NewDialogflowKey};

/// The keys that a bot shows to Dialogflow.
#[derive(Debug, Subcommand)]
pub(super) enum DialogflowKeys {
    /// Keeps the key of a service account under the name that the flow gives it, instead of one it has already.
    Set {
        /// What the flow calls it.
        #[arg(value_parser = args::name)]
        name: String,
        /// The service account's key file, JSON.
        file: PathBuf,
        #[command(flatten)]
        of: OfBot,
    },
    /// Lists the keys, without what is secret of them.
    List(OfBot),
    /// Forgets a key.
    Remove {
        /// What the flow calls it.
        name: String,
        #[command(flatten)]
        of: OfBot,
    },
}

/// The secret that signs what a bot asks its plugins.
#[derive(Debug, Subcommand)]
pub(super) enum PluginSecret {
    /// Prints it, for the plugins to check signatures with.
    Show(OfBot),
    /// Makes another one and prints it; the old one signs nothing from now on.
    Change(OfBot),
}

#[derive(Debug, Args)]
pub(super) struct OfBot {
    /// The bot's number.
    #[arg(long, value_name = "ID")]
    bot: i64,
    #[command(flatten)]
    target: InAccount,
}

impl DialogflowKeys {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Set { name, file, of } => {
                let (bot, new) = (BotId(of.bot), read(name, &file)?);
                of.target
                    .run(async |store: &Store, account, now| {
                        let set = bot_secrets::set_dialogflow_key(store, account, bot, new, now);
                        Ok(shown(set.await?))
                    })
                    .await
            }
            Self::List(OfBot { bot, target }) => {
                target
                    .run(async |store: &Store, account, _| list(store, account, BotId(bot)).await)
                    .await
            }
            Self::Remove { name, of } => {
                let bot = BotId(of.bot);
                of.target
                    .run(async |store: &Store, account, _| {
                        bot_secrets::remove_dialogflow_key(store, account, bot, name).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
        }
    }
}

impl PluginSecret {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let (OfBot { bot, target }, change) = match self {
            Self::Show(of) => (of, false),
            Self::Change(of) => (of, true),
        };
        target
            .run(async |store: &Store, account, now| {
                let bot = BotId(bot);
                let secret = if change {
                    bot_secrets::change_plugin_secret(store, account, bot, now).await?
                } else {
                    bot_secrets::plugin_secret(store, account, bot, now).await?
                };
                Ok(Report::One(vec![
                    ("bot", bot.0.into()),
                    ("plugin_secret", secret.expose_secret().into()),
                ]))
            })
            .await
    }
}

fn read(name: String, file: &Path) -> anyhow::Result<NewDialogflowKey> {
    let json =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let key = ServiceAccountKey::parse_usable(&json)
        .map_err(|error| anyhow::anyhow!("{} {error}", file.display()))?;
    Ok(NewDialogflowKey {
        name,
        json: json.into(),
        client_email: key.client_email,
        project: key.project_id,
    })
}

fn shown(key: DialogflowKey) -> Report {
    Report::One(vec![
        ("name", key.name.into()),
        ("client_email", key.client_email.into()),
        ("project_id", key.project.into()),
    ])
}

async fn list(store: &Store, account: AccountId, bot: BotId) -> anyhow::Result<Report> {
    let keys = bot_secrets::list_dialogflow_keys(store, account, bot).await?;
    let rows = keys.into_iter().map(|key| {
        vec![
            json!(key.name),
            json!(key.client_email),
            json!(key.project),
            json!(key.updated_at),
        ]
    });
    Ok(Report::List(
        &["name", "client_email", "project_id", "updated_at"],
        rows.collect(),
    ))
}
