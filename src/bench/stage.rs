//! What every case stands on: a private PostgreSQL in a folder that goes away, and an account.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};

use super::server::{Plan, Server};
use super::{Options, pgbench};
use crate::clock::{Clock, SystemClock};
use crate::model::{AccountId, AgentId, Role, Scope};
use crate::postgres::{self, Cluster};
use crate::store::agents::{self, NewAgent};
use crate::store::keys::{self, NewKey};
use crate::store::{Store, accounts};
use crate::vault::Vault;

/// The key under which the servers' secrets are sealed; nothing here is secret.
const KEY: [u8; 32] = [7; 32];
/// The cluster's own database.
const MAIN: &str = "quartet";
/// Connections of this process, which loads and looks, and runs the yardsticks.
const CONNECTIONS: u32 = 32;

/// The ground that all cases share.
pub(super) struct Stage {
    folder: PathBuf,
    cluster: Arc<Cluster>,
    /// Of the database, among those of the cluster.
    name: &'static str,
    /// Messages where there are many.
    pub(super) rows: i64,
    /// What runs the yardsticks of statements, if it is here.
    pub(super) pgbench: Option<PathBuf>,
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
        let (store, pool) = connect(cluster.connect_options()).await?;
        Ok(Self {
            folder,
            cluster: Arc::new(cluster),
            name: MAIN,
            rows: options.rows,
            pgbench: pgbench::find(options.pgbench.as_deref()),
            store,
            pool,
        })
    }

    /// Another database of the same cluster, with so many messages where there are many.
    pub(super) async fn beside(&self, name: &'static str, rows: i64) -> anyhow::Result<Self> {
        let create = AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(create).execute(&self.pool).await?;
        let (store, pool) = connect(self.cluster.connect_options().database(name)).await?;
        Ok(Self {
            folder: self.folder.clone(),
            cluster: Arc::clone(&self.cluster),
            name,
            rows,
            pgbench: self.pgbench.clone(),
            store,
            pool,
        })
    }

    /// How programs reach the database.
    pub(super) fn url(&self) -> String {
        let (main, own) = (format!("/{MAIN}?"), format!("/{}?", self.name));
        self.cluster.url().replacen(&main, &own, 1)
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
        self.ground().serve(toml).await
    }

    /// What servers are started with.
    pub(super) fn ground(&self) -> Ground {
        Ground {
            folder: self.folder.join("server").join(self.name),
            database_url: self.url(),
            key: STANDARD.encode(KEY),
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        SystemClock.now()
    }

    /// An account of a case's own.
    pub(super) async fn account(&self, name: &str) -> anyhow::Result<AccountId> {
        let account = accounts::create(&self.store, name.to_owned(), self.now()).await?;
        Ok(account.id)
    }

    /// A key to an account, in an agent's name if the scope wants one.
    pub(super) async fn key(
        &self,
        account: AccountId,
        scope: Scope,
        agent: Option<AgentId>,
    ) -> anyhow::Result<String> {
        let new = NewKey {
            name: "bench".to_owned(),
            scopes: vec![scope],
            agent,
            bot: None,
            text: None,
        };
        let (_, key) = keys::create(&self.store, account, new, self.now()).await?;
        Ok(key.expose_secret().to_owned())
    }

    /// An administrator of an account.
    pub(super) async fn agent(&self, account: AccountId) -> anyhow::Result<AgentId> {
        let new = NewAgent {
            name: "Ann".to_owned(),
            display_name: None,
            email: format!("ann{account}@example.org"),
            avatar_url: String::new(),
            role: Role::Administrator,
            is_back_office: false,
            department: String::new(),
        };
        let agent = agents::create(&self.store, account, new, self.now()).await?;
        Ok(agent.id)
    }

    /// Lets PostgreSQL tidy up and look at what its tables hold, as it does by itself within a minute: plans that were made
    /// when they were empty are made anew.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        sqlx::raw_sql("vacuum (analyze)")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Leaves nothing behind.
    pub(super) async fn strike(self) -> anyhow::Result<()> {
        self.pool.close().await;
        self.store.close().await;
        let cluster = Arc::into_inner(self.cluster).context("a case still uses the database")?;
        cluster.stop().await?;
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

/// What a server stands on.
pub(super) struct Ground {
    folder: PathBuf,
    database_url: String,
    key: String,
}

impl Ground {
    /// Starts a server whose settings differ from the default ones by this TOML.
    pub(super) async fn serve(&self, toml: &str) -> anyhow::Result<Server> {
        let plan = Plan {
            folder: &self.folder,
            database_url: &self.database_url,
            key: &self.key,
            toml,
        };
        Server::start(plan).await
    }
}

async fn connect(options: PgConnectOptions) -> anyhow::Result<(Store, PgPool)> {
    let store = Store::new(options.clone(), CONNECTIONS, Vault::new(KEY));
    store.migrate().await?;
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
    Ok((store, pool.connect_with(options).await?))
}
