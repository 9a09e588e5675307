//! What becomes of a delivery after an attempt.
//!
//! Everything but 2xx is a failure, also a redirect, which is not followed. What may be different later is tried again
//! by the schedule: every status, every fault of the network, of DNS and of TLS, and also an address that is not
//! called, since a name's addresses and the operator's list change. Two things are final at once: 410, which gives up
//! the endpoint, and a URL that can never be called.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::attempt::Failure;
use crate::config;
use crate::outbound::{Error, Response};
use crate::store::deliveries::Next;

const GONE: u16 = 410;
const TOO_MANY_REQUESTS: u16 = 429;

/// Whether a status says that the delivery arrived.
pub(super) fn arrived(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Decides after the attempt that stands at this place of the schedule, from 1.
pub(super) fn judge(
    outcome: &Result<Response, Failure>,
    attempt: i64,
    config: &config::Webhook,
    now: DateTime<Utc>,
) -> Next {
    match outcome {
        Ok(response) if arrived(response.status) => return Next::Delivered,
        Ok(response) if response.status == GONE => return Next::Gone,
        Err(Failure::Outbound(Error::Url(_))) => return Next::Failed,
        Ok(_) | Err(Failure::Outbound(_) | Failure::Secret | Failure::Snapshot) => {}
    }
    let scheduled = usize::try_from(attempt - 1)
        .ok()
        .and_then(|index| config.retry_schedule.get(index));
    match scheduled {
        Some(pause) => {
            let pause = jittered(*pause, config.jitter_percent);
            Next::Retry(now + pause.max(asked_for(outcome, config, now)))
        }
        None => Next::Failed,
    }
}

/// The pause that the receiver asks for. A receiver that has too much to do and does not say for how long gets a longer
/// one than the schedule's first. A time-out gets none of its own: a minute of silence in a chat is worse than one more
/// slow attempt, and how many of those an endpoint may have at once is bounded.
fn asked_for(
    outcome: &Result<Response, Failure>,
    config: &config::Webhook,
    now: DateTime<Utc>,
) -> TimeDelta {
    let Ok(response) = outcome else {
        return TimeDelta::zero();
    };
    let named = response
        .retry_after
        .as_deref()
        .and_then(|text| retry_after(text, now));
    match named {
        Some(pause) => pause.min(delta(config.retry_after_max)),
        None if response.status == TOO_MANY_REQUESTS => delta(config.busy_pause),
        None => TimeDelta::zero(),
    }
}

/// Reads `Retry-After`: seconds, or a date.
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are as good as the longest pause.
        let seconds = text.parse().unwrap_or(i64::MAX);
        return Some(TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some(date.with_timezone(&Utc) - now)
}

/// The schedule's pause, varied so that what failed together does not come back together.
fn jittered(pause: Duration, percent: u8) -> TimeDelta {
    let spread = f64::from(percent) / 100.0;
    let factor = 1.0 + spread * (rand::random::<f64>() * 2.0 - 1.0);
    delta(pause.mul_f64(factor))
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::UrlFault;

    fn config() -> config::Webhook {
        let config = config::Config::from_toml("[webhook]\njitter_percent = 0").unwrap();
        config.webhook
    }

    fn now() -> DateTime<Utc> {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    fn answer(status: u16, retry_after: Option<&str>) -> Result<Response, Failure> {
        Ok(Response {
            status,
            retry_after: retry_after.map(str::to_owned),
            body_head: Vec::new(),
            truncated: false,
        })
    }

    /// The pause in seconds after the first attempt.
    fn pause(status: u16, retry_after: Option<&str>) -> i64 {
        match judge(&answer(status, retry_after), 1, &config(), now()) {
            Next::Retry(at) => (at - now()).num_seconds(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_2xx_arrives_and_410_is_final() {
        for (status, next) in [
            (200, Next::Delivered),
            (299, Next::Delivered),
            (410, Next::Gone),
        ] {
            assert_eq!(judge(&answer(status, None), 1, &config(), now()), next);
        }
        for status in [199, 301, 304, 400, 401, 404, 422, 500, 503] {
            assert_eq!(pause(status, None), 5, "{status}");
        }
    }

    #[test]
    fn the_schedule_ends() {
        let pauses: Vec<_> = (1..=11)
            .map(
                |attempt| match judge(&answer(500, None), attempt, &config(), now()) {
                    Next::Retry(at) => (at - now()).num_seconds(),
                    _ => 0,
                },
            )
            .collect();
        assert_eq!(
            pauses,
            [
                5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 43_200, 86_400, 0
            ]
        );
        assert_eq!(
            judge(&answer(500, None), 11, &config(), now()),
            Next::Failed
        );
    }

    #[test]
    fn retry_after_makes_a_pause_longer_never_shorter() {
        assert_eq!(pause(503, Some("90")), 90);
        assert_eq!(pause(503, Some("Tue, 10 Mar 2026 12:02:00 GMT")), 120);
        assert_eq!(pause(503, Some("1")), 5);
        assert_eq!(pause(503, Some("Tue, 10 Mar 2026 11:00:00 GMT")), 5);
        assert_eq!(pause(503, Some("99999999999999999999999")), 86_400);
        assert_eq!(pause(503, Some("Wed, 10 Mar 2027 12:00:00 GMT")), 86_400);
        assert_eq!(pause(503, Some("soon")), 5);
        assert_eq!(pause(503, Some("-7")), 5);
    }

    #[test]
    fn a_busy_receiver_has_a_minute_unless_it_names_a_time() {
        assert_eq!(pause(429, None), 60);
        assert_eq!(pause(429, Some("7")), 7);
        assert_eq!(pause(429, Some("soon")), 60);
    }

    #[test]
    fn what_can_never_be_called_is_given_up() {
        let outcome = Err(Failure::Outbound(UrlFault::Scheme.into()));
        assert_eq!(judge(&outcome, 1, &config(), now()), Next::Failed);
        for failure in [Failure::Outbound(Error::Timeout), Failure::Secret] {
            let next = judge(&Err(failure), 1, &config(), now());
            assert!(matches!(next, Next::Retry(_)));
        }
    }

    #[test]
    fn pauses_vary_within_the_bounds() {
        for _ in 0..1000 {
            let pause = jittered(Duration::from_secs(100), 20).num_milliseconds();
            assert!((80_000..=120_000).contains(&pause), "{pause}");
        }
    }
}
