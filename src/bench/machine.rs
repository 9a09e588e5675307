//! What the figures were made on.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// The machine, as far as it explains a figure.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    version: &'static str,
    processor: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    /// The kind of file system that PostgreSQL's data was on: one in memory makes a commit cost nothing.
    file_system: String,
}

impl Machine {
    pub(super) fn describe(folder: &Path) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, name: &str| {
            text.lines()
                .find(|line| line.starts_with(name))
                .and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim().to_owned())
        };
        let memory = value(&read("/proc/meminfo"), "MemTotal");
        let kibibytes = memory.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        Self {
            version: env!("CARGO_PKG_VERSION"),
            processor: value(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kibibytes.unwrap_or(0).div_ceil(1024 * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system: file_system(&read("/proc/mounts"), folder)
                .unwrap_or_else(|| "unknown".to_owned()),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "quartet {} on {} x {}, {} GiB, Linux {}, data on {}",
            self.version,
            self.cores,
            self.processor,
            self.memory_gib,
            self.kernel,
            self.file_system
        )
    }
}

/// The kind of the innermost mount that a folder is in.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(' ').skip(1);
            Some((Path::new(fields.next()?), fields.next()?))
        })
        .filter(|(at, _)| folder.starts_with(at))
        .max_by_key(|(at, _)| at.components().count())
        .map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\ntmpfs /tmpfoo xfs rw 0 0";
        let kind = |folder| file_system(mounts, Path::new(folder));
        assert_eq!(kind("/tmp/bench").as_deref(), Some("tmpfs"));
        assert_eq!(kind("/srv/bench").as_deref(), Some("ext4"));
    }
}
