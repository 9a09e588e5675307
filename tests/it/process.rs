//! The real server in a process of its own, on a test's database: for what only the end of a process shows.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sqlx::ConnectOptions;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::database::{Database, KEY};

/// A server that is killed, without a chance to clean up, when it is dropped.
pub(crate) struct Process {
    /// Where it answers, without a slash at the end.
    pub(crate) url: String,
    child: Child,
    _data: TempDir,
}

impl Process {
    /// Starts a server and waits until it listens.
    pub(crate) fn start(database: &Database) -> Self {
        Self::start_with(database, &[])
    }

    /// Starts a server with these variables, too.
    pub(crate) fn start_with(database: &Database, variables: &[(&str, &str)]) -> Self {
        let data = TempDir::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_quartet"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data.path())
            .env("DATABASE_URL", database.options.to_url_lossy().as_str())
            .env("QUARTET__SECRETS__KEY", STANDARD.encode(KEY))
            .env("QUARTET__LOG__FORMAT", "json")
            .env("QUARTET__OUTBOUND__ALLOW", "[\"127.0.0.0/8\"]")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = log.by_ref().find_map(|line| {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            line["address"].as_str().map(str::to_owned)
        });
        let url = format!(
            "http://{}",
            address.expect("a server says where it listens")
        );
        // Nobody reads the rest, and a full pipe would stop the server.
        std::thread::spawn(move || log.for_each(drop));
        Self {
            url,
            child,
            _data: data,
        }
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and tells whether it did so in good order.
    pub(crate) fn terminate(mut self) -> bool {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request over a connection of its own and gives the answer's body, if one came.
pub(crate) async fn ask(address: &str, request: &[u8]) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.ok()?;
        if read == 0 {
            return None;
        }
        answer.extend_from_slice(&buffer[..read]);
        let text = std::str::from_utf8(&answer).ok()?;
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            let status = head.split(' ').nth(1)?.parse().ok()?;
            return Some((status, body));
        }
    }
}
