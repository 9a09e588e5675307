//! Ratings asked for when a conversation is resolved, where its inbox wants that.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::conversation_views::reply_until;
use super::messages::{From, NewMessage};
use super::{Result, messages};
use crate::files::Links;
use crate::model::{AccountId, Attributes, ContentType, Conversation, MessageKind};

/// What is asked where an inbox has no words of its own.
const QUESTION: &str = "Please rate this conversation";

/// How a rating is given where an inbox does not say.
const DISPLAY: &str = "emoji";

/// Asks for a rating in a locked conversation that was resolved: once, if its inbox does that and its contact can still
/// be answered.
pub(super) async fn ask(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    now: DateTime<Utc>,
) -> Result<()> {
    let asked = sqlx::query!(
        r#"select i.csat_config, h.hours,
                  case when h.hours is not null then
                      (select m.created_at from messages m
                       where m.account_id = $1 and m.conversation_id = $2 and m.kind = 'incoming'
                       order by m.id desc limit 1) end as last_incoming_at,
                  array(select l.title from conversation_labels l
                        where l.account_id = $1 and l.conversation_id = $2) as "labels!"
           from inboxes i
           cross join lateral (select substring(i.additional_attributes ->> 'agent_reply_time_window' from '^\d{1,6}$')::bigint
                               as hours) h
           where i.account_id = $1 and i.id = $3 and i.csat_survey_enabled and i.removed_at is null
             and not exists (select from messages m where m.account_id = $1 and m.conversation_id = $2
                             and m.content_type = 'input_csat')"#,
        account.0,
        conversation.id.0,
        conversation.inbox.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(asked) = asked else {
        return Ok(());
    };
    let can_reply = reply_until(asked.hours, asked.last_incoming_at).is_some_and(|end| now < end);
    if can_reply && is_meant(&asked.csat_config, &asked.labels) {
        let question = question(&asked.csat_config);
        messages::insert(conn, account, conversation, question, now).await?;
    }
    Ok(())
}

/// Whether the rules of an inbox mean a conversation with these labels.
fn is_meant(config: &Value, labels: &[String]) -> bool {
    let rules = &config["survey_rules"];
    let values: Vec<&str> = rules["values"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if values.is_empty() {
        return true;
    }
    let has_any = labels.iter().any(|label| values.contains(&label.as_str()));
    match rules["operator"].as_str() {
        Some("does_not_contain") => !has_any,
        Some(_) | None => has_any,
    }
}

fn question(config: &Value) -> NewMessage {
    let text = |key: &str| config[key].as_str().filter(|text| !text.is_empty());
    let display = text("display_type").unwrap_or(DISPLAY);
    let mut attributes = Attributes::default();
    attributes.insert("display_type".to_owned(), display.into());
    NewMessage {
        content_type: ContentType::InputCsat,
        content_attributes: attributes,
        ..NewMessage::text(
            MessageKind::Template,
            From::System,
            text("message").unwrap_or(QUESTION),
        )
    }
}

/// Puts the address at which a rating is given into what an event tells of its question. A website's chat window asks by
/// itself.
pub(super) fn link(links: &Links, snapshot: &mut Value) {
    if snapshot["inbox"]["channel"] == "webchat"
        || snapshot["message"]["content_type"] != "input_csat"
    {
        return;
    }
    let Some(uuid) = snapshot["conversation"]["uuid"].as_str() else {
        return;
    };
    let address = links.page(&format!("/survey/responses/{uuid}"));
    let content = &mut snapshot["message"]["content"];
    *content = match content.as_str() {
        Some(text) if !text.is_empty() => format!("{text} {address}").into(),
        Some(_) | None => address.into(),
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_pick_conversations_by_their_labels() {
        let labels = ["vip".to_owned()];
        for (config, meant) in [
            (json!({}), true),
            (
                json!({"survey_rules": {"operator": "contains", "values": []}}),
                true,
            ),
            (
                json!({"survey_rules": {"operator": "contains", "values": ["vip"]}}),
                true,
            ),
            (
                json!({"survey_rules": {"operator": "contains", "values": ["spam"]}}),
                false,
            ),
            (
                json!({"survey_rules": {"operator": "does_not_contain", "values": ["spam"]}}),
                true,
            ),
            (
                json!({"survey_rules": {"operator": "does_not_contain", "values": ["vip"]}}),
                false,
            ),
        ] {
            assert_eq!(is_meant(&config, &labels), meant, "{config}");
        }
    }
}
