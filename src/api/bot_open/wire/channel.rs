//! Channels by their numbers and names, and the ids that people have in them.

use super::super::error::{Error, Result};
use crate::model::Channel;

/// The number and the name of a channel.
const fn code_and_name(channel: Channel) -> (i64, &'static str) {
    match channel {
        Channel::Webchat => (1010, "webchat"),
        Channel::Workflow => (1011, "workflow"),
        Channel::GoogleBusinessMessages => (1012, "googleBusinessMessages"),
        Channel::General => (1013, "general"),
        Channel::WhatsApp => (1014, "whatsapp"),
        Channel::Rcs => (1015, "RCSBusinessMessages"),
        Channel::Telegram => (1016, "telegram"),
        Channel::Facebook => (1017, "facebook"),
        Channel::Sms => (1018, "sms"),
        Channel::HangoutsChat => (1019, "hangoutsChat"),
        Channel::Google => (1020, "google"),
        Channel::Instagram => (1021, "instagramMessaging"),
    }
}

/// The name of a channel.
pub(in super::super) const fn channel_name(channel: Channel) -> &'static str {
    code_and_name(channel).1
}

/// The channel of a number that stands in `field`.
pub(in super::super) fn parse_channel(field: &str, code: i64) -> Result<Channel> {
    let mut channels = Channel::ALL.iter().copied();
    channels
        .find(|channel| code_and_name(*channel).0 == code)
        .ok_or_else(|| Error::Invalid(format!("{field}: there is no channel {code}")))
}

/// The id that a user goes by: in WhatsApp the phone number with its plus sign, else the id in the channel.
pub(in super::super) fn bot_user_id(channel: Channel, source_id: String) -> String {
    if channel == Channel::WhatsApp && is_number(&source_id) {
        format!("+{source_id}")
    } else {
        source_id
    }
}

/// The ids in a channel that a `botUserId` may mean: a phone number is the same with and without its plus sign.
pub(in super::super) fn source_ids(bot_user_id: &str) -> Vec<String> {
    let mut ids = vec![bot_user_id.to_owned()];
    match bot_user_id.strip_prefix('+') {
        Some(digits) if is_number(digits) => ids.push(digits.to_owned()),
        None if is_number(bot_user_id) => ids.push(format!("+{bot_user_id}")),
        Some(_) | None => {}
    }
    ids
}

fn is_number(text: &str) -> bool {
    (7..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
