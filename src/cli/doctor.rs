//! `quartet doctor`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use super::Settings;
use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    settings: Settings,
}

impl Doctor {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.settings.load(None)?;
        let mut out = std::io::stdout().lock();
        let mut healthy = true;
        for (name, finding) in findings(&config) {
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

fn findings(config: &Config) -> Vec<(&'static str, anyhow::Result<String>)> {
    let data_dir = &config.database.data_dir;
    vec![
        ("configuration", Ok("every key is known".to_owned())),
        ("data folder", writable(data_dir)),
        ("secret key", secret_key(config)),
    ]
}

fn writable(data_dir: &Path) -> anyhow::Result<String> {
    std::fs::create_dir_all(data_dir)?;
    let probe = data_dir.join(".probe");
    std::fs::write(&probe, [])?;
    std::fs::remove_file(&probe)?;
    Ok(format!("{} can be written", data_dir.display()))
}

fn secret_key(config: &Config) -> anyhow::Result<String> {
    let key = config.secrets.load(&config.database.data_dir);
    match (key, &config.database.url) {
        (Ok(_), _) => Ok("found".to_owned()),
        (Err(crate::config::SecretKeyError::Missing(_)), None) => {
            Ok("will be made at the first start".to_owned())
        }
        (Err(error), _) => Err(error.into()),
    }
}
