//! The child process: one script after the other, each in an engine of its own.
//!
//! What keeps a script from harm is the engine, which has no door to the machine. The process bounds its time and
//! memory, and takes from itself what it does not need before the first script comes.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::Failure;
use super::protocol::{self, Answer, READY};
use super::sandbox::Sandbox;

/// The stack of the thread that reads.
const READER_STACK_BYTES: usize = 128 * 1024;

/// Answers calls until the server is gone. This is the whole of the command `quartet script-worker`.
pub fn serve() -> ExitCode {
    let (sender, calls) = sync_channel(1);
    let reader = thread::Builder::new()
        .stack_size(READER_STACK_BYTES)
        .spawn(move || read(&sender));
    if reader.is_err() {
        return ExitCode::FAILURE;
    }
    limits::lower();
    match answer(&calls) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer(calls: &Receiver<Vec<u8>>) -> io::Result<()> {
    loop {
        // Made before it is needed, and cleared away after the answer: neither is on a script's time.
        let sandbox = Sandbox::new().map_err(io::Error::other)?;
        write(READY)?;
        let Ok(call) = calls.recv() else {
            return Ok(());
        };
        limits::allow_for_one_script();
        let answer = match serde_json::from_slice(&call) {
            Ok(call) => sandbox.run(call),
            // The server writes nothing wrong, but what it was given may be nested too deeply to be read again.
            Err(_) => Err(Failure::TooLarge),
        };
        write(&serde_json::to_vec::<Answer>(&answer)?)?;
    }
}

/// Hands over what comes in. Its end is the end of the server, which no script may outlive.
fn read(sender: &SyncSender<Vec<u8>>) {
    let mut input = io::stdin().lock();
    while let Ok(frame) = read_frame(&mut input) {
        if sender.send(frame).is_err() {
            break;
        }
    }
    std::process::exit(0);
}

fn read_frame(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    input.read_exact(&mut head)?;
    let length = protocol::length(head).ok_or(io::ErrorKind::InvalidData)?;
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    Ok(body)
}

fn write(body: &[u8]) -> io::Result<()> {
    let frame = protocol::frame(body).ok_or(io::ErrorKind::InvalidData)?;
    let mut output = io::stdout().lock();
    output.write_all(&frame)?;
    output.flush()
}

/// What the system is asked to withhold. None of it can be asked for again.
#[cfg(target_os = "linux")]
mod limits {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    /// Far above the engine's own limit: it holds the program, two stacks and what an answer takes while it is written.
    const ADDRESS_SPACE_BYTES: u64 = 512 * 1024 * 1024;
    /// Processor time for one script, in whole seconds as the system counts it. The server kills long before.
    const SCRIPT_SECONDS: u64 = 2;

    pub(super) fn lower() {
        let limits = [
            (Resource::As, ADDRESS_SPACE_BYTES),
            (Resource::Core, 0),
            (Resource::Fsize, 0),
            // Open ones stay open.
            (Resource::Nofile, 0),
            (Resource::Nproc, 0),
        ];
        for (resource, most) in limits {
            // Best effort: a limit that is lower already cannot be set, and need not be.
            let _ = setrlimit(resource, both(most));
        }
    }

    pub(super) fn allow_for_one_script() {
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
        let limit = Rlimit {
            current: Some(used + SCRIPT_SECONDS),
            maximum: None,
        };
        let _ = setrlimit(Resource::Cpu, limit);
    }

    fn both(most: u64) -> Rlimit {
        Rlimit {
            current: Some(most),
            maximum: Some(most),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod limits {
    pub(super) fn lower() {}

    pub(super) fn allow_for_one_script() {}
}
