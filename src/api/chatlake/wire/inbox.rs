//! Inboxes: in full, as a row, and as little as stands beside a contact.

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use super::time;
use crate::model::{AccountId, Channel, Hours, Inbox, WorkingHours};
use crate::store::inbox_settings::Widget;
use crate::store::inboxes::InboxLink;

/// What an inbox is connected to, in this API's words. Channels that it does not know are fed through an API too.
pub(in crate::api::chatlake) fn channel_type(channel: Channel) -> &'static str {
    match channel {
        Channel::Webchat => "Channel::WebWidget",
        Channel::WhatsApp => "Channel::Whatsapp",
        Channel::Telegram => "Channel::Telegram",
        Channel::Facebook => "Channel::FacebookPage",
        Channel::Sms => "Channel::Sms",
        Channel::Instagram => "Channel::Instagram",
        Channel::General
        | Channel::Workflow
        | Channel::GoogleBusinessMessages
        | Channel::Rcs
        | Channel::HangoutsChat
        | Channel::Google => API_CHANNEL,
    }
}

/// The channel of an inbox that another system feeds.
pub(in crate::api::chatlake) const API_CHANNEL: &str = "Channel::Api";

/// An inbox in full.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct InboxBody {
    id: i64,
    avatar_url: String,
    channel_id: i64,
    name: String,
    channel_type: &'static str,
    greeting_enabled: bool,
    greeting_message: Option<String>,
    working_hours_enabled: bool,
    enable_email_collect: bool,
    csat_survey_enabled: bool,
    csat_config: Value,
    enable_auto_assignment: bool,
    auto_assignment_config: Value,
    out_of_office_message: Option<String>,
    working_hours: [WorkingDay; 7],
    timezone: String,
    callback_webhook_url: Option<String>,
    allow_messages_after_resolved: bool,
    lock_to_single_conversation: bool,
    sender_name_type: String,
    business_name: Option<String>,
    #[serde(flatten)]
    widget: WidgetPart,
    hmac_mandatory: bool,
    messaging_service_sid: Option<String>,
    phone_number: Option<String>,
    provider: Option<String>,
    #[serde(flatten)]
    api: Option<ApiChannel>,
}

/// What only an inbox with a website has; the keys are there for all.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct WidgetPart {
    allowed_domains: Option<String>,
    widget_color: Option<String>,
    website_url: Option<String>,
    welcome_title: Option<String>,
    welcome_tagline: Option<String>,
    web_widget_script: Option<String>,
    website_token: Option<String>,
    selected_feature_flags: Option<Vec<String>>,
    reply_time: Option<String>,
    /// Only of a website's, and only for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    hmac_token: Option<String>,
}

/// What only an inbox that another system feeds has.
#[derive(Debug, Serialize, JsonSchema)]
struct ApiChannel {
    webhook_url: Option<String>,
    inbox_identifier: String,
    additional_attributes: Map<String, Value>,
    #[serde(flatten)]
    secrets: Option<Secrets>,
}

/// What only administrators are told.
#[derive(Debug, Serialize, JsonSchema)]
struct Secrets {
    hmac_token: Option<String>,
    secret: Option<String>,
}

/// One weekday.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct WorkingDay {
    day_of_week: usize,
    closed_all_day: bool,
    open_hour: Option<u16>,
    open_minutes: Option<u16>,
    close_hour: Option<u16>,
    close_minutes: Option<u16>,
    open_all_day: bool,
}

/// What is kept of an inbox beside its row.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::api::chatlake) struct Beside<'a> {
    pub(in crate::api::chatlake) link: Option<&'a InboxLink>,
    pub(in crate::api::chatlake) hours: WorkingHours,
    pub(in crate::api::chatlake) widget: Option<&'a Widget>,
}

