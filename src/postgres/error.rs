//! Why there is no private cluster.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private cluster could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no PostgreSQL that can be run. One line that says what is missing and what to do about it; a user can
    /// mend it, so it is worth an exit code of its own.
    #[error("{reason}: {remedy}")]
    NothingToRun {
        /// What was looked for.
        reason: String,
        /// What to install or to set.
        remedy: String,
    },
    /// A file or folder would not do what it must.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The account that PostgreSQL runs as would not get to its own data.
    #[error("PostgreSQL does not run as root, and {user} may not pass through {}: choose another data folder, or set DATABASE_URL", dir.display())]
    Unreachable {
        /// The account.
        user: String,
        /// The folder that is closed to it.
        dir: PathBuf,
    },
    /// The folder for the socket is somebody else's.
    #[error("{} belongs to somebody else: remove it, or set DATABASE_URL", .0.display())]
    ForeignSocketDir(PathBuf),
    /// Another process kept the start lock for too long.
    #[error("another process is starting or stopping the database of {}", .0.display())]
    Busy(PathBuf),
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    Initdb(String),
    /// The postmaster ended instead of coming up.
    #[error("PostgreSQL ended while it was starting: see {}", log.display())]
    Ended {
        /// Where it said why.
        log: PathBuf,
    },
    /// The postmaster did not come up in time.
    #[error("PostgreSQL is not ready yet, it may be recovering: try again later, and see {}", log.display())]
    NotReady {
        /// Where it says what it is doing.
        log: PathBuf,
    },
    /// PostgreSQL runs but would not serve us.
    #[error("PostgreSQL refused the connection")]
    Refused(#[from] sqlx::Error),
    /// The postmaster did not end in time.
    #[error("PostgreSQL has not ended yet: see {}", log.display())]
    StillRunning {
        /// Where it says what it is doing.
        log: PathBuf,
    },
}

impl Error {
    /// Says what was tried with which file when the system refused it.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
