//! The making of a cluster.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Stdio;

use super::Error;
use super::binaries::Binaries;
use super::socket::NAME;
use super::user::User;

/// Makes the cluster folder. It gets its name when it is whole, so what a killed `initdb` leaves is never taken for one.
pub(super) async fn run(
    binaries: &Binaries,
    cluster: &Path,
    user: Option<&User>,
) -> Result<(), Error> {
    let new = cluster.with_extension("new");
    match fs::remove_dir_all(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &new)(error));
        }
        _ => {}
    }
    DirBuilder::new()
        .mode(0o700)
        .create(&new)
        .map_err(Error::io("make", &new))?;

    let mut command = binaries.command("initdb");
    command
        .args([
            "-U",
            NAME,
            "-A",
            "trust",
            "--locale=C",
            "-E",
            "UTF8",
            "--no-instructions",
            "-D",
        ])
        .arg(&new)
        .stdin(Stdio::null());
    if let Some(user) = user {
        user.own(&new).map_err(Error::io("hand over", &new))?;
        user.run(&mut command);
    }
    let output = command
        .output()
        .await
        .map_err(|error| Error::Initdb(error.to_string()))?;
    if !output.status.success() {
        return Err(Error::Initdb(
            String::from_utf8_lossy(&output.stderr)
                .trim()
                .replace('\n', "; "),
        ));
    }

    fs::rename(&new, cluster).map_err(Error::io("make", cluster))?;
    let parent = cluster.parent().unwrap_or(cluster);
    File::open(parent)
        .and_then(|parent| parent.sync_all())
        .map_err(Error::io("write down", parent))
}
