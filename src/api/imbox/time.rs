//! Spans of time as clients write them, and dates as they are printed.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Offset, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::{Error, Result};

/// The longest span of statistics.
const LONGEST: TimeDelta = TimeDelta::days(365);

/// Dates have milliseconds, so a moment that a client names is a whole one.
const MILLISECOND: TimeDelta = TimeDelta::milliseconds(1);

/// From one moment, included, until another, not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

impl Span {
    /// Whole days in UTC, both included.
    pub(super) fn of_days(from: &str, to: &str) -> Result<Self> {
        let from_day = day("fromDate", from)?;
        let to_day = day("toDate", to)?;
        if to_day < from_day {
            return Err(Error::Invalid("toDate is before fromDate".to_owned()));
        }
        Ok(Self {
            from: start_of(from_day, Tz::UTC),
            until: end_of(to_day, Tz::UTC),
        })
    }

    /// Two moments, both included. Days, and moments without an offset, are those of `zone`.
    pub(super) fn of_moments(
        start: &str,
        end: Option<&str>,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let from = match read_day(start) {
            Some(day) => start_of(day, zone),
            None => moment("startTime", start, zone)?,
        };
        let until = match end {
            Some(end) => match read_day(end) {
                Some(day) => end_of(day, zone),
                None => moment("endTime", end, zone)? + MILLISECOND,
            },
            None => now + MILLISECOND,
        };
        let span = Self { from, until };
        span.check(zone)?;
        Ok(span)
    }

    fn check(self, zone: Tz) -> Result<()> {
        let last = self.until - MILLISECOND;
        if last < self.from {
            return Err(Error::Invalid("endTime is before startTime".to_owned()));
        }
        // A year of a zone's days may be an hour longer than as many days are.
        let local = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
        if last - self.from > LONGEST && local(last) - local(self.from) > LONGEST {
            return Err(Error::Invalid(
                "The span may be 365 days at most".to_owned(),
            ));
        }
        Ok(())
    }
}

/// The zone of an IANA name.
pub(super) fn read_zone(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| {
        Error::Invalid("timezone must be an IANA name, such as Europe/Stockholm".to_owned())
    })
}

/// A date as rows have it.
pub(super) fn print(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A date with a zone's offset.
pub(super) fn print_in(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::Millis, zone == Tz::UTC)
}

fn day(name: &str, text: &str) -> Result<NaiveDate> {
    read_day(text)
        .ok_or_else(|| Error::Invalid(format!("{name} must be a date of the form YYYY-MM-DD")))
}

fn read_day(text: &str) -> Option<NaiveDate> {
    let formed = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if formed {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
    } else {
        None
    }
}

fn moment(name: &str, text: &str, zone: Tz) -> Result<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    // A year of more than four digits may be more than a database holds.
    if text.as_bytes().get(4) == Some(&b'-')
        && let Ok(local) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
    {
        return Ok(in_zone(local, zone));
    }
    Err(Error::Invalid(format!(
        "{name} must be a moment of the form 2020-01-01T00:00:00.000Z"
    )))
}

fn start_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    in_zone(day.into(), zone)
}

fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    start_of(day + TimeDelta::days(1), zone)
}

