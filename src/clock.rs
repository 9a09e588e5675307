//! The one door to the time of day.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// Tells the time. Tests bring a clock that stands still until it is moved.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present moment, whole microseconds: what PostgreSQL can hold.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "this is the door")]
        let now = Utc::now();
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }
}
