//! Who used the processors: the server, PostgreSQL, this process, or somebody else. From `/proc`; elsewhere nobody
//! seems to have.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use super::server::Server;
use super::stage::Stage;

/// The unit of times in `/proc`: `USER_HZ`, which is 100 on every system that matters here.
const TICK: Duration = Duration::from_millis(10);

/// Processor time so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    server: Duration,
    postgres: Duration,
    /// This process and all that it started.
    ours: Duration,
    /// Everybody's.
    all: Duration,
}

/// Processor time of a round.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) server: Duration,
    pub(super) postgres: Duration,
    /// This process, and programs that it started as clients.
    pub(super) client: Duration,
    /// What others used, as a share of the machine.
    pub(super) others: f64,
}

impl Usage {
    pub(super) fn now(servers: &[Server], stage: &Stage) -> Self {
        let processes = Processes::now();
        Self {
            server: servers
                .iter()
                .map(|server| processes.tree(server.pid()))
                .sum(),
            postgres: stage
                .postmaster()
                .map_or(Duration::ZERO, |pid| processes.tree(pid)),
            ours: processes.tree(std::process::id()),
            all: everybody(),
        }
    }

    pub(super) fn since(self, before: Self, elapsed: Duration) -> Cost {
        let server = self.server.saturating_sub(before.server);
        let postgres = self.postgres.saturating_sub(before.postgres);
        let ours = self.ours.saturating_sub(before.ours);
        let all = self.all.saturating_sub(before.all);
        let machine = elapsed.mul_f64(cores());
        Cost {
            server,
            postgres,
            client: ours.saturating_sub(server + postgres),
            others: all.saturating_sub(ours).as_secs_f64() / machine.as_secs_f64(),
        }
    }
}

/// How many processors there are.
fn cores() -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    f64::from(u32::try_from(cores).unwrap_or(1))
}

/// What all processors did for programs, and what the machine under a virtual one took from them.
fn everybody() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u32> = first
        .split_ascii_whitespace()
        .skip(1)
        .map(|ticks| ticks.parse().unwrap_or(0))
        .collect();
    // user nice system idle iowait irq softirq steal
    [0, 1, 2, 7]
        .into_iter()
        .filter_map(|column| ticks.get(column))
        .map(|ticks| TICK * *ticks)
        .sum()
}

/// The memory that is a process's own, in bytes. Pages of its program's file are not: the kernel maps as many as it has,
/// whoever read them, and drops them when it likes.
pub(super) fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    own_memory(&status)
}

fn own_memory(status: &str) -> u64 {
    let kibibytes = |name: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(name));
        let number = rest.and_then(|rest| rest.split_ascii_whitespace().next());
        number
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    (kibibytes("RssAnon:") + kibibytes("RssShmem:")) * 1024
}

/// All processes of a moment.
struct Processes {
    children: HashMap<u32, Vec<u32>>,
    times: HashMap<u32, Duration>,
}

impl Processes {
    fn now() -> Self {
        let mut now = Self {
            children: HashMap::new(),
            times: HashMap::new(),
        };
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        for pid in pids {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if let Some((parent, time)) = parent_and_time(&stat) {
                now.children.entry(parent).or_default().push(pid);
                now.times.insert(pid, time);
            }
        }
        now
    }

    /// What a process used, with those it started, also those that have ended and were waited for.
    fn tree(&self, pid: u32) -> Duration {
        let own = self.times.get(&pid).copied().unwrap_or_default();
        let children = self.children.get(&pid).into_iter().flatten();
        own + children.map(|child| self.tree(*child)).sum::<Duration>()
    }
}

/// From a line of `/proc/PID/stat`, whose second field may hold spaces and brackets.
fn parent_and_time(stat: &str) -> Option<(u32, Duration)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let parent = fields.get(1)?.parse().ok()?;
    // utime, stime, and both of the children that were waited for
    let ticks = fields.get(11..15)?;
    let ticks: u32 = ticks
        .iter()
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    Some((parent, TICK * ticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "42 (a) b (c)) S 7 42 42 0 -1 4194304 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        assert_eq!(parent_and_time(stat), Some((7, Duration::from_secs(1))));
    }

    #[test]
    fn memory_is_what_no_file_has() {
        let status = "VmRSS:\t   29176 kB\nRssAnon:\t    3296 kB\nRssFile:\t   25876 kB\nRssShmem:\t       4 kB\n";
        assert_eq!(own_memory(status), 3300 * 1024);
    }

    #[test]
    fn a_tree_is_counted_with_its_children() {
        let second = Duration::from_secs(1);
        let processes = Processes {
            children: HashMap::from([(1, vec![2, 3]), (3, vec![4])]),
            times: HashMap::from([(1, second), (2, second), (3, second), (4, second)]),
        };
        assert_eq!(processes.tree(1), 4 * second);
        assert_eq!(processes.tree(3), 2 * second);
    }
}
