//! Where there are no unix sockets there is no private cluster.

use std::convert::Infallible;
use std::path::Path;

use sqlx::postgres::PgConnectOptions;

use super::{Error, Options};

/// A cluster that never comes to be.
#[derive(Debug)]
pub struct Cluster(Infallible);

impl Cluster {
    /// Says that a database has to be named.
    pub async fn start(_: &Options) -> Result<Self, Error> {
        Err(Error::NothingToRun {
            reason: "a private PostgreSQL runs on Unix systems only".to_owned(),
            remedy: "set DATABASE_URL to a PostgreSQL 15 or newer".to_owned(),
        })
    }

    /// How to connect.
    pub fn connect_options(&self) -> PgConnectOptions {
        match self.0 {}
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        match self.0 {}
    }

    /// The folder of the socket.
    pub fn socket_dir(&self) -> &Path {
        match self.0 {}
    }

    /// Ends the cluster.
    pub async fn stop(self) -> Result<(), Error> {
        match self.0 {}
    }
}
