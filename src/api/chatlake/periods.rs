//! Hours, days, weeks, months and years of a time zone, and sums put into them.

use chrono::{
    DateTime, Datelike, Days, FixedOffset, LocalResult, Months, NaiveDate, NaiveDateTime,
    NaiveTime, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;

use super::error::{Error, Result};
use super::fields::Query;
use crate::store::reports::{Quarter, Span, Sum};

/// The most periods that one answer has: a year of hours, and then some.
const MOST: usize = 10_000;

/// By what sums are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Hour,
    Day,
    /// From Sunday on.
    Week,
    Month,
    Year,
}

/// Whose days are counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Zone {
    /// So far from UTC, all year.
    Fixed(FixedOffset),
    /// A place, with its summer time.
    Named(Tz),
}

impl Period {
    /// What a request says; days, if nothing that is understood.
    pub(super) fn read(query: &Query) -> Self {
        match query.last("group_by") {
            Some("hour") => Self::Hour,
            Some("week") => Self::Week,
            Some("month") => Self::Month,
            Some("year") => Self::Year,
            Some(_) | None => Self::Day,
        }
    }

    /// When the period began that a moment is in.
    fn start(self, zone: &impl TimeZone, at: DateTime<Utc>) -> DateTime<Utc> {
        let local = at.with_timezone(zone).naive_local();
        let date = local.date();
        let first = match self {
            // An hour that a clock shows twice is two.
            Self::Hour => {
                let into = TimeDelta::minutes(local.minute().into())
                    + TimeDelta::seconds(local.second().into())
                    + TimeDelta::nanoseconds(local.nanosecond().into());
                return at - into;
            }
            Self::Day => Some(date),
            Self::Week => {
                let into = u64::from(date.weekday().num_days_from_sunday());
                date.checked_sub_days(Days::new(into))
            }
            Self::Month => date.with_day(1),
            Self::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
        };
        midnight(zone, first.unwrap_or(date))
    }

    /// When the period after that one begins.
    fn next(self, zone: &impl TimeZone, start: DateTime<Utc>) -> DateTime<Utc> {
        let date = start.with_timezone(zone).date_naive();
        let next = match self {
            Self::Hour => return start + TimeDelta::hours(1),
            Self::Day => date.checked_add_days(Days::new(1)),
            Self::Week => date.checked_add_days(Days::new(7)),
            Self::Month => date.checked_add_months(Months::new(1)),
            Self::Year => date.checked_add_months(Months::new(12)),
        };
        next.map_or(DateTime::<Utc>::MAX_UTC, |date| midnight(zone, date))
    }

    /// Every period of a span, with the sum of its quarters of an hour.
    pub(super) fn divide(
        self,
        zone: Zone,
        span: Span,
        quarters: &[Quarter],
    ) -> Result<Vec<Quarter>> {
        match zone {
            Zone::Fixed(offset) => self.divide_in(&offset, span, quarters),
            Zone::Named(zone) => self.divide_in(&zone, span, quarters),
        }
    }

    fn divide_in(
        self,
        zone: &impl TimeZone,
        span: Span,
        quarters: &[Quarter],
    ) -> Result<Vec<Quarter>> {
        let mut periods = Vec::new();
        let mut start = self.start(zone, span.since);
        while start <= span.until {
            if periods.len() == MOST {
                let refusal = format!("group_by: more than {MOST} of them between since and until");
                return Err(Error::Refused(refusal));
            }
            periods.push((start, Sum::default()));
            start = self.next(zone, start);
        }
        for (at, sum) in quarters {
            // What is counted in the quarter in which the span begins may be of the period before.
            let after = periods.partition_point(|(start, _)| start <= at);
            if let Some((_, total)) = periods.get_mut(after.saturating_sub(1)) {
                *total += *sum;
            }
        }
        Ok(periods)
    }
}

impl Zone {
    /// What a request says: a place by its IANA name, or hours from UTC; UTC, if nothing.
    pub(super) fn read(query: &Query) -> Result<Self> {
        if let Some(name) = query.last("timezone") {
            let zone = name.parse().map(Self::Named);
            return zone
                .map_err(|_| Error::Refused("timezone: an IANA name is expected".to_owned()));
        }
        let hours = query
            .last("timezone_offset")
            .unwrap_or("0")
            .trim()
            .parse::<f64>();
        let offset = hours
            .ok()
            .filter(|hours| hours.abs() <= 18.0)
            .and_then(|hours| {
                #[expect(clippy::cast_possible_truncation, reason = "18 hours at most")]
                let seconds = (hours * 3600.0).round() as i32;
                FixedOffset::east_opt(seconds)
            });
        let refusal = || Error::Refused("timezone_offset: hours from UTC are expected".to_owned());
        offset.map(Self::Fixed).ok_or_else(refusal)
    }
}

