//! How often one caller may ask.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter as Governor};

/// Callers that have been quiet are forgotten after this many checks, so that memory stays bounded.
const SWEEP_EVERY: usize = 10_000;

/// The counts of a clock's time.
type Counts<C> =
    Governor<String, DashMapStateStore<String>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts requests by caller. Each process counts for itself, by a clock that nobody sets back.
#[derive(Debug)]
pub struct RateLimiter<C: Clock = DefaultClock> {
    /// None where there is no limit.
    counts: Option<Counts<C>>,
    clock: C,
    checks: AtomicUsize,
}

/// Whole seconds, at least one, until the next request will be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests, retry after {0} s")]
pub struct RetryAfter(pub u64);

impl RateLimiter {
    /// Lets each caller ask this often a minute, all at once if it likes; 0 is no limit.
    pub fn per_minute(requests: u32) -> Self {
        Self::per(requests, Duration::from_secs(60))
    }

    /// Lets each caller ask this often in a period, all at once if it likes; 0 is no limit.
    pub fn per(requests: u32, period: Duration) -> Self {
        Self::by(DefaultClock::default(), requests, period)
    }
}

impl<C: Clock + Clone> RateLimiter<C> {
    fn by(clock: C, requests: u32, period: Duration) -> Self {
        let quota = NonZeroU32::new(requests).and_then(|requests| {
            let quota = Quota::with_period(period / requests.get())?;
            Some(quota.allow_burst(requests))
        });
        Self {
            counts: quota.map(|quota| Governor::dashmap_with_clock(quota, clock.clone())),
            clock,
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
            let wait = refusal.wait_time_from(self.clock.now());
            RetryAfter(wait.as_secs_f64().ceil().max(1.0) as u64)
        })
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

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
    fn a_period_may_be_longer_than_a_minute() {
        let limiter = RateLimiter::per(5, Duration::from_secs(300));
        assert!((0..5).all(|_| limiter.check("a").is_ok()));
        assert_eq!(limiter.check("a"), Err(RetryAfter(60)));
    }

    #[test]
    fn whoever_waits_may_ask_again() {
        let clock = FakeRelativeClock::default();
        let limiter = RateLimiter::by(clock.clone(), 2, Duration::from_secs(60));
        let ask = || limiter.check("a");
        assert_eq!([ask(), ask(), ask()], [Ok(()), Ok(()), Err(RetryAfter(30))]);
        clock.advance(Duration::from_secs(29));
        assert_eq!(ask(), Err(RetryAfter(1)));
        clock.advance(Duration::from_secs(1));
        assert_eq!([ask(), ask()], [Ok(()), Err(RetryAfter(30))]);
        clock.advance(Duration::from_secs(3600));
        assert_eq!([ask(), ask(), ask()], [Ok(()), Ok(()), Err(RetryAfter(30))]);
    }

    #[test]
    fn zero_is_no_limit() {
        let limiter = RateLimiter::per_minute(0);
        assert!((0..100_000).all(|_| limiter.check("a").is_ok()));
    }
}
