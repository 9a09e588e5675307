//! How soon a server answers, and what it takes to be there.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;

use super::super::http::{Connection, get};
use super::super::stage::{Ground, Stage};
use super::{Case, Goal, Line, Score, Work};

/// What an idle server may have in memory.
const MEMORY: u64 = 30 * 1024 * 1024;
/// From the start to the first answer.
const SOON: Duration = Duration::from_millis(100);
/// Between two questions whether it is ready.
const GLANCE: Duration = Duration::from_millis(1);

pub(super) async fn prepare(stage: &Stage) -> anyhow::Result<Case> {
    let starts = Starts {
        ground: stage.ground(),
    };
    let line = Line::new("start to first answer", starts)
        .goal(Goal::P99(SOON))
        .goal(Goal::Memory(MEMORY));
    Ok(Case {
        servers: Vec::new(),
        lines: vec![line],
    })
}

/// Starts servers, one after the other.
struct Starts {
    ground: Ground,
}

impl Starts {
    /// How long a server takes until it is ready, and what it has in memory then.
    async fn start(&self) -> anyhow::Result<(Duration, u64)> {
        let began = Instant::now();
        let server = self.ground.serve("").await?;
        let mut connection = Connection::open(server.address).await?;
        let request = get("/readyz", "");
        loop {
            let (status, _) = connection.ask(&request).await?;
            if status == 200 {
                break;
            }
            tokio::time::sleep(GLANCE).await;
        }
        let (took, memory) = (began.elapsed(), server.memory());
        server.stop().await?;
        Ok((took, memory))
    }
}

impl Work for Starts {
    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(async move {
            let mut score = Score::default();
            let began = Instant::now();
            while began.elapsed() < length {
                let (took, memory) = self.start().await?;
                score.latencies.push(took);
                score.memory_bytes = score.memory_bytes.max(Some(memory));
            }
            score.elapsed = began.elapsed();
            score.operations = u64::try_from(score.latencies.len())?;
            Ok(score)
        })
    }

    /// A server that answered was there.
    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
