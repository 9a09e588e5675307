//! When an inbox is open.

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
