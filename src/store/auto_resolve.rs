//! Conversations that are resolved because nothing happens in them any more, where their account says so.

use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::conversation_changes::{self, By};
use super::messages::From;
use super::{Error, Result, Store, automatic_answers, conversations, messages};
use crate::model::{AccountId, Attributes, Conversation, ConversationId, ConversationStatus};

/// How many minutes of silence may resolve a conversation.
pub const MINUTES: RangeInclusive<i64> = 10..=1_439_856;

/// The longest title of a label.
const MAX_LABEL: usize = 255;

/// After which silence an account resolves a conversation, and what it does with that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    minutes: i64,
    /// What the contact is told.
    message: Option<String>,
    /// The label that the conversation gets.
    label: Option<String>,
    /// Whether those are left alone whose contact waits for an answer.
    spares_waiting: bool,
}

impl Rule {
    /// The rule in an account's settings, if they have one.
    fn of(settings: &Attributes) -> Option<Self> {
        let text = |key: &str| settings.get(key).and_then(Value::as_str);
        let label = text("auto_resolve_label").map(|title| title.trim().to_lowercase());
        Some(Self {
            minutes: settings
                .get("auto_resolve_after")?
                .as_i64()
                .filter(|minutes| MINUTES.contains(minutes))?,
            message: text("auto_resolve_message").map(str::to_owned),
            label: label.filter(|title| (1..=MAX_LABEL).contains(&title.chars().count())),
            spares_waiting: settings
                .get("auto_resolve_ignore_waiting")
                .and_then(Value::as_bool)
                == Some(true),
        })
    }

    /// Since when nothing may have happened.
    fn idle_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::minutes(self.minutes)
    }

    /// Whether it means a conversation as it is now.
    fn means(&self, conversation: &Conversation, now: DateTime<Utc>) -> bool {
        conversation.status == ConversationStatus::Open
            && conversation.last_activity_at < self.idle_since(now)
            && !(self.spares_waiting && conversation.waiting_since.is_some())
    }

    /// How long that is, in the largest unit in which it is whole.
    fn silence(&self) -> String {
        const HOUR: i64 = 60;
        const DAY: i64 = 24 * HOUR;
        match self.minutes {
            minutes if minutes % DAY == 0 => format!("{} days", minutes / DAY),
            minutes if minutes % HOUR == 0 => format!("{} hours", minutes / HOUR),
            minutes => format!("{minutes} minutes"),
        }
    }
}

/// Accounts that have a rule, beginning after one of them: the server's timer serves every tenant.
pub async fn list_rules(
    store: &Store,
    after: Option<AccountId>,
    limit: i64,
) -> Result<Vec<(AccountId, Option<Rule>)>> {
    let rows = sqlx::query!(
        r#"select id as "id: AccountId", settings from accounts
           where jsonb_typeof(settings -> 'auto_resolve_after') = 'number' and status = 'active' and removed_at is null
             and id > $1
           order by id limit $2"#,
        after.map_or(0, |id| id.0),
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, Rule::of(&row.settings.into())))
        .collect())
}

/// At most so many of an account's conversations that its rule means, of those that were silent for longest.
pub async fn list_idle(
    store: &Store,
    account: AccountId,
    rule: &Rule,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<ConversationId>> {
    let ids = sqlx::query_scalar!(
        r#"select id as "id: ConversationId" from conversations
           where account_id = $1 and status = 'open' and active_minute <= $2 and last_activity_at < $2
             and (waiting_since is null or not $3)
           order by active_minute limit $4"#,
        account.0,
        rule.idle_since(now),
        rule.spares_waiting,
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(ids)
}

/// Locks a conversation that is to be resolved. One that somebody else holds, or that the rule does not mean any more, is
/// left to what happens in it.
pub(super) async fn lock(
    conn: &mut PgConnection,
    account: AccountId,
    id: ConversationId,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<Conversation> {
    let free = conversations::lock_free(conn, &[account.0], &[id.0], &[false]).await?;
    let meant = free
        .into_iter()
        .find(|conversation| rule.means(conversation, now));
    meant.ok_or(Error::SessionMoved)
}

/// Resolves a locked conversation: its contact is told, it is labelled, and it is noted why.
pub(super) async fn resolve(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    rule: &Rule,
    now: DateTime<Utc>,
) -> Result<()> {
    if let Some(text) = &rule.message
        && let Some(saying) = automatic_answers::said(conn, account, conversation, text).await?
    {
        messages::insert_all(conn, account, conversation, &[saying], now).await?;
    }
    if let Some(label) = &rule.label {
        let by = By::named(conn, account, conversation, From::System).await?;
        conversation_changes::add_label(conn, account, conversation, (label, &by), now).await?;
    }
    let to = ConversationStatus::Resolved;
    conversations::move_to(conn, account, conversation, to, None, now).await?;
    let silence = rule.silence();
    let note = format!("Conversation was marked resolved by system due to {silence} of inactivity");
    messages::insert_note(conn, account, conversation, note, now).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(settings: Value) -> Option<Rule> {
        Rule::of(&settings.into())
    }

    #[test]
    fn a_silence_is_told_in_the_largest_unit_in_which_it_is_whole() {
        for (minutes, told) in [
            (10, "10 minutes"),
            (90, "90 minutes"),
            (60, "1 hours"),
            (1500, "25 hours"),
            (1440, "1 days"),
            (43_200, "30 days"),
            (43_201, "43201 minutes"),
        ] {
            let rule = rule(json!({"auto_resolve_after": minutes})).unwrap();
            assert_eq!(rule.silence(), told);
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_no_rule() {
        for settings in [
            json!({}),
            json!({"auto_resolve_after": null}),
            json!({"auto_resolve_after": "60"}),
            json!({"auto_resolve_after": 0}),
            json!({"auto_resolve_after": 9}),
            json!({"auto_resolve_after": i64::MAX}),
            json!({"auto_resolve_after": 0.5}),
        ] {
            assert_eq!(rule(settings.clone()), None, "{settings}");
        }
        let label = |title: &str| {
            rule(json!({"auto_resolve_after": 60, "auto_resolve_label": title}))
                .unwrap()
                .label
        };
        assert_eq!(label(" VIP ").as_deref(), Some("vip"));
        assert_eq!((label(" "), label(&"x".repeat(256))), (None, None));
    }
}
