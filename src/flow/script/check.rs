//! Whether a script can run at all, told before it does.

use std::thread;

use super::SOURCE_BYTES;
use super::sandbox::Sandbox;

/// The stack of the thread that parses. The engine itself stops far earlier.
const THREAD_STACK_BYTES: usize = 4 * 1024 * 1024;

/// What keeps a script from running.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Syntax {
    /// The line of the script, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl Syntax {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

/// Checks that a script parses. Nothing of it is run.
///
/// # Errors
/// The first thing in it that does not parse, or that it is too long to be run.
pub fn check(source: &str) -> Result<(), Syntax> {
    if source.len() > SOURCE_BYTES {
        let kib = SOURCE_BYTES >> 10;
        return Err(Syntax::new(1, format!("longer than {kib} KiB")));
    }
    if let Some((before, _)) = source.split_once('\0') {
        let line = before.matches('\n').count() + 1;
        return Err(Syntax::new(line, "holds a NUL"));
    }
    // The engine measures its stack from where it was made, so it is given one whose size is known.
    thread::scope(|scope| {
        let parse = thread::Builder::new()
            .name("script-check".to_owned())
            .stack_size(THREAD_STACK_BYTES)
            .spawn_scoped(scope, || Sandbox::new()?.parse(source));
        parse
            .map_err(|_| Syntax::new(1, "cannot be checked: no thread is to be had"))?
            .join()
            .unwrap_or_else(|_| Err(Syntax::new(1, "cannot be parsed")))
    })
}
