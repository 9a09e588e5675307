//! Dates, in and out.

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc,
};

use super::super::error::{Error, Result};

/// ISO 8601 in UTC, with milliseconds.
pub(in super::super) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The moment that stands in `field`: ISO 8601, in UTC unless it says otherwise; a day alone is its midnight.
pub(in super::super) fn parse_moment(field: &str, text: &str) -> Result<DateTime<Utc>> {
    let with_offset = || {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| at.to_utc())
    };
    let without = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    with_offset()
        .or_else(|| without().map(|at| at.and_utc()))
        .or_else(|| day().map(|day| day.and_time(NaiveTime::MIN).and_utc()))
        // Farther off than PostgreSQL's calendar reaches, or this one's end, nobody means a date.
        .filter(|at| (1..=9999).contains(&at.year()))
        .ok_or_else(|| Error::Invalid(format!("{field} must be an ISO 8601 date in UTC")))
}

/// The first moment that is no longer in a range that ends at `end`: what is shown as `end` is in it.
pub(in super::super) fn end_of(end: DateTime<Utc>) -> DateTime<Utc> {
    end + TimeDelta::milliseconds(1)
}

/// A range must not end before it begins.
pub(in super::super) fn require_order(
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
) -> Result<()> {
    match (start, end) {
        (Some(start), Some(end)) if start > end => Err(Error::Invalid(
            "startDate must not be after endDate".to_owned(),
        )),
        _ => Ok(()),
    }
}
