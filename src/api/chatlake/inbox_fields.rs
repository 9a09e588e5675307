//! From what a client says of an inbox to what is kept of it.

use chrono_tz::Tz;

use super::error::{Error, Result};
use super::parse::{Faults, MAX_STRING, MAX_TEXT, one_of};
use super::wire::inbox_in::{ChannelIn, InboxIn, WorkingDayIn};
use crate::model::{Attributes, Channel, Hours, WebUrl};
use crate::store::inbox_settings::{InboxPatch, WidgetPatch};
use crate::store::inboxes::NewInbox;

/// Channels that the vendor has and that are connected elsewhere.
const ELSEWHERE: [&str; 5] = ["email", "line", "telegram", "whatsapp", "sms"];

/// How senders are named.
const SENDER_NAME_TYPES: [&str; 2] = ["friendly", "professional"];

/// How soon visitors are told to expect an answer.
const REPLY_TIMES: [&str; 3] = ["in_a_few_minutes", "in_a_few_hours", "in_a_day"];

/// What visitors can do in a website's chat window.
const WIDGET_FEATURES: [&str; 5] = [
    "attachments",
    "emoji_picker",
    "end_conversation",
    "use_inbox_avatar_for_bot",
    "allow_mobile_webview",
];

/// An inbox to make.
pub(super) fn read_new(mut body: InboxIn) -> Result<NewInbox> {
    let channel = body.channel.as_mut().ok_or(Error::Missing("channel"))?;
    let kind = match channel.r#type.as_deref() {
        Some("api") => Some(Channel::General),
        Some("web_widget") => Some(Channel::Webchat),
        Some(other) if ELSEWHERE.contains(&other) => return Err(Error::NotFound),
        Some(_) | None => None,
    };
    if kind == Some(Channel::Webchat) {
        channel.website_url.get_or_insert(None);
    }
    body.name.get_or_insert(None);
    let mut faults = Faults::default();
    if kind.is_none() {
        faults.add("channel", "Channel must exist");
    }
    let channel = kind.unwrap_or(Channel::General);
    let settings = read(body, channel, faults)?;
    let name = settings.name.clone().unwrap_or_default();
    Ok(NewInbox {
        settings,
        ..NewInbox::new(name, channel)
    })
}

/// What to change of an inbox.
pub(super) fn read_patch(body: InboxIn, channel: Channel) -> Result<InboxPatch> {
    read(body, channel, Faults::default())
}

fn read(body: InboxIn, channel: Channel, mut faults: Faults) -> Result<InboxPatch> {
    let mut working_hours = Vec::new();
    for day in body.working_hours.iter().flatten() {
        working_hours.extend(read_day(day, &mut faults));
    }
    check(&body, &mut faults);
    let is_website = channel == Channel::Webchat;
    let says_channel = body.channel.is_some();
    let said = body.channel.unwrap_or_default();
    if is_website {
        check_widget(&said, &mut faults);
    } else {
        check_api(&said, &mut faults);
    }
    faults.settle()?;
    let sender_name_type = body
        .sender_name_type
        .map(|word| word_of(&SENDER_NAME_TYPES, &word, "sender_name_type"))
        .transpose()?;
    Ok(InboxPatch {
        name: body.name.flatten(),
        greeting_enabled: body.greeting_enabled,
        greeting_message: body.greeting_message,
        enable_auto_assignment: body.enable_auto_assignment,
        auto_assignment_config: body.auto_assignment_config,
        enable_email_collect: body.enable_email_collect,
        csat_survey_enabled: body.csat_survey_enabled,
        csat_config: body.csat_config,
        allow_messages_after_resolved: body.allow_messages_after_resolved,
        lock_to_single_conversation: body.lock_to_single_conversation,
        working_hours_enabled: body.working_hours_enabled,
        out_of_office_message: body.out_of_office_message,
        working_hours,
        timezone: body.timezone,
        sender_name_type,
        business_name: body.business_name,
        webhook_url: said.webhook_url.clone().filter(|_| !is_website),
        hmac_mandatory: said.hmac_mandatory,
        additional_attributes: said.additional_attributes.clone().filter(|_| !is_website),
        widget: (is_website && says_channel)
            .then(|| read_widget(said))
            .transpose()?,
    })
}

fn check(body: &InboxIn, faults: &mut Faults) {
    let inner = |text: &'_ Option<Option<String>>| text.clone().flatten();
    if body.name.is_some() {
        let name = inner(&body.name).unwrap_or_default();
        faults.check_present("name", "Name can't be blank", Some(&name));
        faults.check_length("name", "Name", Some(&name), MAX_STRING);
    }
    for (attribute, name, text, max) in [
        (
            "greeting_message",
            "Greeting message",
            &body.greeting_message,
            MAX_TEXT,
        ),
        (
            "out_of_office_message",
            "Out of office message",
            &body.out_of_office_message,
            MAX_TEXT,
        ),
        (
            "business_name",
            "Business name",
            &body.business_name,
            MAX_STRING,
        ),
    ] {
        faults.check_length(attribute, name, inner(text).as_deref(), max);
    }
    let timezone = body.timezone.as_deref();
    if timezone.is_some_and(|name| name.parse::<Tz>().is_err()) {
        faults.add("timezone", "Timezone is not included in the list");
    }
}

