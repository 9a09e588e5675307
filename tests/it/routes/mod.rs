//! Every route is listed, refuses strangers, and shows nothing of one account to another.

mod list;
mod tenant;
mod walk;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::dialogflow::sound_key;

pub(crate) use list::{Listed, listed};
pub(crate) use tenant::Tenant;

/// A body that every route takes for what it is: some keep their credentials there.
fn body_of(path: &str, key: &str, foreign: &Ids) -> Value {
    match path {
        "/secure/send" => json!({
            "apiKey": key, "start": true, "botId": foreign.bot.max(1), "email": "ann@example.org"
        }),
        "/secure/user" => json!({"apiKey": key, "email": foreign.email()}),
        "/login" => json!({"appId": "nobody", "appSecret": "nothing"}),
        "/transcripts" => json!({"botUserId": foreign.source_id(), "channelId": 1010}),
        "/users" | "/admin/v1/endpoints/{endpoint_id}/secret" => json!({}),
        "/admin/v1/deliveries/replay" => json!({"endpoint_id": foreign.endpoint}),
        path if path.ends_with("{key_name}") => sound_key(),
        path if path.ends_with("/password") => json!({"password": "correct horse"}),
        "/platform/api/v1/agent_bots" => json!({"name": "x", "account_id": foreign.account}),
        path if path.ends_with("/account_users") => {
            json!({"user_id": foreign.user, "role": "agent"})
        }
        // Whoever comes in anew may be called what it likes, the same as somebody elsewhere.
        "/public/api/v1/inboxes/{inbox_identifier}/contacts" => json!({"name": "x"}),
        _ => json!({
            "content": "hello", "name": "x", "status": "open",
            "inbox_id": foreign.inbox, "contact_id": foreign.contact, "source_id": foreign.source_id(),
            "bot_id": foreign.bot, "agent_ids": [foreign.agent], "user_ids": [foreign.agent],
            "agent_bot": foreign.bot, "title": "x", "url": "https://example.org/x", "team": "x", "channel": {"type": "api"},
            "text": "version: 1", "base_contact_id": foreign.contact, "mergee_contact_id": foreign.contact,
            "payload": [], "labels": ["x"]
        }),
    }
}

/// Ids of one account's rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    pub(crate) account: i64,
    pub(crate) contact: i64,
    pub(crate) conversation: i64,
    pub(crate) inbox: i64,
    /// What visitors' clients call the inbox: it is all they show, so everybody shows their own.
    pub(crate) inbox_identifier: String,
    pub(crate) message: i64,
    pub(crate) bot: i64,
    pub(crate) app: i64,
    pub(crate) agent: i64,
    pub(crate) team: i64,
    pub(crate) key: i64,
    pub(crate) page_filter: i64,
    pub(crate) platform_app: i64,
    pub(crate) user: i64,
    pub(crate) endpoint: i64,
    pub(crate) delivery: i64,
    pub(crate) label: i64,
    pub(crate) canned_response: i64,
    pub(crate) custom_attribute: i64,
    pub(crate) custom_filter: i64,
    pub(crate) webhook: i64,
    pub(crate) note: i64,
}

impl Ids {
    pub(crate) fn email(&self) -> String {
        format!("ann{}@example.org", self.account)
    }

    pub(crate) fn source_id(&self) -> String {
        format!("source-{}", self.account)
    }

    /// The path with these ids in it, below an account and with a key of the caller's choice.
    pub(crate) fn fill(&self, path: &str, account: &str, key: &str) -> String {
        let ids = BTreeMap::from([
            ("{account_id}", account.to_owned()),
            ("{userId}", account.to_owned()),
            ("{apiKey}", key.to_owned()),
            ("{contact_id}", self.contact.to_string()),
            ("{conversation_id}", self.conversation.to_string()),
            ("{conversationID}", format!("V{}", self.conversation)),
            ("{inbox_id}", self.inbox.to_string()),
            ("{inbox_identifier}", self.inbox_identifier.clone()),
            ("{source_id}", self.source_id()),
            ("{message_id}", self.message.to_string()),
            ("{data_id}", "card".to_owned()),
            ("{conversation_uuid}", uuid::Uuid::nil().to_string()),
            ("{bot_id}", self.bot.to_string()),
            ("{app_id}", self.app.to_string()),
            ("{agent_id}", self.agent.to_string()),
            ("{agentId}", self.agent.to_string()),
            ("{team_id}", self.team.to_string()),
            ("{key_id}", self.key.to_string()),
            ("{page_filter_id}", self.page_filter.to_string()),
            ("{platform_app_id}", self.platform_app.to_string()),
            ("{user_id}", self.user.to_string()),
            ("{key_name}", format!("key-{}", self.account)),
            ("{token}", "forged".to_owned()),
            ("{name}", "file.png".to_owned()),
            ("{endpoint_id}", self.endpoint.to_string()),
            ("{delivery_id}", self.delivery.to_string()),
            ("{label_id}", self.label.to_string()),
            ("{canned_response_id}", self.canned_response.to_string()),
            ("{custom_attribute_id}", self.custom_attribute.to_string()),
            ("{custom_filter_id}", self.custom_filter.to_string()),
            ("{webhook_id}", self.webhook.to_string()),
            ("{note_id}", self.note.to_string()),
            ("{division}", "inbox".to_owned()),
            ("{botUserId}", self.source_id()),
            ("{fromDate}", "2026-01-01".to_owned()),
            ("{toDate}", "2026-12-31".to_owned()),
        ]);
        let filled = ids
            .iter()
            .fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(
            !filled.contains('{'),
            "{filled} has a place that this test cannot fill"
        );
        filled
    }
}
