//! Which PostgreSQL is run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::{Error, Options, Source};

/// The oldest release that the schema is written for.
const OLDEST: u32 = 15;
const PATIENCE: Duration = Duration::from_secs(10);

/// Where packages put a folder for each release, and how its name begins. The programs are in its `bin`.
const INSTALLATIONS: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/usr/local", "pgsql"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

/// The programs of one PostgreSQL.
#[derive(Debug)]
pub(super) struct Binaries {
    /// Their folder; empty for those that the system finds by their name alone.
    dir: PathBuf,
    major: u32,
    source: Source,
}

impl Binaries {
    /// Finds programs that can run this cluster folder, whether it is there yet or not.
    pub(super) async fn find(
        options: &Options,
        data_dir: &Path,
        cluster: &Path,
    ) -> Result<Self, Error> {
        let wanted = Wanted::by(cluster)?;
        if let Some(dir) = &options.pg_bin {
            return named(dir, &wanted).await;
        }
        for source in &options.sources {
            let found = match source {
                Source::Bundled => bundled(data_dir).await?,
                Source::System => system().await,
            };
            // The newest; of two that are as new, the one found first.
            if let Some(best) = found
                .into_iter()
                .filter(|it| wanted.accepts(it.major))
                .rev()
                .max_by_key(|it| it.major)
            {
                tracing::debug!(dir = %best.dir.display(), major = best.major, "PostgreSQL found");
                return Ok(best);
            }
        }
        Err(wanted.missing("no DATABASE_URL is set and no PostgreSQL was found".to_owned()))
    }

    async fn probe(dir: PathBuf, source: Source) -> Result<Self, String> {
        let major = major(&says(&dir.join("postgres"), "--version").await?)
            .ok_or_else(|| "postgres does not tell its version".to_owned())?;
        says(&dir.join("initdb"), "--version").await?;
        Ok(Self { dir, major, source })
    }

    /// One of the programs.
    pub(super) fn command(&self, program: &str) -> Command {
        Command::new(self.dir.join(program))
    }

    /// Only the bundled build was made without PostgreSQL's refusal of root.
    pub(super) fn runs_as_root(&self) -> bool {
        self.source == Source::Bundled
    }
}

/// Which releases will do.
#[derive(Debug)]
enum Wanted {
    /// Any that the schema is written for: there is no cluster yet.
    Supported,
    /// The one that made the cluster, for no other can read it.
    Exactly { major: u32, cluster: PathBuf },
}

impl Wanted {
    fn by(cluster: &Path) -> Result<Self, Error> {
        let path = cluster.join("PG_VERSION");
        let version = match fs::read_to_string(&path) {
            Ok(version) => version,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Supported),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let major = version.trim().parse().map_err(|error| {
            Error::io("understand", &path)(io::Error::new(io::ErrorKind::InvalidData, error))
        })?;
        Ok(Self::Exactly {
            major,
            cluster: cluster.to_owned(),
        })
    }

    fn accepts(&self, found: u32) -> bool {
        match self {
            Self::Supported => found >= OLDEST,
            Self::Exactly { major, .. } => found == *major,
        }
    }

    fn missing(&self, mut reason: String) -> Error {
        let release = match self {
            Self::Supported => format!("{OLDEST} or newer"),
            Self::Exactly { major, cluster } => {
                reason.push_str(&format!(" that reads {}", cluster.display()));
                major.to_string()
            }
        };
        Error::NothingToRun {
            reason,
            remedy: format!(
                "install PostgreSQL {release}, set PG_BIN to the folder of its initdb and postgres, or set DATABASE_URL"
            ),
        }
    }
}

async fn named(dir: &Path, wanted: &Wanted) -> Result<Binaries, Error> {
    // Absolute, because the programs may be started in another folder.
    let absolute = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    match Binaries::probe(absolute, Source::System).await {
        Ok(binaries) if wanted.accepts(binaries.major) => Ok(binaries),
        Ok(binaries) => {
            let reason = format!(
                "PG_BIN names {}, PostgreSQL {}, and no release",
                dir.display(),
                binaries.major
            );
            Err(wanted.missing(reason))
        }
        Err(why) => Err(wanted.missing(format!("PG_BIN names {}, but {why}", dir.display()))),
    }
}

#[cfg(not(embedded_engine))]
#[expect(
    clippy::unused_async,
    reason = "with an engine there is something to wait for"
)]
async fn bundled(_: &Path) -> Result<Vec<Binaries>, Error> {
    Ok(Vec::new())
}

/// The engine, unpacked if it is not there, or not whole.
#[cfg(embedded_engine)]
async fn bundled(data_dir: &Path) -> Result<Vec<Binaries>, Error> {
    use super::engine;

    let dir = engine::bin_dir(data_dir);
    if let Ok(engine) = Binaries::probe(dir.clone(), Source::Bundled).await {
        return Ok(vec![engine]);
    }
    let target = data_dir.to_owned();
    tokio::task::spawn_blocking(move || engine::unpack(&target))
        .await
        .map_err(|error| Error::io("unpack PostgreSQL into", data_dir)(error.into()))??;
    match Binaries::probe(dir, Source::Bundled).await {
        Ok(engine) => Ok(vec![engine]),
        Err(why) => {
            tracing::warn!(%why, "the bundled PostgreSQL does not run on this machine");
            Ok(Vec::new())
        }
    }
}

async fn system() -> Vec<Binaries> {
    let by_name = PathBuf::new();
    let configured = says(Path::new("pg_config"), "--bindir")
        .await
        .ok()
        .map(|dir| PathBuf::from(dir.trim()));
    let mut found = Vec::new();
    for dir in [by_name]
        .into_iter()
        .chain(configured)
        .chain(installations())
    {
        match Binaries::probe(dir.clone(), Source::System).await {
            Ok(binaries) => found.push(binaries),
            Err(why) => tracing::debug!(dir = %dir.display(), %why, "no PostgreSQL here"),
        }
    }
    found
}

fn installations() -> impl Iterator<Item = PathBuf> {
    INSTALLATIONS.iter().flat_map(|(base, prefix)| {
        fs::read_dir(base)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path().join("bin"))
            .filter(|bin| bin.join("postgres").exists())
    })
}

/// What a program prints, or why it does not run.
async fn says(program: &Path, argument: &str) -> Result<String, String> {
    let run = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, run)
        .await
        .map_err(|_| format!("{} does not end", program.display()))?
        .map_err(|error| format!("{} does not run ({error})", program.display()))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "{} fails ({})",
            program.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    }
}

/// The release in an answer such as `postgres (PostgreSQL) 17.5 (Debian 17.5-1)`.
fn major(version: &str) -> Option<u32> {
    let (_, number) = version.split_once("(PostgreSQL) ")?;
    let digits = number
        .split(|letter: char| !letter.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_every_shape_of_version() {
        assert_eq!(major("postgres (PostgreSQL) 17.5\n"), Some(17));
        assert_eq!(
            major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("postgres (PostgreSQL) devel\n"), None);
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn a_new_cluster_takes_any_supported_release_and_an_old_one_its_own() {
        let old = Wanted::Exactly {
            major: 16,
            cluster: PathBuf::new(),
        };
        let accepted = |wanted: &Wanted| {
            (14..=18)
                .filter(|&major| wanted.accepts(major))
                .collect::<Vec<_>>()
        };

        assert_eq!(accepted(&Wanted::Supported), [15, 16, 17, 18]);
        assert_eq!(accepted(&old), [16]);
    }
}
