//! `quartet serve`

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Settings;
use crate::app::backing::{Backing, MissingKey};
use crate::app::server;
use crate::config::Config;
use crate::telemetry::{self, Metrics};

/// The exit code of a shutdown that was not waited for.
const INTERRUPTED: u8 = 130;

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
    /// Where to listen, as in 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.settings.load(self.listen)?;
        telemetry::init(&config.log)?;
        let backing = Backing::open(&config, MissingKey::Private).await?;
        serve(&config, backing, async |_| Ok(())).await
    }
}

/// Serves until it is asked to stop. `listening` is run once the socket is bound.
pub(super) async fn serve(
    config: &Config,
    backing: Backing,
    listening: impl AsyncFnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let metrics = Metrics::install()?;
    let signals = Signals::listen()?;
    let listen = config.http.listen;
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    info!(%address, "listening");
    listening(address).await?;

    let shutdown = CancellationToken::new();
    tokio::select! {
        served = server::run(config, &backing.store, listener, metrics, shutdown.clone()) => {
            served?;
            backing.close().await?;
            info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = signals.cancel(&shutdown) => Ok(INTERRUPTED.into()),
    }
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The first one asks for a shutdown; the second one means that nobody wants to wait for it.
    async fn cancel(mut self, shutdown: &CancellationToken) {
        self.next().await;
        info!("shutting down");
        shutdown.cancel();
        self.next().await;
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
