//! The process that is PostgreSQL: started by us, or left by a server that was killed.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sqlx::migrate::MigrateDatabase;
use sqlx::{Connection, PgConnection, Postgres};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Error, socket};

/// How long a start, and how long an end, may take.
const PATIENCE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// A running postmaster.
#[derive(Debug)]
pub(super) struct Postmaster {
    cluster: PathBuf,
    log: PathBuf,
    pid: Pid,
    /// Kept if it is our child, because such a process is gone only when its parent has asked.
    child: Option<Child>,
}

impl Postmaster {
    /// Starts one with a command that lacks nothing but the ways in and out.
    ///
    /// It gets a process group of its own: a Ctrl-C in the terminal is for the server, which then ends it in good order.
    pub(super) fn spawn(mut command: Command, cluster: &Path, log: &Path) -> Result<Self, Error> {
        let output = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(log)
            .map_err(Error::io("write to", log))?;
        let errors = output.try_clone().map_err(Error::io("write to", log))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(Error::io("start PostgreSQL in", cluster))?;
        let pid = child
            .id()
            .and_then(pid)
            .expect("nobody has waited for this child yet");
        Ok(Self {
            cluster: cluster.to_owned(),
            log: log.to_owned(),
            pid,
            child: Some(child),
        })
    }

    /// Finds the one that runs in a folder already.
    ///
    /// PostgreSQL will not start where its pid file names a living process, whatever that process is. After a restart of
    /// a container it is often another one, so such a file is removed: if nothing answers, nobody else uses the
    /// folder (`unused`), and the system says that the process works elsewhere. In all other cases PostgreSQL judges.
    pub(super) async fn survivor(
        cluster: &Path,
        log: &Path,
        unused: bool,
    ) -> Result<Option<Self>, Error> {
        let Some(file) = PidFile::read(cluster) else {
            return Ok(None);
        };
        let at_work = works_in(file.pid, cluster);
        if at_work == Some(true) || file.answers().await {
            let found = Self {
                cluster: cluster.to_owned(),
                log: log.to_owned(),
                pid: file.pid,
                child: None,
            };
            return Ok(Some(found));
        }
        if at_work == Some(false) && unused {
            let path = PidFile::path(cluster);
            tracing::warn!(path = %path.display(), "removing what a postmaster that is gone has left");
            fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
        Ok(None)
    }

    /// The process, for the log.
    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits until our database can be used, makes it if it is missing, and tells the folder of the socket.
    pub(super) async fn ready(&mut self) -> Result<PathBuf, Error> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(socket_dir) = PidFile::read(&self.cluster).and_then(|file| file.socket_dir)
            {
                match timeout_at(deadline, greet(&socket_dir)).await {
                    Ok(Ok(())) => return Ok(socket_dir),
                    Ok(Err(error)) if !passes(&error) => return Err(error.into()),
                    Ok(Err(_)) | Err(_) => {}
                }
            }
            if self.has_ended() {
                return Err(Error::Ended {
                    log: self.log.clone(),
                });
            }
            if Instant::now() >= deadline {
                return Err(Error::NotReady {
                    log: self.log.clone(),
                });
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Ends it, and the sessions that are open, in good order.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        if self.child.is_none() && works_in(self.pid, &self.cluster) == Some(false) {
            return Ok(()); // it is gone, and its number is another process's now
        }
        if !self.has_ended() {
            match kill_process(self.pid, Signal::INT) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => {
                    return Err(Error::io("stop PostgreSQL in", &self.cluster)(error.into()));
                }
            }
        }
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        while !self.has_ended() {
            if Instant::now() >= deadline {
                return Err(Error::StillRunning { log: self.log });
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            // The file goes first: the process may stay as a zombie for as long as its parent does not ask.
            None => {
                PidFile::read(&self.cluster).is_none_or(|file| file.pid != self.pid)
                    || test_kill_process(self.pid) == Err(Errno::SRCH)
            }
        }
    }
}

async fn greet(socket_dir: &Path) -> Result<(), sqlx::Error> {
    let options = socket::connect_options(socket_dir);
    let connected = PgConnection::connect_with(&options).await;
    let mut connection = match connected {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("3D000") => {
            Postgres::create_database(&socket::url(socket_dir)).await?;
            PgConnection::connect_with(&options).await?
        }
        other => other?,
    };
    connection.ping().await?;
    connection.close().await
}

/// Whether an error goes away by itself: nobody listens yet, or PostgreSQL says "not now" or "too many".
fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}

/// Whether a process works in a folder, as a postmaster does in its cluster. `None` where the system does not tell.
fn works_in(pid: Pid, folder: &Path) -> Option<bool> {
    let process = fs::metadata(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok()?;
    let folder = fs::metadata(folder).ok()?;
    Some((process.dev(), process.ino()) == (folder.dev(), folder.ino()))
}

fn pid(raw: u32) -> Option<Pid> {
    Pid::from_raw(raw.try_into().ok()?)
}

/// What a postmaster writes about itself into its folder.
#[derive(Debug, PartialEq, Eq)]
struct PidFile {
    pid: Pid,
    /// Missing for a moment at the start.
    socket_dir: Option<PathBuf>,
}

impl PidFile {
    fn path(cluster: &Path) -> PathBuf {
        cluster.join("postmaster.pid")
    }

    fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read(Self::path(cluster)).ok()?)
    }

    fn parse(content: &[u8]) -> Option<Self> {
        let mut lines = content.split(|&byte| byte == b'\n');
        let number = str::from_utf8(lines.next()?).ok()?;
        let socket_dir = lines.nth(3).filter(|line| !line.is_empty());
        Some(Self {
            pid: pid(number.trim().parse().ok()?)?,
            socket_dir: socket_dir.map(|line| PathBuf::from(OsStr::from_bytes(line))),
        })
    }

    async fn answers(&self) -> bool {
        match &self.socket_dir {
            Some(folder) => UnixStream::connect(socket::file(folder)).await.is_ok(),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(content: &str) -> Option<(i32, Option<PathBuf>)> {
        PidFile::parse(content.as_bytes())
            .map(|file| (file.pid.as_raw_nonzero().get(), file.socket_dir))
    }

    #[test]
    fn a_pid_file_is_read_as_far_as_it_is_written() {
        let whole = "4242\n/data/pg17\n1750000000\n5432\n/data/a b\n\n  1048 7\nready   \n";
        assert_eq!(
            parsed(whole),
            Some((4242, Some(PathBuf::from("/data/a b"))))
        );
        assert_eq!(
            parsed("4242\n/data/pg17\n1750000000\n5432\n\n"),
            Some((4242, None))
        );
        assert_eq!(parsed("4242\n"), Some((4242, None)));
    }

    #[test]
    fn what_is_no_pid_file_names_no_process() {
        for content in ["", "\n", "0\n", "-7\n", "99999999999\n", "what\n"] {
            assert_eq!(parsed(content), None, "{content:?}");
        }
    }

    #[test]
    fn a_process_works_in_the_folder_it_was_started_in_and_in_no_other() {
        let ours = std::env::current_dir().expect("a current folder");
        let other = tempfile::tempdir().expect("a temporary folder");
        let pid = rustix::process::getpid();
        if cfg!(target_os = "linux") {
            assert_eq!(works_in(pid, &ours), Some(true));
            assert_eq!(works_in(pid, other.path()), Some(false));
        }
    }
}
