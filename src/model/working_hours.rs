//! When an inbox is open.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The hours of one weekday, in minutes since midnight of the inbox's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// Closed all day.
    Closed,
    /// Open all day.
    AllDay,
    /// Open from one minute to another, later one.
    Between(u16, u16),
}

impl Hours {
    /// The minutes from which and to which it is open that day, if at all; a whole day ends with its last minute.
    pub fn between(self) -> Option<(u16, u16)> {
        match self {
            Self::Closed => None,
            Self::AllDay => Some((0, 24 * 60 - 1)),
            Self::Between(opens, closes) => Some((opens, closes)),
        }
    }
}

/// The hours of a week, from Sunday on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingHours(pub [Hours; 7]);

impl Default for WorkingHours {
    /// The hours of an inbox for which nobody chose any: nine to five from Monday to Friday.
    fn default() -> Self {
        let office = Hours::Between(9 * 60, 17 * 60);
        let mut week = [office; 7];
        week[0] = Hours::Closed;
        week[6] = Hours::Closed;
        Self(week)
    }
}

/// When an inbox is open, by the clocks of the place where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenHours {
    /// The hours of its week.
    pub week: WorkingHours,
    /// Where it is.
    pub zone: Tz,
}

impl OpenHours {
    /// Whether it is open at a moment. At the moment when it closes it is not.
    pub fn are_at(self, at: DateTime<Utc>) -> bool {
        let today = self.of(at.with_timezone(&self.zone).date_naive());
        today.is_some_and(|(opens, closes)| opens <= at && at < closes)
    }

    /// For how long it was open between two moments.
    pub fn between(self, since: DateTime<Utc>, until: DateTime<Utc>) -> TimeDelta {
        let date = |at: DateTime<Utc>| at.with_timezone(&self.zone).date_naive();
        let days = date(since)
            .iter_days()
            .take_while(|day| *day <= date(until));
        let open = days.filter_map(|day| {
            let (opens, closes) = self.of(day)?;
            Some((closes.min(until) - opens.max(since)).max(TimeDelta::zero()))
        });
        open.sum()
    }

    /// When it opens and closes on a day, if at all.
    fn of(self, day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let weekday = usize::try_from(day.weekday().num_days_from_sunday()).ok()?;
        let (opens, closes) = match self.week.0[weekday] {
            Hours::Closed => return None,
            Hours::AllDay => (0, 24 * 60),
            Hours::Between(opens, closes) => (opens, closes),
        };
        Some((self.moment(day, opens), self.moment(day, closes)))
    }

    /// When clocks there show a time, for the first time if they do so twice: later, where they are put forward over it.
    fn moment(self, day: NaiveDate, minute: u16) -> DateTime<Utc> {
        let mut shown = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute.into());
        // No place puts its clocks forward by more than a day.
        for _ in 0..96 {
            match self.zone.from_local_datetime(&shown).earliest() {
                Some(at) => return at.to_utc(),
                None => shown += TimeDelta::minutes(15),
            }
        }
        shown.and_utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_minutes(zone: &str, since: &str, until: &str) -> i64 {
        let hours = OpenHours {
            week: WorkingHours::default(),
            zone: zone.parse().unwrap(),
        };
        let open = hours.between(since.parse().unwrap(), until.parse().unwrap());
        open.num_minutes()
    }

    #[test]
    fn what_is_outside_of_the_hours_does_not_count() {
        // 10 March 2026 is a Tuesday.
        for (since, until, minutes) in [
            ("2026-03-10T12:00:00Z", "2026-03-10T12:05:00Z", 5),
            ("2026-03-10T16:50:00Z", "2026-03-10T18:00:00Z", 10),
            ("2026-03-10T16:50:00Z", "2026-03-11T09:10:00Z", 20),
            ("2026-03-10T18:00:00Z", "2026-03-11T08:00:00Z", 0),
            ("2026-03-13T16:00:00Z", "2026-03-16T10:00:00Z", 120),
            ("2026-03-14T00:00:00Z", "2026-03-15T23:00:00Z", 0),
            ("2026-03-02T00:00:00Z", "2026-03-16T00:00:00Z", 10 * 480),
            ("2026-03-10T12:05:00Z", "2026-03-10T12:00:00Z", 0),
        ] {
            assert_eq!(
                open_minutes("UTC", since, until),
                minutes,
                "{since} {until}"
            );
        }
    }

    #[test]
    fn hours_are_those_of_the_place_on_that_day() {
        // Clocks in Berlin go forward on 29 March 2026: nine o'clock there is at eight on Friday, at seven on Monday.
        let (friday, monday) = ("2026-03-27T07:00:00Z", "2026-03-30T07:30:00Z");
        assert_eq!(open_minutes("Europe/Berlin", friday, monday), 480 + 30);
    }

    #[test]
    fn it_is_open_from_the_first_minute_to_the_last() {
        // 10 March 2026 is a Tuesday, 14 March a Saturday. Clocks in Berlin go forward on 29 March.
        for (zone, at, open) in [
            ("UTC", "2026-03-10T08:59:59Z", false),
            ("UTC", "2026-03-10T09:00:00Z", true),
            ("UTC", "2026-03-10T16:59:59Z", true),
            ("UTC", "2026-03-10T17:00:00Z", false),
            ("UTC", "2026-03-14T12:00:00Z", false),
            ("Asia/Tokyo", "2026-03-10T12:00:00Z", false),
            ("Asia/Tokyo", "2026-03-09T00:30:00Z", true),
            ("America/Los_Angeles", "2026-03-14T00:30:00Z", false),
            ("America/Los_Angeles", "2026-03-13T23:30:00Z", true),
            ("Europe/Berlin", "2026-03-27T07:30:00Z", false),
            ("Europe/Berlin", "2026-03-30T07:30:00Z", true),
        ] {
            let hours = OpenHours {
                week: WorkingHours::default(),
                zone: zone.parse().unwrap(),
            };
            assert_eq!(hours.are_at(at.parse().unwrap()), open, "{zone} {at}");
        }
    }

    #[test]
    fn a_whole_day_is_as_long_as_it_is() {
        let hours = OpenHours {
            week: WorkingHours([Hours::AllDay; 7]),
            zone: chrono_tz::Europe::Berlin,
        };
        let day = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let open = hours.between(day("2026-03-28T23:00:00Z"), day("2026-03-29T22:00:00Z"));
        assert_eq!(open, TimeDelta::hours(23));
    }
}
