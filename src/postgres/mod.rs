//! The private PostgreSQL of a server that was given no `DATABASE_URL`.
//!
//! Here belongs everything between an empty folder and a database that answers: which programs to run and as whom,
//! the first `initdb`, where the socket lies, and how the postmaster starts, is found again and ends. What is kept in
//! the database is none of this module's business.
//!
//! In the data folder it owns `pg17` (the cluster), `pg17.log` (what the postmaster says), `pg17.lock` and
//! `pg17.users` (who starts and who uses it, see [`Cluster`]), and `engine` (the bundled programs, unpacked).

use std::path::PathBuf;

#[cfg(unix)]
mod binaries;
#[cfg(unix)]
mod cluster;
#[cfg(embedded_engine)]
mod engine;
mod error;
#[cfg(unix)]
mod initdb;
#[cfg(unix)]
mod lock;
#[cfg(unix)]
mod postmaster;
#[cfg(unix)]
mod socket;
#[cfg(not(unix))]
mod unsupported;
#[cfg(unix)]
mod user;

#[cfg(unix)]
pub use cluster::Cluster;
pub use error::Error;
#[cfg(not(unix))]
pub use unsupported::Cluster;

/// What a private cluster is made from.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server's data folder; it is made if it is not there, and may be relative.
    pub data_dir: PathBuf,
    /// The folder of `initdb` and `postgres` that the user names: then nothing else is looked at.
    pub pg_bin: Option<PathBuf>,
    /// Where to look for the programs when nobody names them, first choice first.
    pub sources: Vec<Source>,
    /// Where the socket goes when its path in the data folder is too long for the system. Without it, or when that is
    /// too long itself, the folder for temporary files is taken.
    pub runtime_dir: Option<PathBuf>,
    /// PostgreSQL's own cache, in PostgreSQL's notation.
    pub shared_buffers: String,
    /// How many sessions PostgreSQL allows.
    pub max_connections: u32,
}

impl Options {
    /// The usual options for a data folder.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            pg_bin: None,
            sources: vec![Source::Bundled, Source::System],
            runtime_dir: None,
            shared_buffers: "128MB".to_owned(),
            max_connections: 100,
        }
    }
}

/// A place that PostgreSQL's programs may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The binary itself, if it was built with feature `embedded` for a target that has an engine.
    Bundled,
    /// What is installed on the machine.
    System,
}
