//! What the server stands on: the store, and under it somebody's PostgreSQL or our own.

use std::str::FromStr;

use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;

use crate::config::{Config, SecretKey, SecretKeyError};
use crate::postgres::{self, Cluster};
use crate::store::Store;
use crate::vault::Vault;

/// Why there is nothing to stand on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database's URL cannot be read.
    #[error("database.url is not a PostgreSQL URL")]
    Url(#[source] sqlx::Error),
    /// There is no key for stored secrets.
    #[error("secrets cannot be kept")]
    Key(#[from] SecretKeyError),
    /// The private cluster does not run.
    #[error("there is no database")]
    Cluster(#[from] postgres::Error),
}

/// Whether a missing key for stored secrets is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingKey {
    /// Made where the database is ours alone: several servers on one database need the same key.
    Private,
    /// Made in any case.
    Make,
}

/// The store, and the private cluster if there is one.
#[derive(Debug)]
pub struct Backing {
    /// The store. It connects when it is first used.
    pub store: Store,
    cluster: Option<Cluster>,
}

impl Backing {
    /// Opens the store on the configured database, or on the private cluster, which is started if need be.
    pub async fn open(config: &Config, missing: MissingKey) -> Result<Self, Error> {
        let database = &config.database;
        let (options, cluster) = match &database.url {
            Some(url) => {
                let options =
                    PgConnectOptions::from_str(url.expose_secret()).map_err(Error::Url)?;
                (options, None)
            }
            None => {
                let cluster = Cluster::start(&postgres::Options {
                    pg_bin: database.pg_bin.clone(),
                    shared_buffers: format!("{}MB", database.cache_mb),
                    ..postgres::Options::new(&database.data_dir)
                })
                .await?;
                (cluster.connect_options(), Some(cluster))
            }
        };
        let make = missing == MissingKey::Make || cluster.is_some();
        let key: SecretKey = if make {
            config.secrets.load_or_create(&database.data_dir)?
        } else {
            config.secrets.load(&database.data_dir)?
        };
        let previous = config.secrets.load_previous()?;
        let previous = previous.iter().map(|key| *key.expose_secret()).collect();
        let vault = Vault::with_previous(*key.expose_secret(), previous);
        let store = Store::new(options, database.max_connections.get(), vault)
            .batching(database.batch_size.get());
        Ok(Self { store, cluster })
    }

    /// The private cluster's URL, for people and tools.
    pub fn cluster_url(&self) -> Option<String> {
        self.cluster.as_ref().map(Cluster::url)
    }

    /// Lets writes end, closes the connections, and stops the private cluster unless another server uses it.
    pub async fn close(self) -> Result<(), Error> {
        self.store.close().await;
        match self.cluster {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }
}
