//! The server's side: a few workers, kept warm, each with one script at a time.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{AcquireError, Semaphore};
use tokio::time::timeout;

use super::protocol::{self, Answer};
use super::{Call, DATA_BYTES, Failure, Outcome, TIME};
use crate::model::AccountId;

/// How long a call may wait for a free worker.
const QUEUE_TIME: Duration = Duration::from_secs(5);
/// How many calls may wait for one.
const QUEUE: usize = 1000;
/// How many of them may be one account's.
const QUEUE_OF_ONE: usize = 500;
/// How long a worker may take to be ready: to start, or to clear away the last script.
const READY_TIME: Duration = Duration::from_secs(3);
/// How many workers one call may lose. A script has no effect before it has ended, so it can be run again.
const TRIES: usize = 2;

/// Runs scripts, each in one of a few child processes. A clone is the same pool.
#[derive(Debug, Clone)]
pub struct Scripts {
    pool: Arc<Pool>,
}

/// What one account has of a pool.
#[derive(Debug)]
struct Own {
    turns: Semaphore,
    room: Semaphore,
}

#[derive(Debug)]
struct Pool {
    program: PathBuf,
    /// One permit a worker.
    turns: Semaphore,
    /// One permit for everybody who runs or waits.
    room: Semaphore,
    /// The accounts that have somebody who runs or waits: no more of one than there are workers stand in the line of all,
    /// so that who has many scripts does not keep others from theirs.
    lines: Mutex<HashMap<AccountId, Arc<Own>>>,
    size: usize,
    idle: Mutex<Vec<Worker>>,
}

impl Scripts {
    /// A pool of at most so many workers, started when they are needed. The program is this one: see
    /// [`own_program`](super::own_program).
    pub fn new(program: PathBuf, size: usize) -> Self {
        let size = size.max(1);
        Self {
            pool: Arc::new(Pool {
                program,
                turns: Semaphore::new(size),
                room: Semaphore::new(size + QUEUE),
                lines: Mutex::default(),
                size,
                idle: Mutex::default(),
            }),
        }
    }

    /// Runs a script of an account. When this future is dropped, the script ends.
    ///
    /// # Errors
    /// Whatever the script did but to end well, see [`Failure`]. Nothing of it counts then.
    pub async fn run(&self, account: AccountId, call: Call) -> Result<Outcome, Failure> {
        let call = serde_json::to_vec(&call).map_err(|_| Failure::TooLarge)?;
        if call.len() > DATA_BYTES {
            return Err(Failure::TooLarge);
        }
        let call = protocol::frame(&call).ok_or(Failure::TooLarge)?;
        let pool = &self.pool;
        let own = pool.own(account);
        let full = |_| Failure::Unavailable;
        let _own_room = own.room.try_acquire().map_err(full)?;
        let _room = pool.room.try_acquire().map_err(full)?;
        let in_turn = async {
            let among_own = own.turns.acquire().await?;
            Ok::<_, AcquireError>((among_own, pool.turns.acquire().await?))
        };
        let _turn = timeout(QUEUE_TIME, in_turn)
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or(Failure::Unavailable)?;
        let mut worker = pool.worker().await?;
        for _ in 1..=TRIES {
            match timeout(TIME, worker.answer(&call)).await {
                Ok(Ok(answer)) => {
                    pool.put_back(worker);
                    return answer;
                }
                // It died, or it talks nonsense: not a thing that a script can bring about.
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a script worker was lost");
                    worker.kill().await;
                }
                Err(_) => {
                    worker.kill().await;
                    return Err(Failure::TimedOut);
                }
            }
            worker = pool.start().await?;
        }
        Err(Failure::Unavailable)
    }
}

impl Pool {
    /// What an account has of the pool while it runs or waits.
    fn own(&self, account: AccountId) -> Arc<Own> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody else has are of accounts that have left.
        lines.retain(|_, own| Arc::strong_count(own) > 1);
        let own = lines.entry(account).or_insert_with(|| {
            Arc::new(Own {
                turns: Semaphore::new(self.size),
                room: Semaphore::new(self.size + QUEUE_OF_ONE),
            })
        });
        Arc::clone(own)
    }

    /// A worker that can take a call: one that is idle, or else a new one.
    async fn worker(&self) -> Result<Worker, Failure> {
        while let Some(mut worker) = self.take() {
            match worker.ready().await {
                Ok(()) => return Ok(worker),
                Err(_) => worker.kill().await,
            }
        }
        self.start().await
    }

    async fn start(&self) -> Result<Worker, Failure> {
        let started = async {
            let mut worker = Worker::start(Command::new(&self.program))?;
            worker.ready().await.map(|()| worker)
        };
        started.await.map_err(|error| {
            tracing::error!(%error, "no script worker can be started");
            Failure::Unavailable
        })
    }

    fn take(&self) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }

    fn put_back(&self, worker: Worker) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(worker);
    }
}

/// A child process. It is killed when this is dropped.
#[derive(Debug)]
struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Worker {
    fn start(mut command: Command) -> io::Result<Self> {
        command
            .arg(protocol::COMMAND)
            .env_clear()
            // A date reads the same on every server.
            .env("TZ", "UTC")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        // A Ctrl-C in the terminal is for the server, which may have chats to finish.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            input,
            output,
        })
    }

    /// Waits until it can take a call.
    async fn ready(&mut self) -> io::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let frame = timeout(READY_TIME, self.read())
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
        if frame == protocol::READY {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }

    async fn answer(&mut self, call: &[u8]) -> io::Result<Answer> {
        self.input.write_all(call).await?;
        self.input.flush().await?;
        Ok(serde_json::from_slice(&self.read().await?)?)
    }

    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 4];
        self.output.read_exact(&mut head).await?;
        let length = protocol::length(head).ok_or(io::ErrorKind::InvalidData)?;
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).await?;
        Ok(body)
    }

    /// Ends it, whatever it is doing, and waits until it is gone.
    async fn kill(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::error!(%error, "a script worker cannot be killed");
        }
    }
}
