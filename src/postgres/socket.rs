//! Where the postmaster listens, and how to say so to a client.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::user::User;
use super::{Error, Options};

/// The role and the database that the server uses.
pub(super) const NAME: &str = "quartet";
/// Nothing listens on it; PostgreSQL only names its socket by it.
pub(super) const PORT: u16 = 5432;

/// How many bytes the system takes for the path of a socket.
const LONGEST_PATH: usize = if cfg!(any(target_os = "linux", target_os = "android")) {
    107
} else {
    103
};

/// The folder for the socket: the cluster's own, or if the path is too long, one of ours in the runtime folder.
pub(super) fn choose(cluster: &Path, data_dir: &Path, options: &Options) -> Result<PathBuf, Error> {
    if fits(cluster) {
        return Ok(cluster.to_owned());
    }
    // The same data folder always gets the same name, and no other gets it.
    let metadata = fs::metadata(data_dir).map_err(Error::io("look at", data_dir))?;
    let name = format!("quartet-{:x}-{:x}", metadata.dev(), metadata.ino());
    let temp = std::env::temp_dir();
    let folder = [options.runtime_dir.as_deref(), Some(&temp)]
        .into_iter()
        .flatten()
        .map(|base| base.join(&name))
        .find(|folder| folder.is_absolute() && fits(folder))
        .unwrap_or_else(|| Path::new("/tmp").join(name));
    Ok(folder)
}

fn fits(folder: &Path) -> bool {
    file(folder).as_os_str().len() <= LONGEST_PATH
}

/// The socket itself.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// Makes sure that a folder is there which only the one who runs PostgreSQL may enter.
///
/// Others may write beside it, so what is there already must be a folder, no link, and ours.
pub(super) fn make_private(folder: &Path, user: Option<&User>) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(Error::io("make", folder)(error));
        }
        _ => {}
    }
    let found = fs::symlink_metadata(folder).map_err(Error::io("look at", folder))?;
    let ours = found.uid() == rustix::process::geteuid().as_raw()
        || user.is_some_and(|user| user.owns(&found));
    if !found.is_dir() || !ours {
        return Err(Error::ForeignSocketDir(folder.to_owned()));
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))
        .map_err(Error::io("close", folder))?;
    user.map_or(Ok(()), |user| user.own(folder))
        .map_err(Error::io("hand over", folder))
}

/// The setting `unix_socket_directories`, which is a list and so has its own quotes.
pub(super) fn setting(folder: &Path) -> OsString {
    let mut setting = b"unix_socket_directories=\"".to_vec();
    for &byte in folder.as_os_str().as_bytes() {
        if byte == b'"' {
            setting.push(byte);
        }
        setting.push(byte);
    }
    setting.push(b'"');
    OsString::from_vec(setting)
}

/// How a client of ours connects. Every field that sqlx would otherwise take from `PG…` variables is set.
pub(super) fn connect_options(folder: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(folder)
        .port(PORT)
        .username(NAME)
        .database(NAME)
        .ssl_mode(PgSslMode::Disable)
}

/// The same for people and tools. A URL needs some host; the parameter overrules it.
pub(super) fn url(folder: &Path) -> String {
    let host = percent_encoded(folder.as_os_str());
    format!("postgres://{NAME}@localhost:{PORT}/{NAME}?host={host}&sslmode=disable")
}

/// Encodes for libpq, which does not read `+` as a space.
fn percent_encoded(text: &OsStr) -> String {
    text.as_bytes()
        .iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_up_to_the_last_byte_that_the_system_takes() {
        let folder =
            |len: usize| PathBuf::from(format!("/{}", "x".repeat(len - "//.s.PGSQL.5432".len())));
        assert!(fits(&folder(LONGEST_PATH)));
        assert!(!fits(&folder(LONGEST_PATH + 1)));
    }

    #[test]
    fn the_socket_of_a_long_path_moves_to_the_first_folder_it_fits_in() {
        let data_dir = tempfile::tempdir().expect("a temporary folder");
        let cluster = data_dir.path().join("x".repeat(100)).join("pg17");
        let choose_with = |runtime_dir: Option<&Path>| {
            let options = Options {
                runtime_dir: runtime_dir.map(Path::to_owned),
                ..Options::new("")
            };
            choose(&cluster, data_dir.path(), &options).expect("a folder")
        };

        assert_eq!(
            choose_with(Some(Path::new("/run/somebody"))).parent(),
            Some(Path::new("/run/somebody"))
        );
        assert!(fits(&choose_with(Some(&cluster))));
        assert_eq!(choose_with(None), choose_with(None));
    }

    #[test]
    fn a_link_in_the_place_of_the_socket_folder_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).expect("a link");

        assert!(
            matches!(make_private(&link, None), Err(Error::ForeignSocketDir(path)) if path == link)
        );
    }

    #[test]
    fn the_url_leads_sqlx_to_the_same_socket() {
        let folder = Path::new("/srv/a b+c/ü?&\"%20");
        let parsed: PgConnectOptions = url(folder).parse().expect("a URL that sqlx reads");

        assert_eq!(
            url(folder),
            "postgres://quartet@localhost:5432/quartet?host=%2Fsrv%2Fa%20b%2Bc%2F%C3%BC%3F%26%22%2520&sslmode=disable"
        );
        assert_eq!(parsed.get_socket(), connect_options(folder).get_socket());
        assert_eq!(parsed.get_database(), Some(NAME));
        assert_eq!(parsed.get_username(), NAME);
    }

    #[test]
    fn commas_and_quotes_in_a_path_do_not_end_the_setting() {
        assert_eq!(
            setting(Path::new("/a, b/c\"d")),
            "unix_socket_directories=\"/a, b/c\"\"d\""
        );
    }
}
