//! `quartet migrate`

use std::process::ExitCode;

use clap::Args;

use super::Settings;
use crate::app::backing::{Backing, MissingKey};

#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    settings: Settings,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.settings.load(None)?;
        let backing = Backing::open(&config, MissingKey::Private).await?;
        let migrated = backing.store.migrate().await;
        backing.close().await?;
        migrated?;
        Ok(ExitCode::SUCCESS)
    }
}
