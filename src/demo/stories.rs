//! The sample conversations as they stand in `stories.yaml`.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

const TEXT: &str = include_str!("stories.yaml");

/// Everything in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stories {
    pub(super) page_filters: Vec<PageFilter>,
    pub(super) people: Vec<Person>,
    pub(super) dialogues: BTreeMap<String, Vec<Line>>,
    pub(super) conversations: Vec<Story>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageFilter {
    pub(super) name: String,
    pub(super) r#match: String,
    pub(super) pattern: String,
}

/// Somebody outside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) identifier: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    #[serde(default)]
    pub(super) attributes: Map<String, Value>,
}

/// One line of a dialogue.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    /// Nobody says anything for so many seconds.
    Wait(u32),
    Visitor(String),
    Bot(String),
    Agent(String),
    /// What the agents tell each other.
    Note(String),
    Choice(Choice),
    VisitorName,
    VisitorEmail,
    VisitorFile(File),
    AgentFile(File),
    Rich(RichLine),
    VisitorRich(RichLine),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    pub(super) text: String,
    pub(super) options: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) r#type: String,
    pub(super) media_type: String,
    pub(super) url: String,
    pub(super) name: String,
    pub(super) size_bytes: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RichLine {
    pub(super) kind: String,
    pub(super) body: Value,
}

/// A conversation that took place.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    day: u64,
    at: String,
    pub(super) person: usize,
    pub(super) inbox: String,
    pub(super) dialogue: String,
    pub(super) agent: Option<String>,
    pub(super) rating: Option<i16>,
    pub(super) feedback: Option<String>,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    pub(super) visit: Option<Visit>,
    #[serde(default)]
    pub(super) cards: BTreeMap<String, String>,
}

/// How a visitor found the site.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Visit {
    Direct,
    Organic,
    Referral,
}

impl Stories {
    /// The file, read.
    pub(super) fn read() -> Result<Self, String> {
        serde_saphyr::from_str(TEXT).map_err(|error| error.to_string())
    }
}

impl Story {
    /// When it began, counted back from `now`.
    pub(super) fn started_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let time = NaiveTime::parse_from_str(&self.at, "%H:%M").ok()?;
        let day = now.date_naive().checked_sub_days(Days::new(self.day))?;
        Some(day.and_time(time).and_utc())
    }
}

impl Line {
    /// How long after the line before this one is said.
    pub(super) fn pause(&self) -> TimeDelta {
        match self {
            Self::Wait(seconds) => TimeDelta::seconds((*seconds).into()),
            Self::Bot(_) | Self::Choice(_) => TimeDelta::milliseconds(400),
            _ => TimeDelta::seconds(25),
        }
    }
}
