//! What the server and a worker say to each other.
//!
//! Frames over the worker's standard input and output: four bytes of length, little-endian, and that many of JSON. The
//! worker says `READY`, an empty frame, whenever it can take a call; the server sends a [`Call`](super::Call); the worker sends an
//! [`Answer`]. The end of its input ends the worker, whatever it is doing.

use super::{DATA_BYTES, Failure, Outcome};

/// The name of the command that makes this program a worker.
pub(super) const COMMAND: &str = "script-worker";

/// Longer frames are refused by both sides. An answer holds, beside the data, what was logged.
pub(super) const LONGEST_FRAME: usize = 2 * DATA_BYTES;

/// The frame by which a worker tells that it can take a call.
pub(super) const READY: &[u8] = &[];

/// How a call ended.
pub(super) type Answer = Result<Outcome, Failure>;

/// What goes before a frame's body, or nothing if the body is too long.
pub(super) fn head(body: &[u8]) -> Option<[u8; 4]> {
    if body.len() > LONGEST_FRAME {
        return None;
    }
    u32::try_from(body.len()).ok().map(u32::to_le_bytes)
}

/// How long the body is that a head announces, if it may be that long.
pub(super) fn length(head: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(head))
        .ok()
        .filter(|length| *length <= LONGEST_FRAME)
}
