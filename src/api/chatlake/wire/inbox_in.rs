//! What clients say of inboxes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::lenient;
use crate::model::Attributes;

/// An inbox to make, or what to change of one.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct InboxIn {
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) name: Option<Option<String>>,
    pub(in crate::api::chatlake) channel: Option<ChannelIn>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) greeting_enabled: Option<bool>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) greeting_message: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) enable_auto_assignment: Option<bool>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) auto_assignment_config: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) enable_email_collect: Option<bool>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) csat_survey_enabled: Option<bool>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) csat_config: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) allow_messages_after_resolved: Option<bool>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) lock_to_single_conversation: Option<bool>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) working_hours_enabled: Option<bool>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) out_of_office_message: Option<Option<String>>,
    pub(in crate::api::chatlake) working_hours: Option<Vec<WorkingDayIn>>,
    #[serde(default, deserialize_with = "lenient::text_or_null")]
    pub(in crate::api::chatlake) timezone: Option<String>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) sender_name_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) business_name: Option<Option<String>>,
}

/// Its channel: of an API inbox, then of a website's.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(expecting = "an object")]
pub(in crate::api::chatlake) struct ChannelIn {
    pub(in crate::api::chatlake) r#type: Option<String>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) webhook_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) hmac_mandatory: Option<bool>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) additional_attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) website_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::text_or_null")]
    pub(in crate::api::chatlake) widget_color: Option<String>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) welcome_title: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) welcome_tagline: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present_text")]
    pub(in crate::api::chatlake) allowed_domains: Option<Option<String>>,
    pub(in crate::api::chatlake) selected_feature_flags: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) reply_time: Option<String>,
}

/// One weekday.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(expecting = "an object")]
pub(in crate::api::chatlake) struct WorkingDayIn {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) day_of_week: Option<i64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) closed_all_day: Option<bool>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) open_all_day: Option<bool>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) open_hour: Option<i64>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) open_minutes: Option<i64>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) close_hour: Option<i64>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) close_minutes: Option<i64>,
}

/// Which bot is to answer first in an inbox.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct InboxBotIn {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) agent_bot: Option<i64>,
}
