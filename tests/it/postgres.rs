//! The private cluster: from an empty folder to a database that answers, over and over.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use quartet::postgres::{Cluster, Error, Options, Source};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

async fn connect(cluster: &Cluster) -> PgConnection {
    PgConnection::connect_with(&cluster.connect_options())
        .await
        .unwrap()
}

fn pid_file(data_dir: &TempDir) -> PathBuf {
    data_dir.path().join("pg17/postmaster.pid")
}

fn postmaster(data_dir: &TempDir) -> i32 {
    fs::read_to_string(pid_file(data_dir))
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

/// A data folder, and options for it. Without a bundled engine the machine's PostgreSQL serves, which may run as
/// somebody who is not let into a temporary folder.
fn data_dir() -> (TempDir, Options) {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    let options = Options::new(dir.path());
    (dir, options)
}

#[tokio::test]
async fn a_first_start_makes_a_database_that_only_its_owner_reaches() {
    let (dir, options) = data_dir();

    let cluster = Cluster::start(&options).await.unwrap();

    connect(&cluster).await.ping().await.unwrap();
    PgConnection::connect(&cluster.url())
        .await
        .unwrap()
        .ping()
        .await
        .unwrap();
    assert_eq!(
        cluster.socket_dir(),
        dir.path().join("pg17").canonicalize().unwrap()
    );
    assert_eq!(mode(cluster.socket_dir()), 0o700);
    assert_eq!(mode(&dir.path().join("pg17.log")), 0o600);
    cluster.stop().await.unwrap();
    assert!(!pid_file(&dir).exists());
}

#[tokio::test]
async fn what_was_written_is_there_after_a_stop_and_a_start() {
    let (_dir, options) = data_dir();
    let cluster = Cluster::start(&options).await.unwrap();
    connect(&cluster)
        .await
        .execute("create table kept ()")
        .await
        .unwrap();
    cluster.stop().await.unwrap();

    let cluster = Cluster::start(&options).await.unwrap();

    connect(&cluster)
        .await
        .execute("select from kept")
        .await
        .unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_postmaster_that_outlived_its_server_is_taken_over() {
    let (dir, options) = data_dir();
    let killed = Cluster::start(&options).await.unwrap();
    let survivor = postmaster(&dir);
    drop(killed);

    let cluster = Cluster::start(&options).await.unwrap();

    connect(&cluster).await.ping().await.unwrap();
    assert_eq!(postmaster(&dir), survivor);
    cluster.stop().await.unwrap();
    assert!(!pid_file(&dir).exists());
}

#[tokio::test]
async fn a_postmaster_that_was_killed_is_started_anew_with_all_that_was_committed() {
    let (dir, options) = data_dir();
    let crashed = Cluster::start(&options).await.unwrap();
    connect(&crashed)
        .await
        .execute("create table kept ()")
        .await
        .unwrap();
    kill_process(Pid::from_raw(postmaster(&dir)).unwrap(), Signal::KILL).unwrap();
    crashed.stop().await.unwrap();

    let cluster = Cluster::start(&options).await.unwrap();

    connect(&cluster)
        .await
        .execute("select from kept")
        .await
        .unwrap();
    cluster.stop().await.unwrap();
}

/// As it is after the restart of a container, where the numbers of processes begin again.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_pid_file_that_names_somebody_elses_process_does_not_prevent_a_start() {
    let (dir, options) = data_dir();
    Cluster::start(&options)
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut other = tokio::process::Command::new("cat")
        .current_dir(elsewhere.path())
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let stale = format!(
        "{}\n{}\n1\n5432\n{}\n",
        other.id().unwrap(),
        dir.path().display(),
        dir.path().display()
    );
    fs::write(pid_file(&dir), stale).unwrap();

    let cluster = Cluster::start(&options).await.unwrap();

    connect(&cluster).await.ping().await.unwrap();
    cluster.stop().await.unwrap();
    assert_eq!(other.try_wait().unwrap(), None, "it was not ours to end");
    drop(other.stdin.take());
    other.wait().await.unwrap();
}

#[tokio::test]
async fn two_servers_that_start_at_once_share_one_postmaster_until_both_are_done() {
    let (dir, options) = data_dir();

    let (first, second) = tokio::join!(Cluster::start(&options), Cluster::start(&options));

    let (first, second) = (first.unwrap(), second.unwrap());
    let shared = postmaster(&dir);
    first.stop().await.unwrap();
    connect(&second).await.ping().await.unwrap();
    assert_eq!(postmaster(&dir), shared);
    second.stop().await.unwrap();
    assert!(!pid_file(&dir).exists());
}

#[tokio::test]
async fn a_stop_ends_the_sessions_that_are_open() {
    let (_dir, options) = data_dir();
    let cluster = Cluster::start(&options).await.unwrap();
    let mut session = connect(&cluster).await;

    cluster.stop().await.unwrap();

    assert!(session.ping().await.is_err());
}

#[tokio::test]
async fn a_data_folder_with_a_long_and_odd_name_gets_its_socket_elsewhere() {
    let (dir, mut options) = data_dir();
    options.data_dir = dir.path().join("a folder, with commas & ü".repeat(6));
    let runtime_dir = tempfile::tempdir().unwrap();
    fs::set_permissions(runtime_dir.path(), Permissions::from_mode(0o711)).unwrap();
    options.runtime_dir = Some(runtime_dir.path().to_owned());

    let cluster = Cluster::start(&options).await.unwrap();

    PgConnection::connect(&cluster.url())
        .await
        .unwrap()
        .ping()
        .await
        .unwrap();
    assert_eq!(cluster.socket_dir().parent(), Some(runtime_dir.path()));
    assert_eq!(mode(cluster.socket_dir()), 0o700);
    cluster.stop().await.unwrap();
    assert_eq!(fs::read_dir(runtime_dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_installed_postgres_serves_whoever_the_server_runs_as() {
    let (dir, mut options) = data_dir();
    options.sources = vec![Source::System];

    let cluster = match Cluster::start(&options).await {
        Err(Error::NothingToRun { reason, .. }) => return eprintln!("skipped: {reason}"),
        started => started.unwrap(),
    };

    connect(&cluster).await.ping().await.unwrap();
    if rustix::process::geteuid().is_root() {
        assert_ne!(fs::metadata(dir.path().join("pg17")).unwrap().uid(), 0);
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn root_learns_which_folder_is_closed_to_an_installed_postgres() {
    let (dir, mut options) = data_dir();
    options.sources = vec![Source::System];
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();

    match Cluster::start(&options).await {
        Err(Error::NothingToRun { reason, .. }) => eprintln!("skipped: {reason}"),
        Ok(cluster) => {
            assert!(!rustix::process::geteuid().is_root());
            cluster.stop().await.unwrap();
        }
        Err(error) => {
            let closed = dir.path().canonicalize().unwrap();
            assert!(matches!(error, Error::Unreachable { dir, .. } if dir == closed));
        }
    }
}

async fn refusal(options: &Options) -> String {
    match Cluster::start(options).await.unwrap_err() {
        error @ Error::NothingToRun { .. } => error.to_string(),
        error => panic!("refused for another reason: {error:?}"),
    }
}

#[tokio::test]
async fn with_nothing_to_run_one_line_says_what_to_do() {
    let (_dir, mut options) = data_dir();
    options.sources = Vec::new();

    assert_eq!(
        refusal(&options).await,
        "no DATABASE_URL is set and no PostgreSQL was found: install PostgreSQL 15 or newer, \
         set PG_BIN to the folder of its initdb and postgres, or set DATABASE_URL"
    );
}

#[tokio::test]
async fn a_named_folder_without_programs_is_not_replaced_by_another() {
    let (_dir, mut options) = data_dir();
    options.pg_bin = Some("/nowhere".into());

    assert_eq!(
        refusal(&options).await,
        "PG_BIN names /nowhere, but /nowhere/postgres does not run (No such file or directory (os error 2)): \
         install PostgreSQL 15 or newer, set PG_BIN to the folder of its initdb and postgres, or set DATABASE_URL"
    );
}

#[tokio::test]
async fn a_cluster_of_another_release_is_left_alone() {
    let (dir, options) = data_dir();
    let cluster = dir.path().canonicalize().unwrap().join("pg17");
    fs::create_dir(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();

    assert_eq!(
        refusal(&options).await,
        format!(
            "no DATABASE_URL is set and no PostgreSQL was found that reads {}: install PostgreSQL 9, \
             set PG_BIN to the folder of its initdb and postgres, or set DATABASE_URL",
            cluster.display()
        )
    );
    assert_eq!(fs::read_dir(&cluster).unwrap().count(), 1);
}