/// When a day begins: later than at midnight, where clocks are put forward then.
fn midnight(zone: &impl TimeZone, date: NaiveDate) -> DateTime<Utc> {
    let mut local = NaiveDateTime::new(date, NaiveTime::MIN);
    for _ in 0..96 {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return at.to_utc(),
            LocalResult::None => local += TimeDelta::minutes(15),
        }
    }
    local.and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn starts(period: Period, zone: &str, since: &str, until: &str) -> Vec<String> {
        let span = Span {
            since: at(since),
            until: at(until),
        };
        let zone = Zone::Named(zone.parse().unwrap());
        let periods = period.divide(zone, span, &[]).unwrap();
        periods
            .iter()
            .map(|(start, _)| start.format("%d.%m. %H:%M").to_string())
            .collect()
    }

    #[test]
    fn days_are_as_long_as_they_are() {
        // Clocks in Berlin go forward on 29 March 2026 and back on 25 October.
        assert_eq!(
            starts(
                Period::Day,
                "Europe/Berlin",
                "2026-03-28T00:00:00Z",
                "2026-03-30T12:00:00Z"
            ),
            ["27.03. 23:00", "28.03. 23:00", "29.03. 22:00"]
        );
        assert_eq!(
            starts(
                Period::Day,
                "Europe/Berlin",
                "2026-10-24T12:00:00Z",
                "2026-10-26T12:00:00Z"
            ),
            ["23.10. 22:00", "24.10. 22:00", "25.10. 23:00"]
        );
        // In Beirut there is no midnight on 29 March 2026.
        assert_eq!(
            starts(
                Period::Day,
                "Asia/Beirut",
                "2026-03-28T12:00:00Z",
                "2026-03-29T12:00:00Z"
            ),
            ["27.03. 22:00", "28.03. 22:00"]
        );
    }

    #[test]
    fn an_hour_that_comes_twice_is_two() {
        assert_eq!(
            starts(
                Period::Hour,
                "Europe/Berlin",
                "2026-10-24T23:30:00Z",
                "2026-10-25T02:00:00Z"
            ),
            [
                "24.10. 23:00",
                "25.10. 00:00",
                "25.10. 01:00",
                "25.10. 02:00"
            ]
        );
    }

    #[test]
    fn half_and_quarter_hours_are_where_they_are() {
        assert_eq!(
            starts(
                Period::Hour,
                "Asia/Kathmandu",
                "2026-03-10T12:00:00Z",
                "2026-03-10T13:00:00Z"
            ),
            ["10.03. 11:15", "10.03. 12:15"]
        );
        assert_eq!(
            starts(
                Period::Day,
                "Asia/Kolkata",
                "2026-03-10T12:00:00Z",
                "2026-03-10T19:00:00Z"
            ),
            ["09.03. 18:30", "10.03. 18:30"]
        );
    }

    #[test]
    fn weeks_begin_on_sunday_and_years_in_january() {
        assert_eq!(
            starts(
                Period::Week,
                "UTC",
                "2026-03-10T12:00:00Z",
                "2026-03-15T00:00:00Z"
            ),
            ["08.03. 00:00", "15.03. 00:00"]
        );
        assert_eq!(
            starts(
                Period::Month,
                "UTC",
                "2026-01-31T12:00:00Z",
                "2026-03-01T00:00:00Z"
            ),
            ["01.01. 00:00", "01.02. 00:00", "01.03. 00:00"]
        );
        assert_eq!(
            starts(
                Period::Year,
                "America/New_York",
                "2025-06-01T00:00:00Z",
                "2026-06-01T00:00:00Z"
            ),
            ["01.01. 05:00", "01.01. 05:00"]
        );
    }

    #[test]
    fn quarters_add_up_whatever_the_zone() {
        let span = Span {
            since: at("2026-10-24T00:00:00Z"),
            until: at("2026-10-26T23:59:59Z"),
        };
        let quarters: Vec<Quarter> = (0..3 * 96)
            .map(|quarter| {
                let sum = Sum {
                    count: 1,
                    seconds: 2.0,
                };
                (span.since + TimeDelta::minutes(15 * quarter), sum)
            })
            .collect();
        for zone in [
            "UTC",
            "Europe/Berlin",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
        ] {
            let zone = Zone::Named(zone.parse().unwrap());
            for period in [
                Period::Hour,
                Period::Day,
                Period::Week,
                Period::Month,
                Period::Year,
            ] {
                let periods = period.divide(zone, span, &quarters).unwrap();
                assert_eq!(periods.iter().map(|(_, sum)| sum.count).sum::<i64>(), 288);
            }
        }
        let berlin = Zone::Named(chrono_tz::Europe::Berlin);
        let days = Period::Day.divide(berlin, span, &quarters).unwrap();
        let counts: Vec<i64> = days.iter().map(|(_, sum)| sum.count).collect();
        assert_eq!(counts, [88, 100, 96, 4], "a day of 25 hours");
    }
}
