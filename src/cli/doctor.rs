//! `quartet doctor`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::Settings;
use crate::app::backing::{Backing, MissingKey};
use crate::config::{Config, FileStorage};

#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    settings: Settings,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.settings.load(None)?;
        let findings = findings(&config).await;
        let mut out = std::io::stdout().lock();
        let mut healthy = true;
        for (name, finding) in findings {
            healthy &= finding.is_ok();
            match finding {
                Ok(fact) => writeln!(out, "ok    {name}: {fact}")?,
                Err(fault) => writeln!(out, "FAIL  {name}: {fault:#}")?,
            }
        }
        Ok(if healthy {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

async fn findings(config: &Config) -> Vec<(&'static str, anyhow::Result<String>)> {
    let mut findings = vec![("configuration", Ok("every key is known".to_owned()))];
    let keeps_files = config.files.storage == FileStorage::Folder;
    if config.database.url.is_none() || config.secrets.key.is_none() || keeps_files {
        findings.push(("data folder", writable(&config.database.data_dir)));
    }
    findings.push(("secret key", secret_key(config)));
    findings.push(("database", database(config).await));
    findings
}

/// The configured database, or the private one, which is started for the question if it does not run.
async fn database(config: &Config) -> anyhow::Result<String> {
    let backing = Backing::open(config, MissingKey::Private).await?;
    let answered = backing.store.ping().await;
    let name = backing.cluster_url();
    backing.close().await?;
    answered?;
    Ok(match name {
        Some(url) => format!("the private one answers at {url}"),
        None => "answers".to_owned(),
    })
}

fn writable(data_dir: &Path) -> anyhow::Result<String> {
    std::fs::create_dir_all(data_dir)?;
    let probe = data_dir.join(".probe");
    std::fs::write(&probe, [])?;
    std::fs::remove_file(&probe)?;
    Ok(format!("{} can be written", data_dir.display()))
}

fn secret_key(config: &Config) -> anyhow::Result<String> {
    config.secrets.load_previous()?;
    let key = config.secrets.load(&config.database.data_dir);
    match (key, &config.database.url) {
        (Ok(_), _) => Ok("found".to_owned()),
        (Err(crate::config::SecretKeyError::Missing(_)), None) => {
            Ok("will be made at the first start".to_owned())
        }
        (Err(error), _) => Err(error.into()),
    }
}
