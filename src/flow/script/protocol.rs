//! What the server and a worker say to each other.
//!
//! Frames over the worker's standard input and output: four bytes of length, little-endian, and that many of JSON. The
//! worker says `READY`, an empty frame, whenever it can take a call; the server sends a [`Call`](super::Call); the worker sends an
//! [`Answer`]. The end of its input ends the worker, whatever it is doing.

use super::{DATA_BYTES, Failure, Outcome};

/// The name of the command that makes this program a worker.
pub(super) const COMMAND: &str = "script-worker";

/// Longer frames are refused by both sides. An answer holds its data, the script's result once more, and what was logged.
const LONGEST_FRAME: usize = 4 * DATA_BYTES;

/// The body by which a worker tells that it can take a call.
pub(super) const READY: &[u8] = &[];

/// How a call ended.
pub(super) type Answer = Result<Outcome, Failure>;

/// A frame with this body, unless it is too long for one.
pub(super) fn frame(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() > LONGEST_FRAME {
        return None;
    }
    let head = u32::try_from(body.len()).ok()?.to_le_bytes();
    Some([&head, body].concat())
}

/// How long the body is that a frame's first four bytes announce, if it may be that long.
pub(super) fn length(head: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(head))
        .ok()
        .filter(|length| *length <= LONGEST_FRAME)
}
