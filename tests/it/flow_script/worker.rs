//! The process that runs scripts: what it has, and how it ends.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::{BOUND, LONG_BUILT_IN, call, program};

/// What only Linux shows of a process.
#[cfg(target_os = "linux")]
mod processes {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::time::Instant;

    use futures_util::future::join_all;
    use quartet::flow::script::Scripts;
    use rustix::process::{Pid, Signal, kill_process};
    use tempfile::TempDir;

    use crate::flow_script::{BOUND, OWNER, call, goes_on, program};

    /// A name of its own for the program, by which a test finds its own workers.
    struct Named {
        folder: TempDir,
    }

    impl Named {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            symlink(program(), folder.path().join("quartet")).unwrap();
            Self { folder }
        }

        fn program(&self) -> PathBuf {
            self.folder.path().join("quartet")
        }

        fn workers(&self) -> Vec<Pid> {
            let program = self.program();
            let processes = std::fs::read_dir("/proc").unwrap().flatten();
            let ours = processes.filter(|process| {
                std::fs::read_to_string(process.path().join("cmdline"))
                    .is_ok_and(|line| line.starts_with(program.to_str().unwrap()))
            });
            let pids = ours.filter_map(|process| process.file_name().to_str()?.parse().ok());
            pids.filter_map(Pid::from_raw).collect()
        }
    }

    #[tokio::test]
    async fn a_worker_that_is_killed_is_replaced() {
        let named = Named::new();
        let scripts = Scripts::new(named.program(), 3);
        let warm = || join_all((0..3).map(|_| scripts.run(OWNER, call("next()"))));
        assert!(warm().await.iter().all(Result::is_ok));
        let before = named.workers();
        assert!(!before.is_empty());
        for worker in &before {
            kill_process(*worker, Signal::KILL).unwrap();
        }
        assert!(warm().await.iter().all(Result::is_ok));
        let after = named.workers();
        assert!(after.iter().all(|worker| !before.contains(worker)));
    }

    #[tokio::test]
    async fn a_pool_that_is_dropped_leaves_no_worker() {
        let named = Named::new();
        let scripts = Scripts::new(named.program(), 1);
        assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
        assert_eq!(named.workers().len(), 1);
        drop(scripts);
        let begun = Instant::now();
        while !named.workers().is_empty() {
            assert!(begun.elapsed() < BOUND);
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_worker_has_nothing_that_it_does_not_need() {
        let named = Named::new();
        let scripts = Scripts::new(named.program(), 1);
        assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
        let worker = named.workers()[0];
        let about = |what: &str| format!("/proc/{}/{what}", worker.as_raw_pid());

        let environment = std::fs::read_to_string(about("environ")).unwrap();
        assert_eq!(environment, "TZ=UTC\0");
        let folder = std::fs::read_link(about("cwd")).unwrap();
        assert_eq!(folder, PathBuf::from("/"));
        let limits = std::fs::read_to_string(about("limits")).unwrap();
        let limit = |name: &str| {
            let line = limits.lines().find_map(|line| line.strip_prefix(name));
            let columns: Vec<&str> = line.unwrap().split_whitespace().take(2).collect();
            columns.join(" ")
        };
        assert_eq!(limit("Max open files"), "0 0");
        assert_eq!(limit("Max file size"), "0 0");
        assert_eq!(limit("Max core file size"), "0 0");
        assert_eq!(limit("Max processes"), "0 0");
        assert_eq!(limit("Max address space"), "536870912 536870912");
        assert_eq!(limit("Max cpu time"), "2 unlimited");
    }
}

#[test]
fn a_worker_ends_with_its_server_also_inside_a_long_built_in() {
    let mut worker = Command::new(program())
        .arg("script-worker")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [1; 4];
    worker
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut ready)
        .unwrap();
    assert_eq!(ready, [0; 4]);
    let call = serde_json::to_vec(&call(LONG_BUILT_IN)).unwrap();
    let mut input = worker.stdin.take().unwrap();
    input
        .write_all(&u32::try_from(call.len()).unwrap().to_le_bytes())
        .unwrap();
    input.write_all(&call).unwrap();
    drop(input);
    let begun = Instant::now();
    assert!(worker.wait().unwrap().success());
    assert!(begun.elapsed() < BOUND);
}

#[test]
fn the_worker_is_no_command_of_its_own() {
    let help = Command::new(program()).arg("--help").output().unwrap();
    assert!(
        !String::from_utf8(help.stdout)
            .unwrap()
            .contains("script-worker")
    );
}
