//! `quartet openapi`

use std::io::Write;

use clap::Args;

use crate::api::chatlake;

/// Prints the OpenAPI document of the Chatlake API, for whoever generates a client or looks something up. Needs no
/// database.
#[derive(Debug, Args)]
pub(super) struct Openapi {}

impl Openapi {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let document = serde_json::to_string_pretty(&chatlake::document())?;
        writeln!(std::io::stdout().lock(), "{document}")?;
        Ok(())
    }
}
