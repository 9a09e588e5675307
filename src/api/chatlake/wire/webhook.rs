//! The webhooks of an account.

use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::lenient;
use crate::api::chatlake::params::Wrap;
use crate::model::{AccountId, EventKind};
use crate::store::webhooks::Webhook;

/// What a webhook may subscribe to, in this API's words.
pub(in crate::api::chatlake) const EVENTS: [(EventKind, &str); 12] = [
    (
        EventKind::ConversationStatusChanged,
        "conversation_status_changed",
    ),
    (EventKind::ConversationUpdated, "conversation_updated"),
    (EventKind::ConversationCreated, "conversation_created"),
    (EventKind::ContactCreated, "contact_created"),
    (EventKind::ContactUpdated, "contact_updated"),
    (EventKind::MessageCreated, "message_created"),
    (EventKind::MessageUpdated, "message_updated"),
    (EventKind::WebwidgetTriggered, "webwidget_triggered"),
    (EventKind::InboxCreated, "inbox_created"),
    (EventKind::InboxUpdated, "inbox_updated"),
    (EventKind::ConversationTypingOn, "conversation_typing_on"),
    (EventKind::ConversationTypingOff, "conversation_typing_off"),
];

/// A webhook to make, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct WebhookIn {
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) name: Option<Option<String>>,
    pub(in crate::api::chatlake) url: Option<String>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) subscriptions: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "lenient::present_id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) inbox_id: Option<Option<i64>>,
}

impl Wrap for WebhookIn {
    const NAME: &'static str = "webhook";
}

/// A webhook, as administrators see it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct WebhookOut {
    id: i64,
    name: Option<String>,
    url: String,
    account_id: i64,
    subscriptions: Vec<&'static str>,
    secret: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    inbox: Option<NamedInbox>,
}

/// An inbox that a webhook names.
#[derive(Debug, Serialize, JsonSchema)]
struct NamedInbox {
    id: i64,
    name: String,
}

/// What a list of webhooks stands in.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Webhooks {
    pub(in crate::api::chatlake) webhooks: Vec<WebhookOut>,
}

/// What one webhook stands in.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct OneWebhook {
    pub(in crate::api::chatlake) webhook: WebhookOut,
}

impl WebhookOut {
    pub(in crate::api::chatlake) fn new(account: AccountId, webhook: Webhook) -> Self {
        let subscribed = webhook.subscriptions.iter();
        let word = |kind: &EventKind| EVENTS.iter().find(|(known, _)| known == kind);
        Self {
            id: webhook.id.0,
            name: webhook.name,
            url: webhook.url,
            account_id: account.0,
            subscriptions: subscribed.filter_map(word).map(|(_, word)| *word).collect(),
            secret: webhook.secret.expose_secret().to_owned(),
            inbox: webhook
                .inbox
                .map(|(id, name)| NamedInbox { id: id.0, name }),
        }
    }
}
