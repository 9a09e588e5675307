//! Where messages come in.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::text_enum::text_enum;
use super::{Attributes, BotId, InboxId};

text_enum! {
    /// What an inbox is connected to. An inbox that another system feeds through an API is `General`.
    Channel {
        Webchat = "webchat",
        Workflow = "workflow",
        GoogleBusinessMessages = "google_business_messages",
        General = "general",
        WhatsApp = "whatsapp",
        Rcs = "rcs",
        Telegram = "telegram",
        Facebook = "facebook",
        Sms = "sms",
        HangoutsChat = "hangouts_chat",
        Google = "google",
        Instagram = "instagram",
    }
}

/// An inbox and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbox {
    /// Its id.
    pub id: InboxId,
    /// What people call it.
    pub name: String,
    /// What it is connected to.
    pub channel: Channel,
    /// Names it to visitors' clients; random.
    pub identifier: String,
    /// The bot that answers here first.
    pub bot: Option<BotId>,
    /// Picture, or empty.
    pub avatar_url: String,
    /// Whether a visitor's identifier must be proved.
    pub hmac_mandatory: bool,
    /// Whether a new conversation is greeted.
    pub greeting_enabled: bool,
    /// The greeting.
    pub greeting_message: Option<String>,
    /// Whether conversations are given to agents by themselves.
    pub enable_auto_assignment: bool,
    /// How they are.
    pub auto_assignment_config: Value,
    /// Whether visitors are asked for their e-mail address.
    pub enable_email_collect: bool,
    /// Whether a resolved conversation asks for a rating.
    pub csat_survey_enabled: bool,
    /// How it asks.
    pub csat_config: Value,
    /// Whether a resolved conversation can be written to.
    pub allow_messages_after_resolved: bool,
    /// Whether a contact has one conversation here for good.
    pub lock_to_single_conversation: bool,
    /// Whether working hours count.
    pub working_hours_enabled: bool,
    /// What is said outside of them.
    pub out_of_office_message: Option<String>,
    /// IANA time zone of the working hours.
    pub timezone: String,
    /// How senders are named: `friendly` or `professional`.
    pub sender_name_type: String,
    /// The business in a sender's name.
    pub business_name: Option<String>,
    /// Settings that only an API inbox has.
    pub additional_attributes: Attributes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