impl InboxBody {
    /// The inbox; with its secrets for those who may know them.
    pub(in crate::api::chatlake) fn new(
        inbox: &Inbox,
        beside: Beside<'_>,
        with_secrets: bool,
    ) -> Self {
        let is_api = channel_type(inbox.channel) == API_CHANNEL;
        let link = beside.link;
        let widget = beside
            .widget
            .map(|widget| WidgetPart::new(inbox, widget, link.filter(|_| with_secrets)));
        Self {
            id: inbox.id.0,
            avatar_url: inbox.avatar_url.clone(),
            channel_id: inbox.id.0,
            name: inbox.name.clone(),
            channel_type: channel_type(inbox.channel),
            greeting_enabled: inbox.greeting_enabled,
            greeting_message: inbox.greeting_message.clone(),
            working_hours_enabled: inbox.working_hours_enabled,
            enable_email_collect: inbox.enable_email_collect,
            csat_survey_enabled: inbox.csat_survey_enabled,
            csat_config: inbox.csat_config.clone(),
            enable_auto_assignment: inbox.enable_auto_assignment,
            auto_assignment_config: inbox.auto_assignment_config.clone(),
            out_of_office_message: inbox.out_of_office_message.clone(),
            working_hours: working_days(beside.hours),
            timezone: inbox.timezone.clone(),
            callback_webhook_url: None,
            allow_messages_after_resolved: inbox.allow_messages_after_resolved,
            lock_to_single_conversation: inbox.lock_to_single_conversation,
            sender_name_type: inbox.sender_name_type.clone(),
            business_name: inbox.business_name.clone(),
            widget: widget.unwrap_or_default(),
            hmac_mandatory: inbox.hmac_mandatory,
            messaging_service_sid: None,
            phone_number: None,
            provider: None,
            api: is_api.then(|| ApiChannel::new(inbox, link, with_secrets)),
        }
    }
}

impl WidgetPart {
    /// Which inbox a website's visitors are in, its identifier tells. There is no script to put into a page.
    fn new(inbox: &Inbox, widget: &Widget, link: Option<&InboxLink>) -> Self {
        Self {
            allowed_domains: Some(widget.allowed_domains.clone()),
            widget_color: Some(widget.color.clone()),
            website_url: Some(widget.website_url.clone()),
            welcome_title: widget.welcome_title.clone(),
            welcome_tagline: widget.welcome_tagline.clone(),
            web_widget_script: None,
            website_token: Some(inbox.identifier.clone()),
            selected_feature_flags: Some(widget.features.clone()),
            reply_time: Some(widget.reply_time.clone()),
            hmac_token: shown(link.and_then(|link| link.hmac_token.as_ref())),
        }
    }
}

impl ApiChannel {
    fn new(inbox: &Inbox, link: Option<&InboxLink>, with_secrets: bool) -> Self {
        Self {
            webhook_url: link.and_then(|link| link.webhook_url.clone()),
            inbox_identifier: inbox.identifier.clone(),
            additional_attributes: inbox.additional_attributes.0.clone(),
            secrets: with_secrets.then(|| Secrets {
                hmac_token: shown(link.and_then(|link| link.hmac_token.as_ref())),
                secret: shown(link.and_then(|link| link.secret.as_ref())),
            }),
        }
    }
}

fn shown(secret: Option<&SecretString>) -> Option<String> {
    secret.map(|secret| secret.expose_secret().to_owned())
}

/// The hours of a week, from Sunday on.
pub(in crate::api::chatlake) fn working_days(hours: WorkingHours) -> [WorkingDay; 7] {
    std::array::from_fn(|day| WorkingDay::new(day, hours))
}

impl WorkingDay {
    fn new(day: usize, WorkingHours(week): WorkingHours) -> Self {
        let hours = week[day];
        let between = hours.between();
        Self {
            day_of_week: day,
            closed_all_day: hours == Hours::Closed,
            open_hour: between.map(|(opens, _)| opens / 60),
            open_minutes: between.map(|(opens, _)| opens % 60),
            close_hour: between.map(|(_, closes)| closes / 60),
            close_minutes: between.map(|(_, closes)| closes % 60),
            open_all_day: hours == Hours::AllDay,
        }
    }
}

/// What is said of an inbox that was removed. It is gone at once; the words are the vendor's.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Removal {
    message: &'static str,
}

