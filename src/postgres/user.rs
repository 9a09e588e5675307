//! The account that PostgreSQL runs as when the server is root, whom a stock PostgreSQL refuses.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use tokio::process::Command;

use super::Error;
use super::binaries::Binaries;

/// An unprivileged account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    name: String,
    uid: u32,
    gid: u32,
}

impl User {
    /// Who must run the programs over this cluster folder, whether it is there yet or not; `None` is ourselves.
    ///
    /// PostgreSQL insists that it runs as the owner of its folder, so a folder that has an owner decides.
    pub(super) fn for_cluster(folder: &Path, binaries: &Binaries) -> Result<Option<Self>, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let owner = fs::metadata(folder).ok().filter(|folder| folder.uid() != 0);
        let user = match owner {
            Some(owner) => Self {
                name: format!("its owner (user id {})", owner.uid()),
                uid: owner.uid(),
                gid: owner.gid(),
            },
            None if binaries.runs_as_root() => return Ok(None),
            None => Self::unprivileged()?,
        };
        user.check_reaches(folder)?;
        Ok(Some(user))
    }

    fn unprivileged() -> Result<Self, Error> {
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"].into_iter().find_map(|name| Self::named(&accounts, name)).ok_or_else(|| {
            Error::NothingToRun {
                reason: "PostgreSQL does not run as root, and this machine has no user postgres or nobody".to_owned(),
                remedy: "make a user postgres, start the server as another user, or set DATABASE_URL".to_owned(),
            }
        })
    }

    fn named(accounts: &str, name: &str) -> Option<Self> {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (uid != 0).then(|| Self {
                name: name.to_owned(),
                uid,
                gid,
            })
        })
    }

    /// Refuses a folder that lies where the account may not go, in words that PostgreSQL would not find.
    fn check_reaches(&self, folder: &Path) -> Result<(), Error> {
        for dir in folder.ancestors().skip(1) {
            let metadata = fs::metadata(dir).map_err(Error::io("look at", dir))?;
            if !self.may_enter(&metadata) {
                return Err(Error::Unreachable {
                    user: self.name.clone(),
                    dir: dir.to_owned(),
                });
            }
        }
        Ok(())
    }

    fn may_enter(&self, dir: &Metadata) -> bool {
        let bit = if dir.uid() == self.uid {
            0o100
        } else if dir.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        dir.mode() & bit != 0
    }

    /// Whether a file is this account's.
    pub(super) fn owns(&self, file: &Metadata) -> bool {
        file.uid() == self.uid
    }

    /// Makes the account the owner of a folder and of all that is in it.
    pub(super) fn own(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(path)?.is_dir() {
            for entry in fs::read_dir(path)? {
                self.own(&entry?.path())?;
            }
        }
        lchown(path, Some(self.uid), Some(self.gid))
    }

    /// Lets a program run as this account. It starts in the root folder, for ours may be closed to it.
    pub(super) fn run(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid).current_dir("/");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/bash\n\
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
        broken\n\
        postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let postgres = User {
            name: "postgres".to_owned(),
            uid: 101,
            gid: 104,
        };
        assert_eq!(User::named(ACCOUNTS, "postgres"), Some(postgres));
        assert_eq!(User::named(ACCOUNTS, "post"), None);
        assert_eq!(User::named(ACCOUNTS, "broken"), None);
    }

    #[test]
    fn root_is_no_unprivileged_account_under_any_name() {
        assert_eq!(User::named("postgres:x:0:0::/:/bin/sh", "postgres"), None);
    }
}
