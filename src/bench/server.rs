//! The server in a process of its own, as people run it.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::process::{Child, Command};

use super::usage;

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at its log.
const GLANCE: Duration = Duration::from_millis(2);

/// What a server is started with.
pub(super) struct Plan<'a> {
    /// Where it keeps what it needs, which is also where its log goes.
    pub(super) folder: &'a Path,
    pub(super) database_url: &'a str,
    pub(super) key: &'a str,
    /// What is not as in `config/default.toml`.
    pub(super) toml: &'a str,
}

/// A running server.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    child: Child,
    pid: u32,
}

impl Server {
    /// Starts one and waits until it listens.
    pub(super) async fn start(plan: Plan<'_>) -> anyhow::Result<Self> {
        fs::create_dir_all(plan.folder)?;
        let config = plan.folder.join("bench.toml");
        File::create(&config)?.write_all(plan.toml.as_bytes())?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(config)
            .arg("--data-dir")
            .arg(plan.folder)
            .env("DATABASE_URL", plan.database_url)
            .env("QUARTET__SECRETS__KEY", plan.key);
        Self::spawn(command, &plan.folder.join("log")).await
    }

    /// Starts one with nothing around its requests.
    pub(super) async fn bare(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "--bare"]);
        Self::spawn(command, &folder.join("log")).await
    }

    async fn spawn(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stderr(File::create(log)?)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a server")?;
        let pid = child.id().context("the server ended at once")?;
        let mut server = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child,
            pid,
        };
        server.address = server.wait_until_it_listens(log).await?;
        Ok(server)
    }

    async fn wait_until_it_listens(&mut self, log: &Path) -> anyhow::Result<SocketAddr> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let text = fs::read_to_string(log)?;
            let address = text.lines().find_map(|line| {
                let (_, address) = line.rsplit_once("listening address=")?;
                address.trim().parse().ok()
            });
            if let Some(address) = address {
                return Ok(address);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}: {text}");
            }
            tokio::time::sleep(GLANCE).await;
        }
        bail!("the server does not listen; its log is {}", log.display())
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Its resident memory, in bytes.
    pub(super) fn memory(&self) -> u64 {
        usage::memory(self.pid)
    }

    /// Asks it to end, and waits for that.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        #[cfg(unix)]
        if let Some(pid) = rustix::process::Pid::from_raw(self.pid.cast_signed()) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        #[cfg(not(unix))]
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }
}
