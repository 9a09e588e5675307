//! Statements run by PostgreSQL's own client for measuring, or by a loop of ours where that is not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures_util::future::BoxFuture;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tokio::process::Command;

use super::cases::{Score, Work};
use super::stage::Stage;
use super::yardstick::at_once;

/// How the sessions of our own server plan.
const PLANNING: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off";

/// A number that is another one each time: its name, its least and its greatest.
pub(super) type Variable = (&'static str, i64, i64);

/// What is run again and again.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) variables: Vec<Variable>,
    /// With `:name` for a variable.
    pub(super) statements: Vec<String>,
}

/// A script and those who run it.
pub(super) struct Transactions {
    program: Option<PathBuf>,
    file: PathBuf,
    url: String,
    pool: PgPool,
    script: Script,
    clients: usize,
    done: i64,
    /// What counts the rows that it wrote, if it wrote any.
    count: Option<String>,
}

/// The program that was named, or the first that is found.
pub(super) fn find(named: Option<&Path>) -> Option<PathBuf> {
    if let Some(program) = named {
        return Some(program.to_owned());
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.flatten().map(|version| version.path().join("bin"));
    let common = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
    let folders = common.into_iter().chain(versions);
    folders
        .map(|folder| folder.join("pgbench"))
        .find(|program| program.is_file())
}

impl Transactions {
    /// A script that reads.
    pub(super) fn new(stage: &Stage, name: &str, script: Script, clients: usize) -> Self {
        Self {
            program: stage.pgbench.clone(),
            file: stage.folder().join(format!("{name}-{clients}.sql")),
            url: stage.url(),
            pool: stage.pool.clone(),
            script,
            clients,
            done: 0,
            count: None,
        }
    }

    /// It writes a row each time, and this counts them.
    pub(super) fn counted(self, count: String) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }

    /// By whom it is run.
    pub(super) fn by(&self) -> &'static str {
        if self.program.is_some() {
            "pgbench"
        } else {
            "a loop"
        }
    }

    async fn run_program(&self, program: &Path, length: Duration) -> anyhow::Result<Score> {
        fs::write(&self.file, self.script.for_pgbench())?;
        let seconds = length.as_secs().max(1).to_string();
        let clients = self.clients.to_string();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.min(self.clients).to_string();
        let output = Command::new(program)
            .args([
                "-n", "-M", "prepared", "-c", &clients, "-j", &threads, "-T", &seconds, "-f",
            ])
            .arg(&self.file)
            .arg(&self.url)
            .env("PGOPTIONS", PLANNING)
            .stdin(Stdio::null())
            .output()
            .await
            .with_context(|| format!("cannot run {}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pgbench failed: {text} {said}");
        read(&text).with_context(|| format!("pgbench said {text}"))
    }

    async fn run_loop(&self, length: Duration) -> anyhow::Result<Score> {
        let script = Arc::new(self.script.prepared());
        let clients = (0..self.clients).map(|number| {
            let (pool, script) = (self.pool.clone(), Arc::clone(&script));
            move |stop: Arc<AtomicBool>| async move {
                let mut connection = pool.acquire().await?;
                let mut chance = Chance(number as u64 + 1);
                let mut latencies = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    script.run(&mut connection, &mut chance).await?;
                    latencies.push(began.elapsed());
                }
                Ok(((), latencies))
            }
        });
        let (score, _) = at_once(length, clients).await?;
        Ok(score)
    }
}

/// What pgbench says of a run.
fn read(text: &str) -> Option<Score> {
    let after = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next().map(str::to_owned)
    };
    let operations: u32 = after("number of transactions actually processed: ")?
        .parse()
        .ok()?;
    let rate: f64 = after("tps = ")?.parse().ok()?;
    Some(Score {
        operations: operations.into(),
        elapsed: Duration::try_from_secs_f64(f64::from(operations) / rate).ok()?,
        ..Score::default()
    })
}