impl Default for Removal {
    fn default() -> Self {
        Self {
            message: "Your inbox deletion request will be processed in some time.",
        }
    }
}

/// An inbox beside a contact.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct SlimInbox {
    id: i64,
    avatar_url: String,
    channel_id: i64,
    name: String,
    channel_type: &'static str,
    provider: Option<String>,
}

impl SlimInbox {
    pub(in crate::api::chatlake) fn new(inbox: &Inbox) -> Self {
        Self {
            id: inbox.id.0,
            avatar_url: inbox.avatar_url.clone(),
            channel_id: inbox.id.0,
            name: inbox.name.clone(),
            channel_type: channel_type(inbox.channel),
            provider: None,
        }
    }
}

/// An inbox beside a contact, as the vendor's page prints it. Its widget's texts are empty where there is no widget.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PageInbox {
    id: i64,
    name: String,
    website_url: &'static str,
    channel_type: &'static str,
    avatar_url: String,
    widget_color: &'static str,
    website_token: &'static str,
    enable_auto_assignment: bool,
    web_widget_script: &'static str,
    welcome_title: &'static str,
    welcome_tagline: &'static str,
    greeting_enabled: bool,
    greeting_message: String,
}

impl PageInbox {
    pub(in crate::api::chatlake) fn new(inbox: &Inbox) -> Self {
        Self {
            id: inbox.id.0,
            name: inbox.name.clone(),
            website_url: "",
            channel_type: channel_type(inbox.channel),
            avatar_url: inbox.avatar_url.clone(),
            widget_color: "",
            website_token: "",
            enable_auto_assignment: inbox.enable_auto_assignment,
            web_widget_script: "",
            welcome_title: "",
            welcome_tagline: "",
            greeting_enabled: inbox.greeting_enabled,
            greeting_message: inbox.greeting_message.clone().unwrap_or_default(),
        }
    }
}

/// An inbox as the vendor's table has it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct RawInbox {
    id: i64,
    channel_id: i64,
    account_id: i64,
    name: String,
    created_at: String,
    updated_at: String,
    channel_type: &'static str,
    enable_auto_assignment: bool,
    greeting_enabled: bool,
    greeting_message: Option<String>,
    email_address: Option<String>,
    working_hours_enabled: bool,
    out_of_office_message: Option<String>,
    timezone: String,
    enable_email_collect: bool,
    csat_survey_enabled: bool,
    allow_messages_after_resolved: bool,
    auto_assignment_config: Value,
    lock_to_single_conversation: bool,
    portal_id: Option<i64>,
    sender_name_type: String,
    business_name: Option<String>,
    csat_config: Value,
}

impl RawInbox {
    pub(in crate::api::chatlake) fn new(account: AccountId, inbox: &Inbox) -> Self {
        Self {
            id: inbox.id.0,
            channel_id: inbox.id.0,
            account_id: account.0,
            name: inbox.name.clone(),
            created_at: time::iso(inbox.created_at),
            updated_at: time::iso(inbox.updated_at),
            channel_type: channel_type(inbox.channel),
            enable_auto_assignment: inbox.enable_auto_assignment,
            greeting_enabled: inbox.greeting_enabled,
            greeting_message: inbox.greeting_message.clone(),
            email_address: None,
            working_hours_enabled: inbox.working_hours_enabled,
            out_of_office_message: inbox.out_of_office_message.clone(),
            timezone: inbox.timezone.clone(),
            enable_email_collect: inbox.enable_email_collect,
            csat_survey_enabled: inbox.csat_survey_enabled,
            allow_messages_after_resolved: inbox.allow_messages_after_resolved,
            auto_assignment_config: inbox.auto_assignment_config.clone(),
            lock_to_single_conversation: inbox.lock_to_single_conversation,
            portal_id: None,
            sender_name_type: inbox.sender_name_type.clone(),
            business_name: inbox.business_name.clone(),
            csat_config: inbox.csat_config.clone(),
        }
    }
}
