//! The ways in which this API writes a moment; which one is used where is part of its shapes.

use chrono::{DateTime, SecondsFormat, Utc};

/// Whole seconds since 1970.
pub(in crate::api::chatlake) fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

/// Whole seconds since 1970; 0 is never.
pub(in crate::api::chatlake) fn seconds_or_zero(at: Option<DateTime<Utc>>) -> i64 {
    at.map_or(0, seconds)
}

/// Seconds since 1970 with their fraction.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds since 1970 fit a float for centuries"
)]
pub(in crate::api::chatlake) fn fractional_seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_micros() as f64 / 1e6
}

/// UTC with milliseconds.
pub(in crate::api::chatlake) fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_is_written_in_three_ways() {
        let at = DateTime::from_timestamp_micros(1_781_870_400_250_000).unwrap();
        assert_eq!(seconds(at), 1_781_870_400);
        assert_eq!(seconds_or_zero(None), 0);
        assert!((fractional_seconds(at) - 1_781_870_400.25).abs() < 1e-6);
        assert_eq!(iso(at), "2026-06-19T12:00:00.250Z");
    }
}
