//! What the commands that work on the store share: how they reach it, and how they read their arguments.

use chrono::{DateTime, Utc};
use clap::Args;

use super::Settings;
use super::report::{Output, Report};
use crate::app::backing::{Backing, MissingKey};
use crate::clock::{Clock, SystemClock};
use crate::model::{
    AccountId, Channel, DeliveryState, Email, InvalidName, InvalidUrl, MatchType, Name, Role,
    Scope, WebUrl,
};
use crate::store::{self, Store};

/// What a command of the whole server takes.
#[derive(Debug, Args)]
pub(super) struct OnServer {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    output: Output,
}

/// What a command of one account takes.
#[derive(Debug, Args)]
pub(super) struct InAccount {
    /// The account's number.
    #[arg(long, value_name = "ID")]
    account: i64,
    #[command(flatten)]
    server: OnServer,
}

impl OnServer {
    /// Runs `work` on the store, whose tables are brought to this version first, and prints its report.
    ///
    /// A server may be running meanwhile: a private cluster is shared with it.
    pub(super) async fn run(
        self,
        work: impl AsyncFnOnce(&Store, DateTime<Utc>) -> anyhow::Result<Report>,
    ) -> anyhow::Result<()> {
        let config = self.settings.load(None)?;
        let backing = Backing::open(&config, MissingKey::Private).await?;
        let worked = async {
            backing.store.migrate().await?;
            work(&backing.store, SystemClock.now()).await
        }
        .await;
        backing.close().await?;
        self.output.print(&worked?)
    }
}

impl InAccount {
    /// As [`OnServer::run`], for an account that exists.
    pub(super) async fn run(
        self,
        work: impl AsyncFnOnce(&Store, AccountId, DateTime<Utc>) -> anyhow::Result<Report>,
    ) -> anyhow::Result<()> {
        let account = AccountId(self.account);
        self.server
            .run(async |store: &Store, now| {
                store::accounts::get(store, account).await?;
                work(store, account, now).await
            })
            .await
    }
}

pub(super) fn name(text: &str) -> Result<String, InvalidName> {
    Name::parse(text).map(Name::into_string)
}

pub(super) fn url(text: &str) -> Result<String, InvalidUrl> {
    WebUrl::parse(text).map(WebUrl::into_string)
}

pub(super) fn email(text: &str) -> Result<String, crate::model::Invalid> {
    Email::parse(text).map(|email| email.as_str().to_owned())
}

pub(super) fn role(text: &str) -> Result<Role, String> {
    one_of(Role::parse(text), Role::ALL)
}

pub(super) fn scope(text: &str) -> Result<Scope, String> {
    one_of(Scope::parse(text), Scope::ALL)
}

pub(super) fn channel(text: &str) -> Result<Channel, String> {
    one_of(Channel::parse(text), Channel::ALL)
}

pub(super) fn match_type(text: &str) -> Result<MatchType, String> {
    one_of(MatchType::parse(text), MatchType::ALL)
}

pub(super) fn delivery_state(text: &str) -> Result<DeliveryState, String> {
    one_of(DeliveryState::parse(text), DeliveryState::ALL)
}

fn one_of<T: std::fmt::Display>(parsed: Option<T>, all: &[T]) -> Result<T, String> {
    parsed.ok_or_else(|| {
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        format!("is none of {}", all.join(", "))
    })
}