impl Script {
    fn for_pgbench(&self) -> String {
        let mut text = String::new();
        for (name, least, greatest) in &self.variables {
            text.push_str(&format!("\\set {name} random({least}, {greatest})\n"));
        }
        for statement in &self.statements {
            text.push_str(&statement.replace('\n', " "));
            text.push_str(";\n");
        }
        text
    }

    /// Every statement with numbered places, and which variable goes where.
    fn prepared(&self) -> Prepared {
        let statements = self.statements.iter().map(|statement| {
            let (mut sql, mut places) = (statement.clone(), Vec::new());
            for (at, (name, ..)) in self.variables.iter().enumerate() {
                let named = format!(":{name}");
                if sql.contains(&named) {
                    places.push(at);
                    sql = sql.replace(&named, &format!("${}", places.len()));
                }
            }
            (sql, places)
        });
        Prepared {
            variables: self.variables.clone(),
            statements: statements.collect(),
        }
    }
}

/// A script as our own loop runs it.
struct Prepared {
    variables: Vec<Variable>,
    statements: Vec<(String, Vec<usize>)>,
}

impl Prepared {
    async fn run(&self, connection: &mut PgConnection, chance: &mut Chance) -> anyhow::Result<()> {
        let values: Vec<i64> = self
            .variables
            .iter()
            .map(|(_, least, greatest)| chance.between(*least, *greatest))
            .collect();
        for (sql, places) in &self.statements {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for place in places {
                query = query.bind(values[*place]);
            }
            query.fetch_all(&mut *connection).await?;
        }
        Ok(())
    }
}

/// Numbers that are all over the place; nobody is to guess them, and nobody needs to.
struct Chance(u64);

impl Chance {
    fn between(&mut self, least: i64, greatest: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let span = greatest.abs_diff(least) + 1;
        least + ((self.0 >> 33) % span).cast_signed()
    }
}

impl Work for Transactions {
    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>> {
        Box::pin(async move {
            let score = match &self.program {
                Some(program) => self.run_program(program, length).await?,
                None => self.run_loop(length).await?,
            };
            self.done += i64::try_from(score.operations)?;
            Ok(score)
        })
    }

    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let Some(count) = &self.count else {
                return Ok(());
            };
            let rows: i64 = sqlx::query_scalar(AssertSqlSafe(count.clone()))
                .fetch_one(&self.pool)
                .await?;
            ensure!(
                rows == self.done,
                "{rows} rows of {} transactions",
                self.done
            );
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Script {
        Script {
            variables: vec![("a", 1, 9), ("c", 5, 5)],
            statements: vec!["select :c, :a, :c".to_owned(), "select :c".to_owned()],
        }
    }

    #[test]
    fn a_script_is_written_for_either_client() {
        assert_eq!(
            script().for_pgbench(),
            "\\set a random(1, 9)\n\\set c random(5, 5)\nselect :c, :a, :c;\nselect :c;\n"
        );
        let statements = script().prepared().statements;
        assert_eq!(statements[0], ("select $2, $1, $2".to_owned(), vec![0, 1]));
        assert_eq!(statements[1], ("select $1".to_owned(), vec![1]));
    }

    #[test]
    fn what_pgbench_says_is_read() {
        let said = "pgbench (17.5)\nnumber of transactions actually processed: 2000\nnumber of failed transactions: 0 (0.000%)\n\
                    latency average = 4.0 ms\ntps = 1000.000000 (without initial connection time)\n";
        let score = read(said).unwrap();
        assert_eq!(
            (score.operations, score.elapsed),
            (2000, Duration::from_secs(2))
        );
        assert!(read("nothing").is_none());
    }

    #[test]
    fn chance_stays_between_its_bounds() {
        let mut chance = Chance(1);
        assert!((0..1000).all(|_| (3..=7).contains(&chance.between(3, 7))));
    }
}
