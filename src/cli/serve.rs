//! `quartet serve`

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::Settings;
use crate::app::{self, health::Health};
use crate::telemetry::{self, Metrics};

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
        let metrics = Metrics::install()?;
        let shutdown = asked_to_stop()?;

        let listen = config.http.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen}"))?;
        info!(address = %listener.local_addr()?, "listening");

        let health = Health {
            ready: Arc::new(|| Box::pin(async { true })),
            metrics: metrics.clone(),
        };
        let router = app::build(Vec::new(), health, &config.http, &config.limits);
        tokio::join!(
            app::serve::run(listener, router, &config.http, shutdown.clone()),
            shutdown.run_until_cancelled(metrics.upkeep()),
        );
        info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// Is cancelled by Ctrl-C or SIGTERM; the second one ends the process at once.
fn asked_to_stop() -> std::io::Result<CancellationToken> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let shutdown = CancellationToken::new();
    let asked = shutdown.clone();
    #[expect(
        clippy::disallowed_methods,
        reason = "it listens as long as the process lives"
    )]
    tokio::spawn(async move {
        for stop in [
            |token: &CancellationToken| token.cancel(),
            |_: &CancellationToken| std::process::exit(130),
        ] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop(&asked);
        }
    });
    Ok(shutdown)
}
