//! What somebody inside changes of a conversation beside its status: each change is told of once and noted once in the
//! conversation, and what stays as it is is neither.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::conversation_status::name_of;
use super::messages::{self, From};
use super::{Once, Result, Store, assignments, conversations, events, labels};
use crate::model::{
    AccountId, AgentId, Attributes, BotId, ContactId, Conversation, ConversationId, EventKind,
    Priority, TeamId,
};

/// Whom a conversation is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignee {
    /// An agent.
    Agent(AgentId),
    /// A bot.
    Bot(BotId),
}

/// A change to make.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// How much it presses.
    Priority(Option<Priority>),
    /// Whom it is given to.
    Assignee(Option<Assignee>),
    /// The team it is given to, which may pick one of its agents.
    Team(Option<TeamId>),
    /// Its labels, all of them.
    Labels(Vec<String>),
    /// What the account keeps, all of it.
    CustomAttributes(Attributes),
    /// Whether its contact is silenced, here and wherever else they write.
    Muted(bool),
}

/// Who makes a change, with the name that is noted.
#[derive(Debug, Clone)]
pub(super) struct By {
    who: From,
    name: String,
}

impl By {
    /// Somebody, by the name they have now.
    pub(super) async fn named(
        conn: &mut PgConnection,
        account: AccountId,
        conversation: &Conversation,
        who: From,
    ) -> Result<Self> {
        let name = name_of(conn, account, conversation, who).await?;
        Ok(Self { who, name })
    }

    /// Whether it is this one.
    pub(super) fn is(&self, other: From) -> bool {
        self.who == other
    }
}

impl std::fmt::Display for By {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// What came of a change that was one.
pub(super) struct Outcome {
    /// The fields that changed, if their change is told of.
    pub(super) changed: Option<Value>,
    /// What is noted in the conversation.
    pub(super) notes: Vec<String>,
}

/// Makes a change.
pub async fn change(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    (change, by): (Change, From),
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let mut conversation = conversations::lock(conn, account, conversation).await?;
                let by = By::named(conn, account, &conversation, by).await?;
                let outcome = make(conn, account, &mut conversation, (change, &by), now).await?;
                match outcome {
                    Some(outcome) => tell(conn, account, &mut conversation, outcome, now).await,
                    None => Ok(()),
                }
            })
        })
        .await
}

async fn make(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    (change, by): (Change, &By),
    now: DateTime<Utc>,
) -> Result<Option<Outcome>> {
    match change {
        Change::Priority(to) => set_priority(conn, account, conversation, (to, by), now).await,
        Change::Assignee(to) => {
            assignments::assign(conn, account, conversation, (to, by), now).await
        }
        Change::Team(to) => {
            assignments::assign_team(conn, account, conversation, (to, by), now).await
        }
        Change::Labels(to) => set_labels(conn, account, conversation.id, (&to, by), now).await,
        Change::CustomAttributes(to) => {
            set_custom_attributes(conn, account, conversation, to, now).await
        }
        Change::Muted(to) => set_muted(conn, account, conversation, (to, by), now).await,
    }
}

/// Tells of a change, then notes it.
pub(super) async fn tell(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    outcome: Outcome,
    now: DateTime<Utc>,
) -> Result<()> {
    if let Some(changed) = &outcome.changed {
        let kind = EventKind::ConversationUpdated;
        let event = events::NewEvent::of_conversation(kind, conversation.id).changing(changed);
        events::append(conn, account, event, now).await?;
    }
    for text in outcome.notes {
        messages::insert_note(conn, account, conversation, text, now).await?;
    }
    Ok(())
}

/// Puts a label on a locked conversation, beside those it has, and tells of it.
pub(super) async fn add_label(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    (label, by): (&str, &By),
    now: DateTime<Utc>,
) -> Result<()> {
    let mut to = labels::titles_of(conn, account, conversation.id).await?;
    to.push(label.to_owned());
    match set_labels(conn, account, conversation.id, (&to, by), now).await? {
        Some(outcome) => tell(conn, account, conversation, outcome, now).await,
        None => Ok(()),
    }
}

