//! A database of its own for every test, copied from one that is migrated once.
//!
//! They are on the server that `DATABASE_URL` names, else on a private cluster that ends with the tests.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::Mutex;

use quartet::postgres::{Cluster, Options};
use quartet::store::Store;
use quartet::vault::Vault;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::OnceCell;

/// The key of every test's store.
pub(crate) const KEY: [u8; 32] = [42; 32];

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// Ends the private cluster when this process is gone, however it goes: it waits for the end of its standard input.
static WATCHDOG: Mutex<Option<Child>> = Mutex::new(None);

struct Server {
    options: PgConnectOptions,
    template: String,
    shared: bool,
}

/// A database that no other test uses. On a server of others it is dropped at the end.
pub(crate) struct Database {
    pub(crate) options: PgConnectOptions,
    name: String,
    shared: bool,
}

impl Database {
    /// A migrated, empty database.
    pub(crate) async fn fresh() -> Self {
        let server = SERVER.get_or_init(Server::start).await;
        let name = format!("quartet_test_{}", uuid::Uuid::new_v4().simple());
        let mut conn = server.options.connect().await.unwrap();
        execute(
            &mut conn,
            format!(
                "create database {name} template {} strategy file_copy",
                server.template
            ),
        )
        .await;
        conn.close().await.unwrap();
        Self {
            options: server.options.clone().database(&name),
            name,
            shared: server.shared,
        }
    }

    /// A store on it. Several are several servers on one database.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.options.clone(), 4, Vault::new(KEY))
    }

    /// What it is called on its server.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A connection to its server, beside it.
    pub(crate) async fn maintenance(&self) -> PgConnection {
        self.options
            .clone()
            .database("postgres")
            .connect()
            .await
            .unwrap()
    }

    /// A connection past the store, for looking at rows and for being in the way.
    pub(crate) async fn connect(&self) -> PgConnection {
        self.options.connect().await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.shared {
            return;
        }
        let options = self.options.clone().database("postgres");
        let drop = format!("drop database if exists {} with (force)", self.name);
        // The test's own runtime is ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let mut conn = options.connect().await.unwrap();
                execute(&mut conn, drop).await;
            });
        });
        dropping.join().unwrap();
    }
}

impl Server {
    async fn start() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the server under test is not there yet"
        )]
        let url = std::env::var("DATABASE_URL").ok();
        let (options, shared) = match url {
            Some(url) => (PgConnectOptions::from_str(&url).unwrap(), true),
            None => (private_cluster().await, false),
        };
        let template = format!("quartet_template_{}", std::process::id());
        let mut conn = options.connect().await.unwrap();
        execute(
            &mut conn,
            format!("drop database if exists {template} with (force)"),
        )
        .await;
        execute(&mut conn, format!("create database {template}")).await;
        conn.close().await.unwrap();
        let store = Store::new(options.clone().database(&template), 1, Vault::new(KEY));
        store.migrate().await.unwrap();
        store.close().await;
        Self {
            options,
            template,
            shared,
        }
    }
}

async fn private_cluster() -> PgConnectOptions {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("pg-{}", std::process::id()));
    let cluster = Cluster::start(&Options::new(&folder)).await.unwrap();
    let options = cluster.connect_options();
    let pid_file = std::fs::read_to_string(folder.join("pg17/postmaster.pid")).unwrap();
    let pid = pid_file.lines().next().unwrap().to_owned();
    let script = format!(
        "read -r _; kill -INT {pid}; while kill -0 {pid} 2>/dev/null; do sleep 0.1; done; rm -rf \"$1\""
    );
    let mut watchdog = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    watchdog.stdin.as_mut().unwrap().flush().unwrap();
    *WATCHDOG.lock().unwrap() = Some(watchdog);
    // The cluster is the watchdog's to stop.
    std::mem::forget(cluster);
    options
}

/// Runs a statement that the tests alone need.
pub(crate) async fn execute(conn: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(conn)
        .await
        .unwrap();
}
