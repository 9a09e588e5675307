//! How often one caller may ask.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter as Governor};

/// Callers that have been quiet are forgotten after this many checks, so that memory stays bounded.
const SWEEP_EVERY: usize = 10_000;

/// Counts requests by caller. Each process counts for itself.
#[derive(Debug)]
pub struct RateLimiter {
    /// None where there is no limit.
    counts: Option<Governor<String, DashMapStateStore<String>, DefaultClock>>,
    checks: AtomicUsize,
}

/// Whole seconds, at least one, until the next request will be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests, retry after {0} s")]
pub struct RetryAfter(pub u64);

impl RateLimiter {
    /// Lets each caller ask this often a minute, all at once if it likes; 0 is no limit.
    pub fn per_minute(requests: u32) -> Self {
        Self::of(NonZeroU32::new(requests).map(Quota::per_minute))
    }

    /// Lets each caller ask this often an hour, all at once if it likes; 0 is no limit.
    pub fn per_hour(requests: u32) -> Self {
        Self::of(NonZeroU32::new(requests).map(Quota::per_hour))
    }

    fn of(quota: Option<Quota>) -> Self {
        Self {
            counts: quota.map(Governor::dashmap),
            checks: AtomicUsize::new(0),
        }
    }

    /// Counts one request of `caller`: an id, never a credential itself, as it is kept.
    pub fn check(&self, caller: &str) -> Result<(), RetryAfter> {
        let Some(counts) = &self.counts else {
            return Ok(());
        };
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            counts.retain_recent();
            counts.shrink_to_fit();
        }
        counts.check_key(&caller.to_owned()).map_err(|refusal| {
            let wait = refusal.wait_time_from(DefaultClock::default().now());
            RetryAfter(wait.as_secs_f64().ceil().max(1.0) as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_its_own_count() {
        let limiter = RateLimiter::per_minute(2);
        assert_eq!(
            [(); 3].map(|()| limiter.check("a")),
            [Ok(()), Ok(()), Err(RetryAfter(30))]
        );
        assert_eq!(limiter.check("b"), Ok(()));
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = RateLimiter::per_minute(0);
        assert!((0..100_000).all(|_| limiter.check("a").is_ok()));
    }
}
