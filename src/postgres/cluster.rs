//! A private cluster, from the folder to the socket.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;

use super::binaries::Binaries;
use super::lock::Lock;
use super::postmaster::Postmaster;
use super::user::User;
use super::{Error, Options, initdb, socket};

/// A running private cluster and our share in it.
///
/// Several servers may use one data folder: the first starts the postmaster, the others find it, and whoever
/// [stops](Cluster::stop) last ends it. Starting and stopping go one after the other, under the lock `pg17.lock`; every user
/// holds a share of `pg17.users`. A server that is killed, or drops this value without stopping, loses its share and
/// leaves the postmaster running, which the next start takes over.
#[derive(Debug)]
pub struct Cluster {
    postmaster: Postmaster,
    socket_dir: PathBuf,
    paths: Paths,
    share: Lock,
}

impl Cluster {
    /// Starts the private cluster, or takes over one that is running. The first start makes it, with its role and its
    /// database, both called `quartet`.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let paths = Paths::open(&options.data_dir)?;
        let _turn = Lock::exclusive(&paths.lock).await?;
        let share = Lock::open(&paths.users)?;
        let unused = share.try_exclusive(&paths.users)?;

        let (postmaster, socket_dir) = match take_over(&paths, unused).await? {
            Some(running) => running,
            None => launch(&paths, options).await?,
        };
        if !share.try_shared(&paths.users)? {
            return Err(Error::Busy(paths.data_dir));
        }
        Ok(Self {
            postmaster,
            socket_dir,
            paths,
            share,
        })
    }

    /// How to connect: over the socket, as `quartet` to database `quartet`.
    pub fn connect_options(&self) -> PgConnectOptions {
        socket::connect_options(&self.socket_dir)
    }

    /// The same as a URL, for people and their tools.
    pub fn url(&self) -> String {
        socket::url(&self.socket_dir)
    }

    /// The folder that the socket is in.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Gives up our share, and if it was the last, ends the postmaster and the sessions that are still open.
    pub async fn stop(self) -> Result<(), Error> {
        let _turn = Lock::exclusive(&self.paths.lock).await?;
        if !self.share.try_exclusive(&self.paths.users)? {
            tracing::info!("private PostgreSQL keeps running: another server uses it");
            return Ok(());
        }
        self.postmaster.stop().await?;
        if self.socket_dir != self.paths.cluster {
            // A folder for the socket alone; if it should not be empty, it is no harm.
            let _ = fs::remove_dir(&self.socket_dir);
        }
        tracing::info!("private PostgreSQL stopped");
        Ok(())
    }
}

async fn take_over(paths: &Paths, unused: bool) -> Result<Option<(Postmaster, PathBuf)>, Error> {
    let Some(mut postmaster) = Postmaster::survivor(&paths.cluster, &paths.log, unused).await?
    else {
        return Ok(None);
    };
    match postmaster.ready().await {
        Ok(socket_dir) => {
            tracing::info!(
                pid = postmaster.pid(),
                "private PostgreSQL was running already"
            );
            Ok(Some((postmaster, socket_dir)))
        }
        Err(Error::Ended { .. }) => Ok(None), // it was on its way out when we found it
        Err(error) => Err(error),
    }
}

async fn launch(paths: &Paths, options: &Options) -> Result<(Postmaster, PathBuf), Error> {
    let Paths {
        data_dir,
        cluster,
        log,
        ..
    } = paths;
    let binaries = Binaries::find(options, data_dir, cluster).await?;
    let user = User::for_cluster(cluster, &binaries)?;
    if !cluster.join("PG_VERSION").exists() {
        tracing::info!(folder = %cluster.display(), "making a private PostgreSQL");
        initdb::run(&binaries, cluster, user.as_ref()).await?;
    }
    if let Some(user) = &user {
        let metadata = fs::metadata(cluster).map_err(Error::io("look at", cluster))?;
        if !user.owns(&metadata) {
            user.own(cluster).map_err(Error::io("hand over", cluster))?;
        }
    }
    let socket_dir = socket::choose(cluster, data_dir, options)?;
    if socket_dir != *cluster {
        socket::make_private(&socket_dir, user.as_ref())?;
    }

    let mut command = binaries.command("postgres");
    command.arg("-D").arg(cluster);
    for setting in settings(&socket_dir, options) {
        command.arg("-c").arg(setting);
    }
    if let Some(user) = &user {
        user.run(&mut command);
    }
    let mut postmaster = Postmaster::spawn(command, cluster, log)?;
    let socket_dir = postmaster.ready().await?;
    tracing::info!(pid = postmaster.pid(), socket = %socket_dir.display(), "private PostgreSQL started");
    Ok((postmaster, socket_dir))
}

/// What differs from PostgreSQL's defaults, or from a distribution's: some collect the log in the cluster's folder.
fn settings(socket_dir: &Path, options: &Options) -> [OsString; 8] {
    [
        socket::setting(socket_dir),
        "listen_addresses=".into(),
        format!("port={}", socket::PORT).into(),
        format!("shared_buffers={}", options.shared_buffers).into(),
        format!("max_connections={}", options.max_connections).into(),
        "logging_collector=off".into(),
        // Plans are kept, and a young table's are made anew when it has been looked at.
        "autovacuum_naptime=10s".into(),
        "log_checkpoints=off".into(), // on, it fills the log of a server that runs for years
    ]
}

/// The files and folders of a private cluster, all absolute.
#[derive(Debug)]
struct Paths {
    data_dir: PathBuf,
    cluster: PathBuf,
    log: PathBuf,
    lock: PathBuf,
    users: PathBuf,
}

impl Paths {
    /// Makes the data folder if need be. Others may pass through it, because PostgreSQL may have to run as another
    /// user, but not look around in it.
    fn open(data_dir: &Path) -> Result<Self, Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(data_dir)
            .map_err(Error::io("make", data_dir))?;
        let data_dir = fs::canonicalize(data_dir).map_err(Error::io("find", data_dir))?;
        let within = |name| data_dir.join(name);
        Ok(Self {
            cluster: within("pg17"),
            log: within("pg17.log"),
            lock: within("pg17.lock"),
            users: within("pg17.users"),
            data_dir,
        })
    }
}
