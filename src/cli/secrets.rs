//! `quartet secrets`

use clap::{Args, Subcommand};

use super::args::OnServer;
use super::report::Report;
use crate::store::{self, Store};

/// Stored secrets and the keys that encrypt them.
#[derive(Debug, Args)]
pub(super) struct Secrets {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Encrypts every stored secret with `secrets.key` that is encrypted with one of `secrets.previous_keys`. Servers
    /// may be running; each must have both keys.
    Rotate {
        #[command(flatten)]
        server: OnServer,
    },
}

impl Secrets {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Rotate { server } => {
                server
                    .run(async |store: &Store, _| {
                        let done = store::secrets::reseal(store).await?;
                        Ok(Report::One(vec![
                            ("encrypted_anew", done.resealed.into()),
                            ("unopened", done.unopened.into()),
                        ]))
                    })
                    .await
            }
        }
    }
}
