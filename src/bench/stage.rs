//! What every case stands on: a private PostgreSQL in a folder that goes away, and an account.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::Options;
use super::server::{Plan, Server};
use crate::clock::{Clock, SystemClock};
use crate::model::{AccountId, Scope};
use crate::postgres::{self, Cluster};
use crate::store::keys::{self, NewKey};
use crate::store::{Store, accounts};
use crate::vault::Vault;

/// The key under which the servers' secrets are sealed; nothing here is secret.
const KEY: [u8; 32] = [7; 32];
/// Connections of this process, which loads and looks, and runs the yardsticks.
const CONNECTIONS: u32 = 32;

/// The ground that all cases share.
pub(super) struct Stage {
    folder: PathBuf,
    cluster: Cluster,
    /// Makes what a case needs, as the server would.
    pub(super) store: Store,
    /// For what no server does: loading much at once, counting afterwards, the yardsticks.
    pub(super) pool: PgPool,
}

impl Stage {
    pub(super) async fn set(options: &Options) -> anyhow::Result<Self> {
        let folder = options
            .folder
            .join(format!("quartet-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let cluster = Cluster::start(&postgres::Options {
            pg_bin: options.pg_bin.clone(),
            ..postgres::Options::new(folder.join("data"))
        })
        .await?;
        let store = Store::new(cluster.connect_options(), CONNECTIONS, Vault::new(KEY));
        store.migrate().await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(cluster.connect_options())
            .await?;
        Ok(Self {
            folder,
            cluster,
            store,
            pool,
        })
    }

    /// Everything is below it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process that all of PostgreSQL's others come from.
    pub(super) fn postmaster(&self) -> Option<u32> {
        let file = self.folder.join("data/pg17/postmaster.pid");
        let text = fs::read_to_string(file).ok()?;
        text.lines().next()?.trim().parse().ok()
    }

    /// Starts a server whose settings differ from the default ones by this TOML.
    pub(super) async fn serve(&self, toml: &str) -> anyhow::Result<Server> {
        let (database_url, key) = (self.cluster.url(), STANDARD.encode(KEY));
        let plan = Plan {
            folder: &self.folder.join("server"),
            database_url: &database_url,
            key: &key,
            toml,
        };
        Server::start(plan).await
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        SystemClock.now()
    }

    /// An account of a case's own.
    pub(super) async fn account(&self, name: &str) -> anyhow::Result<AccountId> {
        let account = accounts::create(&self.store, name.to_owned(), self.now()).await?;
        Ok(account.id)
    }

    /// A key to an account.
    pub(super) async fn key(&self, account: AccountId, scope: Scope) -> anyhow::Result<String> {
        let new = NewKey {
            name: "bench".to_owned(),
            scopes: vec![scope],
            agent: None,
            bot: None,
            text: None,
        };
        let (_, key) = keys::create(&self.store, account, new, self.now()).await?;
        Ok(key.expose_secret().to_owned())
    }

    /// Lets PostgreSQL look at what its tables hold, as it does by itself within a minute: plans that were made when they
    /// were empty are made anew.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        sqlx::raw_sql("analyze").execute(&self.pool).await?;
        Ok(())
    }

    /// Leaves nothing behind.
    pub(super) async fn strike(self) -> anyhow::Result<()> {
        self.pool.close().await;
        self.store.close().await;
        self.cluster.stop().await?;
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}
