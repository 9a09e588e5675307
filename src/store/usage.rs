//! The months that messages and people are counted in.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// The first day of a moment's month, in UTC.
pub(super) fn month_of(at: DateTime<Utc>) -> NaiveDate {
    let day = at.date_naive();
    day.with_day(1).unwrap_or(day)
}