fn check_api(channel: &ChannelIn, faults: &mut Faults) {
    if let Some(Some(url)) = &channel.webhook_url
        && WebUrl::parse(url).is_err()
    {
        faults.add("webhook_url", "Webhook url is invalid");
    }
    let window = |attributes: &Attributes| attributes.get("agent_reply_time_window").cloned();
    let window = channel.additional_attributes.as_ref().and_then(window);
    let is_time = |value: &serde_json::Value| {
        let number = value.as_f64();
        number
            .or_else(|| value.as_str()?.trim().parse().ok())
            .is_some_and(|hours| hours > 0.0)
    };
    if window.is_some_and(|window| !window.is_null() && !is_time(&window)) {
        faults.add(
            "agent_reply_time_window",
            "Agent reply time window must be greater than 0",
        );
    }
}

fn check_widget(channel: &ChannelIn, faults: &mut Faults) {
    match &channel.website_url {
        Some(None) => faults.add("website_url", "Website url can't be blank"),
        Some(Some(url)) => {
            faults.check_length(
                "website_url",
                "Website url",
                Some(url),
                super::parse::MAX_URL,
            );
        }
        None => {}
    }
    let inner = |text: &Option<Option<String>>| text.clone().flatten();
    for (attribute, name, text, max) in [
        (
            "welcome_title",
            "Welcome title",
            inner(&channel.welcome_title),
            MAX_STRING,
        ),
        (
            "welcome_tagline",
            "Welcome tagline",
            inner(&channel.welcome_tagline),
            MAX_STRING,
        ),
        (
            "allowed_domains",
            "Allowed domains",
            inner(&channel.allowed_domains),
            MAX_TEXT,
        ),
        (
            "widget_color",
            "Widget color",
            channel.widget_color.clone(),
            MAX_STRING,
        ),
    ] {
        faults.check_length(attribute, name, text.as_deref(), max);
    }
}

fn read_widget(channel: ChannelIn) -> Result<WidgetPatch> {
    let known = |word: String| word_of(&WIDGET_FEATURES, &word, "selected_feature_flags");
    let features = channel.selected_feature_flags.map(|words| {
        words
            .into_iter()
            .filter(|word| !word.is_empty())
            .map(known)
            .collect()
    });
    let reply_time = channel
        .reply_time
        .map(|word| word_of(&REPLY_TIMES, &word, "reply_time"));
    Ok(WidgetPatch {
        website_url: channel.website_url.flatten(),
        color: channel.widget_color,
        welcome_title: channel.welcome_title,
        welcome_tagline: channel.welcome_tagline,
        allowed_domains: channel.allowed_domains.map(Option::unwrap_or_default),
        features: features.transpose()?,
        reply_time: reply_time.transpose()?,
    })
}

/// The hours of one weekday, unless something is wrong with them.
fn read_day(day: &WorkingDayIn, faults: &mut Faults) -> Option<(usize, Hours)> {
    let attribute = "working_hours";
    let Some(number) = day.day_of_week.filter(|day| (0..7).contains(day)) else {
        faults.add(attribute, "Working hours day of week must be from 0 to 6");
        return None;
    };
    let (closed, all_day) = (
        day.closed_all_day.unwrap_or_default(),
        day.open_all_day.unwrap_or_default(),
    );
    let minute = |hour: Option<i64>, minutes: Option<i64>| {
        let (hour, minutes) = (hour?, minutes.unwrap_or_default());
        let fits = (0..24).contains(&hour) && (0..60).contains(&minutes);
        fits.then(|| u16::try_from(hour * 60 + minutes).ok())
            .flatten()
    };
    let opens = minute(day.open_hour, day.open_minutes);
    let closes = minute(day.close_hour, day.close_minutes);
    let hours = match (closed, all_day, opens.zip(closes)) {
        (true, true, _) => Err("open_all_day and closed_all_day cannot be true at the same time"),
        (true, false, _) => Ok(Hours::Closed),
        (false, true, _) => Ok(Hours::AllDay),
        (false, false, None) => Err("need an hour from 0 to 23 and minutes from 0 to 59"),
        (false, false, Some((opens, closes))) if opens >= closes => {
            Err("closing time cannot be before opening time")
        }
        (false, false, Some((opens, closes))) => Ok(Hours::Between(opens, closes)),
    };
    match hours {
        Ok(hours) => Some((usize::try_from(number).ok()?, hours)),
        Err(sentence) => {
            faults.add(attribute, format!("Working hours {sentence}"));
            None
        }
    }
}

fn word_of(words: &[&'static str], text: &str, what: &str) -> Result<String> {
    let place = words.iter().position(|word| *word == text);
    let numbers: Vec<usize> = (0..words.len()).collect();
    let place = match place {
        Some(place) => place,
        None => one_of(&numbers, |_| None, text, what)?,
    };
    Ok(words[place].to_owned())
}
