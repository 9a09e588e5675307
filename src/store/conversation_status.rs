//! Where a conversation stands, as somebody inside sets it: with the note that tells of it, and whom it falls to.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::conversation_changes::{Assignee, By, tell};
use super::messages::{self, From};
use super::{Error, Once, Result, Store, assignments, auto_assignment, conversations};
use crate::model::{AccountId, AgentId, Conversation, ConversationId, ConversationStatus};

/// A change to make.
#[derive(Debug, Clone)]
pub struct StatusChange {
    /// Where the conversation is to stand; if nobody says, an open one is resolved and any other opened.
    pub to: Option<ConversationStatus>,
    /// When a snoozed one comes back.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// Who makes it.
    pub by: From,
    /// Who becomes the assignee if the conversation ends up open.
    pub opener: Option<AgentId>,
}

impl StatusChange {
    /// Where a conversation ends up that stands at `from`.
    pub fn target(&self, from: ConversationStatus) -> ConversationStatus {
        self.to.unwrap_or(match from {
            ConversationStatus::Open => ConversationStatus::Resolved,
            ConversationStatus::Resolved
            | ConversationStatus::Pending
            | ConversationStatus::Snoozed => ConversationStatus::Open,
        })
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChanged {
    /// Where the conversation stood.
    pub from: ConversationStatus,
    /// Where it stands.
    pub to: ConversationStatus,
    /// When a snoozed one comes back.
    pub snoozed_until: Option<DateTime<Utc>>,
}

/// Makes the change to a locked conversation.
pub(super) async fn make(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    change: &StatusChange,
    now: DateTime<Utc>,
) -> Result<()> {
    let to = change.target(conversation.status);
    let snoozed_until = change
        .snoozed_until
        .filter(|_| to == ConversationStatus::Snoozed);
    let from = conversation.status;
    let by = By::named(conn, account, conversation, change.by).await?;
    conversations::move_to(conn, account, conversation, to, snoozed_until, now).await?;
    if from != to {
        let text = match to {
            ConversationStatus::Open => "Conversation was reopened by ",
            ConversationStatus::Resolved => "Conversation was marked resolved by ",
            ConversationStatus::Pending => "Conversation was marked as pending by ",
            ConversationStatus::Snoozed => "Conversation was snoozed by ",
        };
        messages::insert_note(conn, account, conversation, format!("{text}{by}"), now).await?;
    }
    let Some(opener) = change.opener.filter(|_| to == ConversationStatus::Open) else {
        return auto_assignment::give(conn, account, conversation, now).await;
    };
    let opener = Some(Assignee::Agent(opener));
    match assignments::assign(conn, account, conversation, (opener, &by), now).await? {
        Some(outcome) => tell(conn, account, conversation, outcome, now).await,
        None => Ok(()),
    }
}

/// Conversations of all accounts that were put off until now, longest first: the server's timer serves every tenant.
async fn list_due(
    store: &Store,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(AccountId, ConversationId)>> {
    let rows = sqlx::query!(
        r#"select c.account_id as "account: AccountId", c.id as "id: ConversationId"
           from conversations c join accounts a on a.id = c.account_id and a.status = 'active'
           where c.status = 'snoozed' and c.snoozed_until <= $1 order by c.snoozed_until limit $2"#,
        now,
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(rows.into_iter().map(|row| (row.account, row.id)).collect())
}

/// Opens at most so many conversations that were put off until now; how many it opened.
///
/// Several servers may do this at once: each is opened once, as its own row tells under its lock, and one that was put
/// off further meanwhile is left.
pub async fn wake_due(store: &Store, now: DateTime<Utc>, limit: i64) -> Result<usize> {
    let (mut woken, mut failure) = (0, None);
    for (account, id) in list_due(store, now, limit).await? {
        // What is wrong with one keeps none other asleep.
        match wake(store, account, id, now).await {
            Ok(opened) => woken += usize::from(opened),
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(woken), Err)
}

async fn wake(
    store: &Store,
    account: AccountId,
    id: ConversationId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let change = StatusChange {
        to: Some(ConversationStatus::Open),
        snoozed_until: None,
        by: From::System,
        opener: None,
    };
    store
        .write(move |conn| {
            Box::pin(async move {
                let mut conversation = match conversations::lock(conn, account, id).await {
                    Ok(conversation) => conversation,
                    Err(Error::NotFound(_)) => return Ok(false),
                    Err(error) => return Err(error),
                };
                let is_due = conversation.status == ConversationStatus::Snoozed
                    && conversation.snoozed_until.is_some_and(|until| until <= now);
                if is_due {
                    make(conn, account, &mut conversation, &change, now).await?;
                }
                Ok(is_due)
            })
        })
        .await
}

/// The name of who does something in a conversation.
pub(super) async fn name_of(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    who: From,
) -> Result<String> {
    let name = match who {
        From::System => None,
        From::Contact => sqlx::query_scalar!(
            "select name from contacts where account_id = $1 and id = $2",
            account.0,
            conversation.contact.0,
        )
        .fetch_optional(conn)
        .await?,
        From::Agent(id) => sqlx::query_scalar!(
            "select u.name from agents a join users u on u.id = a.id where a.account_id = $1 and a.id = $2",
            account.0,
            id.0,
        )
        .fetch_optional(conn)
        .await?,
        From::Bot(id) => sqlx::query_scalar!(
            "select name from bots where account_id = $1 and id = $2",
            account.0,
            id.0,
        )
        .fetch_optional(conn)
        .await?,
    };
    Ok(name.unwrap_or_else(|| "System".to_owned()))
}

/// Notes something in a conversation that changes nothing of it.
pub async fn remark(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    text: String,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let mut conversation = conversations::lock(conn, account, conversation).await?;
                messages::insert_note(conn, account, &mut conversation, text, now).await
            })
        })
        .await
}
