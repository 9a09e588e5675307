//! What an account's webhook is told of an inbox that was made or changed: its settings, without its secrets.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::chatlake::channel_type;
use super::snapshot::Named;
use super::wire::NamedPart;
use crate::model::{EventKind, Hours, WorkingHours};

#[derive(Debug, Deserialize)]
struct Snapshot<'a> {
    #[serde(borrow)]
    account: Named<'a>,
    inbox_settings: Settings,
    #[serde(default)]
    changed: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Settings {
    id: i64,
    channel: String,
    webhook_url: Option<String>,
    hmac_mandatory: bool,
    additional_attributes: Map<String, Value>,
    working_hours: Option<Vec<DayRow>>,
    widget: Option<Map<String, Value>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    told: Told,
}

/// What is told under the name it is kept by.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    name: String,
    avatar_url: String,
    greeting_enabled: bool,
    greeting_message: Option<String>,
    enable_auto_assignment: bool,
    auto_assignment_config: Value,
    enable_email_collect: bool,
    csat_survey_enabled: bool,
    csat_config: Value,
    allow_messages_after_resolved: bool,
    lock_to_single_conversation: bool,
    working_hours_enabled: bool,
    out_of_office_message: Option<String>,
    timezone: String,
    sender_name_type: String,
    business_name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct DayRow {
    day: usize,
    all_day: bool,
    opens: Option<u16>,
    closes: Option<u16>,
}

#[derive(Serialize)]
struct Payload<'a> {
    id: i64,
    channel_id: i64,
    channel_type: &'static str,
    #[serde(flatten)]
    told: &'a Told,
    working_hours: Vec<Day>,
    created_at: String,
    updated_at: String,
    channel: Channel<'a>,
    account: NamedPart<'a>,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_attributes: Option<Option<&'a Value>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Channel<'a> {
    Api {
        id: i64,
        account_id: i64,
        webhook_url: Option<&'a str>,
        hmac_mandatory: bool,
        additional_attributes: &'a Map<String, Value>,
    },
    Widget {
        id: i64,
        account_id: i64,
        hmac_mandatory: bool,
        #[serde(flatten)]
        widget: &'a Map<String, Value>,
    },
}

#[derive(Debug, Serialize)]
struct Day {
    day_of_week: usize,
    closed_all_day: bool,
    open_hour: Option<u16>,
    open_minutes: Option<u16>,
    close_hour: Option<u16>,
    close_minutes: Option<u16>,
    open_all_day: bool,
}

pub(super) fn render(
    event: EventKind,
    name: &'static str,
    snapshot: &str,
) -> serde_json::Result<Vec<u8>> {
    let snapshot: Snapshot<'_> = serde_json::from_str(snapshot)?;
    let (settings, account) = (&snapshot.inbox_settings, &snapshot.account);
    let channel = match &settings.widget {
        Some(widget) => Channel::Widget {
            id: settings.id,
            account_id: account.id,
            hmac_mandatory: settings.hmac_mandatory,
            widget,
        },
        None => Channel::Api {
            id: settings.id,
            account_id: account.id,
            webhook_url: settings.webhook_url.as_deref(),
            hmac_mandatory: settings.hmac_mandatory,
            additional_attributes: &settings.additional_attributes,
        },
    };
    let iso = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let tells_changes = event == EventKind::InboxUpdated;
    serde_json::to_vec(&Payload {
        id: settings.id,
        channel_id: settings.id,
        channel_type: channel_type(&settings.channel),
        told: &settings.told,
        working_hours: week(settings.working_hours.as_deref().unwrap_or_default()),
        created_at: iso(settings.created_at),
        updated_at: iso(settings.updated_at),
        channel,
        account: NamedPart {
            id: account.id,
            name: &account.name,
        },
        event: name,
        changed_attributes: tells_changes.then_some(snapshot.changed.as_ref()),
    })
}

/// The hours of the week: the usual ones where none were chosen.
fn week(rows: &[DayRow]) -> Vec<Day> {
    let WorkingHours(mut week) = WorkingHours::default();
    for row in rows {
        let hours = match (row.opens, row.closes) {
            _ if row.all_day => Hours::AllDay,
            (Some(opens), Some(closes)) => Hours::Between(opens, closes),
            _ => Hours::Closed,
        };
        if let Some(place) = week.get_mut(row.day) {
            *place = hours;
        }
    }
    let days = week.into_iter().enumerate();
    days.map(|(day, hours)| Day::new(day, hours)).collect()
}

impl Day {
    fn new(day_of_week: usize, hours: Hours) -> Self {
        let between = hours.between();
        Self {
            day_of_week,
            closed_all_day: hours == Hours::Closed,
            open_hour: between.map(|(opens, _)| opens / 60),
            open_minutes: between.map(|(opens, _)| opens % 60),
            close_hour: between.map(|(_, closes)| closes / 60),
            close_minutes: between.map(|(_, closes)| closes % 60),
            open_all_day: hours == Hours::AllDay,
        }
    }
}
