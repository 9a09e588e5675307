//! The shapes of this API, field for field.

pub(super) mod account;
pub(super) mod agent;
pub(super) mod assignment;
pub(super) mod attachment;
pub(super) mod attention;
pub(super) mod bot;
pub(super) mod contact;
pub(super) mod conversation;
pub(super) mod inbox;
pub(super) mod inbox_in;
pub(super) mod lenient;
pub(super) mod message;
pub(super) mod note;
pub(super) mod platform;
pub(super) mod profile;
pub(super) mod public;
pub(super) mod push;
pub(super) mod refusal;
pub(super) mod report;
pub(super) mod search;
pub(super) mod settings;
pub(super) mod time;
pub(super) mod upload;
pub(super) mod user;
pub(super) mod webhook;

use schemars::JsonSchema;
use serde::Serialize;

/// What most answers stand in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Payload_of_{T}")]
pub(super) struct Payload<T> {
    pub(super) payload: T,
}
