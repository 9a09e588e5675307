//! What `/secure/user` takes and answers. Most of an application's keys mean something to the vendor alone.

use chrono::{DateTime, SecondsFormat, Utc};
use secrecy::SecretString;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::model::{AccountId, BotId, Contact};

/// The campaign keys that are there even when nothing is known of them.
const CAMPAIGN: [&str; 5] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
];

/// A date that says nothing.
const NO_DATE: &str = "0001-01-01T00:00:00Z";
const ACTIVE: u8 = 1;
const API_CLIENT: u8 = 3;
const END_USER: u8 = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api::instabot) struct GetUser {
    pub(in crate::api::instabot) api_key: SecretString,
    pub(in crate::api::instabot) email: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api::instabot) struct User {
    object_id: i64,
    development_company: Object,
    name: String,
    friendly_name: String,
    is_default_friendly_name: bool,
    create_date: String,
    first_login_time: String,
    last_login_time: String,
    username: String,
    status: u8,
    applications: Vec<Application>,
    system_properties: SystemProperties,
    user_segments: Option<()>,
    user_type: u8,
    last_activity_date: String,
    request_info: Empty,
    visit_info: [(); 0],
    row_version: i64,
    ip_address: String,
    is_test_user: bool,
    update_date: String,
    custom_properties: Properties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object_id: i64,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SystemProperties {
    client_platform: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    trial_period_end_date: Option<()>,
    is_trial: Option<()>,
    create_date: &'static str,
    update_date: &'static str,
    components: Option<()>,
    is_sample: bool,
    is_mobi_components_enabled: bool,
    hide_branded_footer_in_chat: bool,
    subscription_start_date: Option<()>,
    subscription_end_date: Option<()>,
    is_trial_or_subscription_ended: bool,
    is_active: bool,
    web_site: Option<()>,
    time_zone: Option<()>,
    participation_level: u8,
    status: u8,
    bot_domains: Option<()>,
    bot_limit: Option<()>,
    object_id: i64,
}

/// Keys and values in an order that means something.
struct Properties(Vec<(String, Value)>);

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl User {
    pub(in crate::api::instabot) fn new(
        account: AccountId,
        contact: Contact,
        bots: &[BotId],
    ) -> Self {
        let custom_properties = Properties::of(&contact);
        let email = contact.email.unwrap_or_default();
        let is_nameless = contact.name.is_empty();
        let friendly_name = if is_nameless {
            email.clone()
        } else {
            contact.name
        };
        let last_login_at = contact.last_login_at.unwrap_or(contact.created_at);
        let last_activity_at = contact.last_activity_at.unwrap_or(contact.created_at);
        Self {
            object_id: contact.id.0,
            development_company: Object {
                object_id: account.0,
            },
            name: email.clone(),
            friendly_name,
            is_default_friendly_name: is_nameless,
            create_date: date(contact.created_at),
            first_login_time: date(contact.created_at),
            last_login_time: date(last_login_at),
            username: email,
            status: ACTIVE,
            applications: bots.iter().map(|bot| Application::of(*bot)).collect(),
            system_properties: SystemProperties {
                client_platform: API_CLIENT,
            },
            user_segments: None,
            user_type: END_USER,
            last_activity_date: date(last_activity_at),
            request_info: Empty {},
            visit_info: [],
            row_version: contact.row_version,
            ip_address: contact.ip_address,
            is_test_user: contact.is_test,
            update_date: date(contact.updated_at),
            custom_properties,
        }
    }
}

impl Properties {
    fn of(contact: &Contact) -> Self {
        let campaign = CAMPAIGN.map(|key| {
            let value = contact.campaign.get(key).cloned().unwrap_or_default();
            (key.to_owned(), value)
        });
        let own = contact
            .custom_attributes
            .iter()
            .filter(|(key, _)| !CAMPAIGN.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()));
        Self(campaign.into_iter().chain(own).collect())
    }
}

impl Application {
    fn of(bot: BotId) -> Self {
        Self {
            trial_period_end_date: None,
            is_trial: None,
            create_date: NO_DATE,
            update_date: NO_DATE,
            components: None,
            is_sample: false,
            is_mobi_components_enabled: false,
            hide_branded_footer_in_chat: false,
            subscription_start_date: None,
            subscription_end_date: None,
            is_trial_or_subscription_ended: false,
            is_active: false,
            web_site: None,
            time_zone: None,
            participation_level: 0,
            status: 0,
            bot_domains: None,
            bot_limit: None,
            object_id: bot.0,
        }
    }
}

fn date(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