/// A local time as a moment: the earlier of two that have it. One that the clocks skip is the moment they do.
fn in_zone(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local).earliest() {
        Some(at) => at.to_utc(),
        None => {
            let before = zone
                .offset_from_utc_datetime(&(local - TimeDelta::days(1)))
                .fix();
            (local - before).and_utc()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn span(start: &str, end: Option<&str>, zone: &str) -> Result<(String, String)> {
        let zone = read_zone(zone)?;
        let span = Span::of_moments(start, end, zone, at("2026-03-10T12:00:00Z"))?;
        Ok((print(span.from), print(span.until)))
    }

    fn pair(from: &str, until: &str) -> (String, String) {
        (from.to_owned(), until.to_owned())
    }

    #[test]
    fn days_are_whole_and_both_count() {
        let span = Span::of_days("2024-02-28", "2024-02-29").unwrap();
        assert_eq!(span.from, at("2024-02-28T00:00:00Z"));
        assert_eq!(span.until, at("2024-03-01T00:00:00Z"));
        for (from, to) in [
            ("2024-02-30", "2024-03-01"),
            ("2024-2-1", "2024-03-01"),
            ("2024-03-01", "2024-02-01"),
            ("2024-03-01T00:00:00Z", "2024-03-02"),
            ("", ""),
            ("+024-03-01", "2024-03-01"),
            ("２０24-03", "2024-03-01"),
        ] {
            assert!(Span::of_days(from, to).is_err(), "{from} {to}");
        }
    }

    #[test]
    fn a_moment_counts_to_its_millisecond() {
        assert_eq!(
            span(
                "2020-01-01T00:00:00.000Z",
                Some("2020-01-01T00:00:00.000Z"),
                "UTC"
            )
            .unwrap(),
            pair("2020-01-01T00:00:00.000Z", "2020-01-01T00:00:00.001Z"),
        );
        assert_eq!(
            span("2026-03-10T13:00:00+02:00", None, "UTC").unwrap(),
            pair("2026-03-10T11:00:00.000Z", "2026-03-10T12:00:00.001Z"),
        );
    }

    #[test]
    fn days_and_local_moments_are_those_of_the_zone() {
        assert_eq!(
            span("2026-01-01", Some("2026-01-31"), "Europe/Stockholm").unwrap(),
            pair("2025-12-31T23:00:00.000Z", "2026-01-31T23:00:00.000Z"),
        );
        assert_eq!(
            span(
                "2026-01-01T09:30:00",
                Some("2026-01-01T09:30:00.5"),
                "America/New_York"
            )
            .unwrap(),
            pair("2026-01-01T14:30:00.000Z", "2026-01-01T14:30:00.501Z"),
        );
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_when_the_clocks_change() {
        assert_eq!(
            span("2018-11-04", Some("2018-11-04"), "America/Sao_Paulo").unwrap(),
            pair("2018-11-04T03:00:00.000Z", "2018-11-05T02:00:00.000Z"),
        );
    }

    #[test]
    fn a_span_has_365_days_at_most() {
        for (start, end, zone) in [
            ("2023-01-01", "2023-12-31", "UTC"),
            ("2024-01-01T00:00:00Z", "2024-12-31T00:00:00Z", "UTC"),
            // From summer time to summer time's last night: an hour more than 365 days.
            ("2023-10-28", "2024-10-26", "Europe/Stockholm"),
            ("2023-03-26", "2024-03-24", "Europe/Stockholm"),
        ] {
            assert!(span(start, Some(end), zone).is_ok(), "{start} {end}");
        }
        for (start, end) in [
            ("2024-01-01", "2024-12-31"),
            ("2024-01-01T00:00:00Z", "2024-12-31T00:00:00.001Z"),
            ("2024-01-02", "2024-01-01"),
            ("2024-01-01T00:00:00.001Z", "2024-01-01T00:00:00Z"),
        ] {
            assert!(span(start, Some(end), "UTC").is_err(), "{start} {end}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for bad in [
            "",
            "yesterday",
            "2024-01-01 00:00",
            "2024-13-01T00:00:00Z",
            "12024-01-01T00:00:00",
            "1577836800000",
        ] {
            assert!(span(bad, None, "UTC").is_err(), "{bad}");
        }
        assert!(read_zone("Mars/Olympus").is_err());
    }

    #[test]
    fn a_zone_prints_its_offset() {
        let winter = at("2026-01-01T12:00:00Z");
        assert_eq!(print_in(winter, Tz::UTC), "2026-01-01T12:00:00.000Z");
        assert_eq!(
            print_in(winter, Tz::Europe__London),
            "2026-01-01T12:00:00.000+00:00"
        );
        assert_eq!(
            print_in(winter, Tz::Asia__Kolkata),
            "2026-01-01T17:30:00.000+05:30"
        );
    }
}
