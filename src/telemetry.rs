//! Logs and metrics: where they go. What is logged and counted is decided where it happens.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::TryInitError;
use tracing_subscriber::{fmt, prelude::*};

use crate::config::{Log, LogFormat};

/// Bounds of the histograms' buckets, in seconds.
const BUCKETS_SECS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Observations pile up in memory until they are sorted into buckets; this often they are, scraped or not.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why logs or metrics cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `log.filter` cannot be read.
    #[error("configuration: log.filter: {0}")]
    Filter(#[from] ParseError),
    /// Another subscriber has been installed in this process.
    #[error("logging is already set up")]
    Installed(#[from] TryInitError),
    /// The recorder cannot be installed.
    #[error("metrics cannot be recorded")]
    Recorder(#[from] BuildError),
}

/// Sends log lines to the standard error, and panics to the log.
pub fn init(config: &Log) -> Result<(), Error> {
    let filter = EnvFilter::builder().parse(&config.filter)?;
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = match config.format {
        LogFormat::Pretty => lines.boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            // A request is in one span, which is written already.
            .with_span_list(false)
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()?;
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let location = panic.location().map(ToString::to_string);
        tracing::error!(panic.location = location, "panicked: {message}");
    }));
    Ok(())
}

/// The numbers of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Starts recording. Further calls return the same numbers.
    pub fn install() -> Result<Self, Error> {
        static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = &*installed {
            return Ok(Self(handle.clone()));
        }
        let handle = PrometheusBuilder::new()
            .set_buckets(&BUCKETS_SECS)?
            .install_recorder()?;
        Ok(Self(installed.insert(handle).clone()))
    }

    /// All numbers in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the memory that observations take bounded. Runs until it is dropped.
    pub async fn upkeep(self) {
        let mut interval = tokio::time::interval(UPKEEP);
        loop {
            interval.tick().await;
            self.0.run_upkeep();
        }
    }
}
