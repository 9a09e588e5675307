//! `quartet page-filter`

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{self, InAccount};
use super::report::Report;
use crate::model::{AccountId, MatchType, PageFilterId, PagePattern};
use crate::store::{self, Store};

/// Page filters: rules that pick conversations by the pages their visitors saw.
#[derive(Debug, Args)]
pub(super) struct PageFilter {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a page filter.
    Create(Create),
    /// Lists the page filters.
    List {
        #[command(flatten)]
        target: InAccount,
    },
    /// Deletes a page filter.
    Delete {
        /// The page filter's number.
        id: i64,
        #[command(flatten)]
        target: InAccount,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What people call it.
    #[arg(value_parser = args::name)]
    name: String,
    /// What it looks for in a page's URL.
    pattern: String,
    /// How: like, equals, `starts_with`, `ends_with` or regex.
    #[arg(long = "match", value_name = "HOW", value_parser = args::match_type, default_value = "like")]
    match_type: MatchType,
    #[command(flatten)]
    target: InAccount,
}

impl PageFilter {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Create(create) => create.run().await,
            Command::List { target } => {
                target
                    .run(async |store: &Store, account, _| list(store, account).await)
                    .await
            }
            Command::Delete { id, target } => {
                target
                    .run(async |store: &Store, account, _| {
                        store::page_filters::delete(store, account, PageFilterId(id)).await?;
                        Ok(Report::Done)
                    })
                    .await
            }
        }
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let pattern = PagePattern::parse(self.match_type, &self.pattern)
            .map_err(|fault| anyhow::anyhow!("the pattern {fault}"))?;
        let new = store::page_filters::NewPageFilter {
            name: self.name,
            pattern,
        };
        self.target
            .run(async |store: &Store, account, now| {
                let filter = store::page_filters::create(store, account, new, now).await?;
                Ok(Report::One(vec![
                    ("id", filter.id.0.into()),
                    ("name", filter.name.into()),
                ]))
            })
            .await
    }
}

async fn list(store: &Store, account: AccountId) -> anyhow::Result<Report> {
    let filters = store::page_filters::list(store, account).await?;
    let rows = filters.into_iter().map(|filter| {
        vec![
            json!(filter.id.0),
            json!(filter.name),
            json!(filter.match_type.as_str()),
            json!(filter.pattern),
        ]
    });
    Ok(Report::List(
        &["id", "name", "match", "pattern"],
        rows.collect(),
    ))
}