/// One field that changed.
pub(super) fn field(name: &str, previous: impl Into<Value>, current: impl Into<Value>) -> Value {
    json!({name: {"previous_value": previous.into(), "current_value": current.into()}})
}

async fn set_priority(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    (to, by): (Option<Priority>, &By),
    now: DateTime<Utc>,
) -> Result<Option<Outcome>> {
    let from = std::mem::replace(&mut conversation.priority, to);
    if from == to {
        return Ok(None);
    }
    sqlx::query!(
        "update conversations set priority = $3, updated_at = $4 where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        to.map(Priority::as_str),
        now,
    )
    .execute(conn)
    .await?;
    let note = match (from, to) {
        (_, None) => format!("{by} removed the priority"),
        (None, Some(to)) => format!("{by} set the priority to {to}"),
        (Some(from), Some(to)) => format!("{by} changed the priority from {from} to {to}"),
    };
    let (from, to) = (from.map(Priority::as_str), to.map(Priority::as_str));
    Ok(Some(Outcome {
        changed: Some(json!([field("priority", from, to)])),
        notes: vec![note],
    }))
}

async fn set_labels(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: ConversationId,
    (to, by): (&[String], &By),
    now: DateTime<Utc>,
) -> Result<Option<Outcome>> {
    let (from, to) = labels::replace_of_conversation(conn, account, conversation, to, now).await?;
    let added: Vec<&str> = without(&to, &from);
    let removed: Vec<&str> = without(&from, &to);
    if added.is_empty() && removed.is_empty() {
        return Ok(None);
    }
    sqlx::query!(
        "update conversations set updated_at = $3 where account_id = $1 and id = $2",
        account.0,
        conversation.0,
        now,
    )
    .execute(conn)
    .await?;
    let mut notes = Vec::new();
    if !added.is_empty() {
        notes.push(format!("{by} added {}", added.join(", ")));
    }
    if !removed.is_empty() {
        notes.push(format!("{by} removed {}", removed.join(", ")));
    }
    let changed = json!([field("label_list", from.clone(), to.clone())]);
    Ok(Some(Outcome {
        changed: Some(changed),
        notes,
    }))
}

fn without<'a>(all: &'a [String], some: &[String]) -> Vec<&'a str> {
    let left = all.iter().filter(|title| !some.contains(title));
    left.map(String::as_str).collect()
}

async fn set_custom_attributes(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    to: Attributes,
    now: DateTime<Utc>,
) -> Result<Option<Outcome>> {
    if conversation.custom_attributes == to {
        return Ok(None);
    }
    let from = Value::from(std::mem::take(&mut conversation.custom_attributes));
    let to = Value::from(to);
    sqlx::query!(
        "update conversations set custom_attributes = $3, updated_at = $4 where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        to,
        now,
    )
    .execute(conn)
    .await?;
    Ok(Some(Outcome {
        changed: Some(json!([field("custom_attributes", from, to)])),
        notes: Vec::new(),
    }))
}

/// Silences the conversation's contact, or lets them be heard again.
async fn set_muted(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    (to, by): (bool, &By),
    now: DateTime<Utc>,
) -> Result<Option<Outcome>> {
    set_blocked(conn, account, conversation.contact, to, now).await?;
    if conversation.muted == to {
        return Ok(None);
    }
    sqlx::query!(
        "update conversations set muted = $3, updated_at = $4 where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        to,
        now,
    )
    .execute(conn)
    .await?;
    conversation.muted = to;
    let note = if to {
        format!("{by} has muted the conversation")
    } else {
        format!("{by} has unmuted the conversation")
    };
    Ok(Some(Outcome {
        changed: None,
        notes: vec![note],
    }))
}

async fn set_blocked(
    conn: &mut PgConnection,
    account: AccountId,
    contact: ContactId,
    to: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = sqlx::query!(
        "update contacts set blocked = $3, row_version = row_version + 1, updated_at = $4
         where account_id = $1 and id = $2 and blocked <> $3",
        account.0,
        contact.0,
        to,
        now,
    )
    .execute(&mut *conn)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(());
    }
    let changed = json!([field("blocked", !to, to)]);
    let event = events::NewEvent::of_contact(EventKind::ContactUpdated, contact).changing(&changed);
    events::append(conn, account, event, now).await
}
