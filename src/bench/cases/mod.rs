//! What is measured: one file a case.

mod cable;
mod deliveries;
mod growth;
mod messages;
mod middleware;
mod reads;
mod start;
mod turns;

use std::time::Duration;

use anyhow::bail;
use futures_util::future::BoxFuture;

use super::server::Server;
use super::stage::Stage;

/// A case that can be chosen.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) prepare: for<'a> fn(&'a Stage) -> BoxFuture<'a, anyhow::Result<Case>>,
}

/// Every case, in the order in which they run.
pub(super) const ALL: &[Kind] = &[
    Kind {
        name: "messages",
        about: "messages posted through Chatlake, beside transactions that write the same rows",
        prepare: |stage| Box::pin(messages::prepare(stage)),
    },
    Kind {
        name: "reads",
        about: "pages of messages, transcripts and reports, beside the statements that they are made of",
        prepare: |stage| Box::pin(reads::prepare(stage)),
    },
    Kind {
        name: "growth",
        about: "the same calls where much is stored, beside where little is",
        prepare: |stage| Box::pin(growth::prepare(stage)),
    },
    Kind {
        name: "middleware",
        about: "a refusal after authentication, beside a bare axum server's",
        prepare: |stage| Box::pin(middleware::prepare(stage)),
    },
    Kind {
        name: "start",
        about: "from the start of the server to its first answer, on a database that is up to date",
        prepare: |stage| Box::pin(start::prepare(stage)),
    },
    Kind {
        name: "turns",
        about: "replies to bots, end to end: the request, the flow, the commit, the answer",
        prepare: |stage| Box::pin(turns::prepare(stage)),
    },
    Kind {
        name: "deliveries",
        about: "webhooks that are due at once, until each is recorded",
        prepare: |stage| Box::pin(deliveries::prepare_backlog(stage)),
    },
    Kind {
        name: "promptness",
        about: "webhooks at a steady rate, from the commit of a message to the first byte at its receiver",
        prepare: |stage| Box::pin(deliveries::prepare_steady(stage)),
    },
    Kind {
        name: "cable",
        about: "a message, until the last of a thousand websocket clients has it",
        prepare: |stage| Box::pin(cable::prepare(stage)),
    },
];

/// Servers with work for them.
pub(super) struct Case {
    /// Those that a line's work is for; others rest meanwhile.
    pub(super) servers: Vec<Server>,
    pub(super) lines: Vec<Line>,
}

/// One line of the table.
pub(super) struct Line {
    pub(super) name: String,
    /// Whether the lines after it are measured by it, until there is another. Of several in a row the best counts.
    pub(super) is_yardstick: bool,
    pub(super) goals: Vec<Goal>,
    pub(super) work: Box<dyn Work>,
}

impl Line {
    pub(super) fn new(name: impl Into<String>, work: impl Work + 'static) -> Self {
        Self {
            name: name.into(),
            is_yardstick: false,
            goals: Vec::new(),
            work: Box::new(work),
        }
    }

    pub(super) fn yardstick(name: impl Into<String>, work: impl Work + 'static) -> Self {
        Self {
            is_yardstick: true,
            ..Self::new(name, work)
        }
    }

    pub(super) fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }
}

/// What a line must reach with its middle round.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// So many times the yardstick.
    Ratio(f64),
    /// So many a second.
    Rate(f64),
    /// The 99th percentile within so long.
    P99(Duration),
    /// So many bytes of the server's memory afterwards, at most.
    Memory(u64),
}

/// What is done in a round, and shown to be right in the end.
pub(super) trait Work: Send {
    /// Lays out what a round of about this length takes; costs nothing.
    fn lay_out(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<()>> {
        let _ = length;
        Box::pin(async { Ok(()) })
    }

    /// Works for about this long.
    fn round(&mut self, length: Duration) -> BoxFuture<'_, anyhow::Result<Score>>;

    /// Fails unless everything that was acknowledged is there exactly once.
    fn verify(&mut self) -> BoxFuture<'_, anyhow::Result<()>>;
}

/// What a round came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Score {
    pub(super) operations: u64,
    pub(super) elapsed: Duration,
    /// How long each took, where one can tell.
    pub(super) latencies: Vec<Duration>,
    /// The server's memory, where it is not that of one of the case's servers.
    pub(super) memory_bytes: Option<u64>,
}

/// The cases of these names, or all.
pub(super) fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Kind>> {
    if names.is_empty() {
        return Ok(ALL.iter().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        match ALL.iter().find(|kind| kind.name == name) {
            Some(kind) => chosen.push(kind),
            None => {
                let all: Vec<_> = ALL.iter().map(|kind| kind.name).collect();
                bail!("there is no case {name}; there are {}", all.join(", "));
            }
        }
    }
    Ok(chosen)
}
