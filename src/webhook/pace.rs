//! When it is worth to look for what is due: each look costs the database the same, whether it finds one or many.

use crate::store::deliveries::{Claimed, Room};

/// Of what is taken, one in so many must have ended before more of a backlog is claimed.
const PART: usize = 3;

/// What is known of the queue.
#[derive(Debug)]
pub(super) struct Pace {
    /// Something may have become due.
    heard: bool,
    /// There may be more than was claimed, and so many must end before it is looked for.
    backlog: Option<usize>,
    /// What has ended since the last claim.
    ended: usize,
}

impl Default for Pace {
    /// Nothing is known.
    fn default() -> Self {
        Self {
            heard: true,
            ..Self::resting()
        }
    }
}

impl Pace {
    /// Until something is heard.
    pub(super) fn resting() -> Self {
        Self {
            heard: false,
            backlog: None,
            ended: 0,
        }
    }

    /// Whether to claim now; on mere word, only when the last claim is a moment ago.
    pub(super) fn is_time(&self, rested: bool) -> bool {
        self.heard && rested || self.is_time_for_more()
    }

    /// Whether something may have become due since the last claim.
    pub(super) fn has_heard(&self) -> bool {
        self.heard
    }

    fn is_time_for_more(&self) -> bool {
        self.backlog.is_some_and(|wanted| self.ended >= wanted)
    }

    /// Something may have become due.
    pub(super) fn hear(&mut self) {
        self.heard = true;
    }

    /// An attempt ended.
    pub(super) fn ended(&mut self) {
        self.ended += 1;
    }

    /// This was claimed.
    pub(super) fn claimed(&mut self, room: &Room, claimed: &[Claimed]) {
        if room.is_used_up_by(claimed) {
            self.backlog = Some(0);
        } else if self.is_time_for_more() {
            self.backlog = None;
        }
        self.heard = false;
        self.ended = 0;
    }

    /// So many places are taken: if there is a backlog, a part of them must become free.
    pub(super) fn waits_for(&mut self, taken: usize) {
        self.backlog = self.backlog.map(|_| taken.div_ceil(PART));
    }
}
