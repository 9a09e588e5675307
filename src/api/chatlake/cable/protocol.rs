//! ActionCable's frames, as far as they are not what is told.

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};

use crate::api::chatlake::wire::lenient;

/// The one channel there is.
const CHANNEL: &str = "RoomChannel";

/// What a client wants.
#[derive(Debug, PartialEq)]
pub(super) enum Command {
    Subscribe(Subscription),
    Unsubscribe(String),
    /// It is still there, as the listener that subscribed with this text.
    UpdatePresence(String),
}

/// With what a client subscribes.
#[derive(Debug, PartialEq)]
pub(super) struct Subscription {
    /// As the client wrote it: every answer repeats it byte for byte.
    pub(super) identifier: String,
    pub(super) token: String,
    pub(super) account: Option<i64>,
    pub(super) user: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Frame {
    command: String,
    identifier: String,
    data: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Identifier {
    channel: String,
    pubsub_token: String,
    #[serde(default, deserialize_with = "lenient::id")]
    account_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::id")]
    user_id: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Action {
    action: String,
}

impl Command {
    /// Reads a frame; what is none of the commands is passed over.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let frame: Frame = serde_json::from_str(text).ok()?;
        match frame.command.as_str() {
            "subscribe" => {
                let named: Identifier = serde_json::from_str(&frame.identifier).ok()?;
                let token = named.pubsub_token;
                if named.channel != CHANNEL || token.is_empty() || token.contains('\0') {
                    return None;
                }
                Some(Self::Subscribe(Subscription {
                    identifier: frame.identifier,
                    token,
                    account: named.account_id,
                    user: named.user_id,
                }))
            }
            "unsubscribe" => Some(Self::Unsubscribe(frame.identifier)),
            "message" => {
                let action: Action = serde_json::from_str(&frame.data?).ok()?;
                let is_known = action.action == "update_presence";
                is_known.then_some(Self::UpdatePresence(frame.identifier))
            }
            _ => None,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Control<'a> {
    Welcome,
    Ping { message: i64 },
    ConfirmSubscription { identifier: &'a str },
    RejectSubscription { identifier: &'a str },
    Disconnect { reason: &'a str, reconnect: bool },
}

impl Control<'_> {
    fn text(&self) -> Utf8Bytes {
        serde_json::to_string(self)
            .expect("these frames are plain text and numbers")
            .into()
    }
}

pub(super) fn welcome() -> Utf8Bytes {
    Control::Welcome.text()
}

pub(super) fn ping(seconds: i64) -> Utf8Bytes {
    Control::Ping { message: seconds }.text()
}

pub(super) fn confirm(identifier: &str) -> Utf8Bytes {
    Control::ConfirmSubscription { identifier }.text()
}

pub(super) fn reject(identifier: &str) -> Utf8Bytes {
    Control::RejectSubscription { identifier }.text()
}

/// The server goes; the client may come back.
pub(super) fn disconnect() -> Utf8Bytes {
    let goodbye = Control::Disconnect {
        reason: "server_restart",
        reconnect: true,
    };
    goodbye.text()
}

/// What stands before everything that a subscription is told.
pub(super) fn prefix(identifier: &str) -> String {
    let identifier = serde_json::Value::from(identifier);
    format!("{{\"identifier\":{identifier},\"message\":")
}

/// One thing that is told, to a subscription of this prefix.
pub(super) fn told(prefix: &str, message: &str) -> Utf8Bytes {
    let mut frame = String::with_capacity(prefix.len() + message.len() + 1);
    frame.push_str(prefix);
    frame.push_str(message);
    frame.push('}');
    frame.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn subscribe(identifier: &str) -> Option<Command> {
        Command::parse(&json!({"command": "subscribe", "identifier": identifier}).to_string())
    }

    #[test]
    fn a_subscription_keeps_its_identifier_as_it_was_written() {
        let identifier =
            "{ \"pubsub_token\" :\"t\",\"channel\":\"RoomChannel\", \"account_id\":\"7\"}";
        let subscription = Subscription {
            identifier: identifier.to_owned(),
            token: "t".to_owned(),
            account: Some(7),
            user: None,
        };
        assert_eq!(
            subscribe(identifier),
            Some(Command::Subscribe(subscription))
        );
        let answer: Value = serde_json::from_str(&confirm(identifier)).unwrap();
        assert_eq!(
            answer,
            json!({"type": "confirm_subscription", "identifier": identifier})
        );
        let told: Value = serde_json::from_str(&told(&prefix(identifier), "{\"a\":1}")).unwrap();
        assert_eq!(told, json!({"identifier": identifier, "message": {"a": 1}}));
    }

    #[test]
    fn what_is_no_command_is_passed_over() {
        for wrong in [
            r#"{"channel":"OtherChannel","pubsub_token":"t"}"#,
            r#"{"channel":"RoomChannel"}"#,
            r#"{"channel":"RoomChannel","pubsub_token":""}"#,
            "{\"channel\":\"RoomChannel\",\"pubsub_token\":\"\\u0000\"}",
            "nonsense",
        ] {
            assert_eq!(subscribe(wrong), None, "{wrong}");
        }
        for wrong in [
            "",
            "[]",
            r#"{"command":"message","identifier":"x"}"#,
            r#"{"command":"message","identifier":"x","data":"{\"action\":\"dance\"}"}"#,
        ] {
            assert_eq!(Command::parse(wrong), None, "{wrong}");
        }
        let presence =
            r#"{"command":"message","identifier":"x","data":"{\"action\":\"update_presence\"}"}"#;
        assert_eq!(
            Command::parse(presence),
            Some(Command::UpdatePresence("x".to_owned()))
        );
    }
}
