//! `quartet migrate`

use std::process::ExitCode;

use clap::Args;

use super::Settings;

#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    settings: Settings,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.settings.load(None)?;
        anyhow::bail!("this build has no store to migrate")
    }
}
