//! The scripts of a flow: a few lines of JavaScript that look at a chat and say where it goes on.
//!
//! A script runs in QuickJS, in a child process of this program (`quartet script-worker`) that is killed when its time
//! is over: the engine asks between two instructions whether to stop, and one built-in on a long string is a single
//! instruction that may last a minute. `pool` is the server's side, `worker` the child's, `protocol` what goes between
//! them, `sandbox` one script's engine and `host` what a script sees of the chat.
//!
//! # What a script has
//!
//! JavaScript as of 2023 in strict mode, with `await` but no `return` at the top level, `Date` (whose local time is UTC on every server)
//! and `Math.random`. There are no modules, timers, files, network and no clock but `Date`. Every script gets an engine
//! of its own: whatever it does to the built-ins is gone when it ends.
//!
//! | call | does |
//! | --- | --- |
//! | `next()`, `next(node)` | takes the way out, or goes to that node. The first call counts, later ones do nothing |
//! | `context.getUser()` | what is known of the visitor, with what this script has set |
//! | `context.setUserProperty(name, value)` | keeps a value with the visitor |
//! | `context.getAnswer(node)` | what was answered to that node, or `undefined` |
//! | `context.get(name)` | a variable, with what this script has set, or `undefined` |
//! | `context.set(name, value)` | sets a variable. The one called `result` is also the script's result |
//! | `context.metadata`, `context.goals` | what the chat was started with; the names of the goals reached |
//! | `context.say(text)` | says something before the flow goes on |
//! | `console.log(…)` | notes a line for the author. Too many lines or too long ones are cut, and nothing fails |
//!
//! A value is kept as `JSON.stringify` writes it at the moment of the call; `undefined`, a function and a symbol are
//! kept as null, and nothing is kept that is nested more than 64 deep. Text that PostgreSQL could not hold has U+FFFD in place of each NUL and each half of a surrogate pair.
//!
//! The script has ended when its last promise job has. An exception or a rejection that nobody handles fails it, also
//! after `next()`, and a script that failed has set and said nothing.

mod check;
mod host;
mod pool;
mod protocol;
mod sandbox;
mod text;
mod worker;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use check::{Syntax, check};
pub use pool::Scripts;
pub use worker::serve;

/// How long a script may take, on the clock of the wall.
const TIME: Duration = Duration::from_millis(250);
const HEAP_BYTES: usize = 16 * 1024 * 1024;
const STACK_BYTES: usize = 256 * 1024;
/// What goes in (source and context) and what comes out (all that was set and said), each, as JSON.
const DATA_BYTES: usize = 64 * 1024;
/// How long a script may be, which leaves room for what it looks at.
const SOURCE_BYTES: usize = 32 * 1024;
/// A script says no more than this many messages.
const MESSAGES: usize = 32;

/// A script and what it may look at.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Call {
    /// The JavaScript.
    pub source: String,
    /// What it may look at.
    pub context: Context,
}

/// What a script may look at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// What is known of the visitor.
    pub user: Map<String, Value>,
    /// What was answered, by node.
    pub answers: Map<String, Value>,
    /// What the chat was started with.
    pub metadata: Map<String, Value>,
    /// The variables of the flow.
    pub vars: Map<String, Value>,
    /// The goals reached.
    pub goals: Vec<String>,
}

/// What a script did. Nothing in it holds a NUL.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The node that it named, or none for the ordinary way out.
    pub next: Option<String>,
    /// What it keeps with the visitor.
    pub user: Map<String, Value>,
    /// The variables that it set.
    pub vars: Map<String, Value>,
    /// What it says, in order.
    pub said: Vec<String>,
    /// The variable `result` if it set it, else null.
    pub result: Value,
    /// What it wrote to the console, for its author alone: such lines may hold what visitors said.
    pub logged: Vec<String>,
}

/// Why a script came to nothing. Its text is short, one line, and says nothing of the chat but what the script threw.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Failure {
    /// It ran out of time.
    #[error("the script took longer than {} ms", TIME.as_millis())]
    TimedOut,
    /// It ran out of memory.
    #[error("the script used more than {} MiB of memory", HEAP_BYTES >> 20)]
    Memory,
    /// It called itself too deeply.
    #[error("the script used more than {} KiB of stack", STACK_BYTES >> 10)]
    Stack,
    /// It threw, or left a rejection to nobody.
    #[error("the script threw {0}")]
    Thrown(String),
    /// It ended and had not called `next`.
    #[error("the script never called next()")]
    NoNext,
    /// It was given, or it made, more than goes through.
    #[error("the script was given or has made more than {} KiB, or {MESSAGES} messages", DATA_BYTES >> 10)]
    TooLarge,
    /// No worker was free in time, or none could be started.
    #[error("no script worker is available")]
    Unavailable,
}

/// The path under which this program starts itself as a worker.
///
/// On Linux it is the file that runs, even if another one has been put in its place since.
///
/// # Errors
/// When the system does not tell.
pub fn own_program() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        Ok(PathBuf::from("/proc/self/exe"))
    } else {
        std::env::current_exe()
    }
}
