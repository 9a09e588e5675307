//! What the machine does at best: the measure of the lines beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::BoxFuture;
use sqlx::PgPool;
use tokio::task::JoinSet;

use super::cases::{Score, Work};

/// Transactions that write one row and commit, from so many connections at once.
pub(super) struct Commits {
    pool: PgPool,
    clients: usize,
    committed: i64,
}

impl Commits {
    pub(super) async fn new(pool: &PgPool, clients: usize) -> anyhow::Result<Self> {
        let table = "create table if not exists yardstick
                         (id bigint generated always as identity primary key, at timestamptz);
                     truncate yardstick";
        sqlx::raw_sql(table).execute(pool).await?;
        Ok(Self {
            pool: pool.clone(),
            clients,
            committed: 0,
        })
    }
}

impl Work for Commits {
    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        let pool = self.pool.clone();
        let client = move |stop: Arc<AtomicBool>| {
            let pool = pool.clone();
            async move {
                let mut connection = pool.acquire().await?;
                let mut latencies = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    sqlx::query("insert into yardstick (at) values (now())")
                        .execute(&mut *connection)
                        .await?;
                    latencies.push(began.elapsed());
                }
                Ok(((), latencies))
            }
        };
        Box::pin(async move {
            let clients = (0..self.clients).map(|_| client.clone());
            let (score, _) = at_once(length, clients).await?;
            self.committed += i64::try_from(score.operations)?;
            Ok(score)
        })
    }

    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let rows: i64 = sqlx::query_scalar("select count(*) from yardstick")
                .fetch_one(&self.pool)
                .await?;
            ensure!(
                rows == self.committed,
                "{rows} rows of {} commits",
                self.committed
            );
            Ok(())
        })
    }
}

/// Runs clients at once until the time is over. A client works until it is told to stop, and gives itself back with how
/// long each of its operations took.
pub(super) async fn at_once<T, C, F>(
    length: Duration,
    clients: impl Iterator<Item = C>,
) -> anyhow::Result<(Score, Vec<T>)>
where
    T: Send + 'static,
    C: FnOnce(Arc<AtomicBool>) -> F,
    F: Future<Output = anyhow::Result<(T, Vec<Duration>)>> + Send + 'static,
{
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = JoinSet::new();
    let began = Instant::now();
    for client in clients {
        running.spawn(client(Arc::clone(&stop)));
    }
    tokio::time::sleep(length).await;
    stop.store(true, Ordering::Relaxed);
    let (mut score, mut back) = (Score::default(), Vec::new());
    while let Some(done) = running.join_next().await {
        let (client, latencies) = done??;
        back.push(client);
        score.latencies.extend(latencies);
    }
    score.elapsed = began.elapsed();
    score.operations = u64::try_from(score.latencies.len())?;
    Ok((score, back))
}
