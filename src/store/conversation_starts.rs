//! Conversations that somebody inside begins: the way in, the conversation and its first message, all or nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::conversations::{self, NewConversation};
use super::messages::{self, NewMessage};
use super::{Error, Noun, Once, Result, Store, auto_assignment, contacts};
use crate::model::{
    AccountId, AgentId, ContactId, ContactInboxId, ConversationId, InboxId, TeamId,
};

/// Through which way in a conversation begins.
#[derive(Debug, Clone)]
pub enum Through {
    /// One that is there.
    Way(ContactInboxId),
    /// A contact's way into an inbox, made if it has none.
    Contact {
        /// Whose.
        contact: ContactId,
        /// Into where.
        inbox: InboxId,
        /// The contact's id in the channel; any of the contact's, or else a random one, if nobody says.
        source_id: Option<String>,
        /// Whether the way counts as proved from now on.
        hmac_verified: bool,
    },
}

/// A conversation to begin.
#[derive(Debug, Clone)]
pub struct Start {
    /// Through which way in.
    pub through: Through,
    /// What it begins with.
    pub new: NewConversation,
    /// What is said first.
    pub message: Option<NewMessage>,
}

/// Begins a conversation. Where a contact has one conversation for good, that one is given back if it exists.
pub async fn start(
    store: &Store,
    account: AccountId,
    start: Start,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<ConversationId> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                let id = begin(conn, account, start, now).await?;
                Ok(id.0)
            })
        })
        .await?;
    Ok(ConversationId(id))
}

async fn begin(
    conn: &mut PgConnection,
    account: AccountId,
    start: Start,
    now: DateTime<Utc>,
) -> Result<ConversationId> {
    require_assignees(conn, account, start.new.assignee, start.new.team).await?;
    let way = ensure_way(conn, account, start.through, now).await?;
    let (id, is_new) = match find_only(conn, account, way).await? {
        Some(id) => (id, false),
        None => (
            conversations::insert(conn, account, way, start.new, None, now).await?,
            true,
        ),
    };
    let mut conversation = conversations::lock(conn, account, id).await?;
    if is_new {
        auto_assignment::give(conn, account, &mut conversation, now).await?;
    }
    if let Some(message) = start.message {
        messages::insert(conn, account, &mut conversation, message, now).await?;
    }
    Ok(id)
}

async fn require_assignees(
    conn: &mut PgConnection,
    account: AccountId,
    agent: Option<AgentId>,
    team: Option<TeamId>,
) -> Result<()> {
    let found = sqlx::query!(
        r#"select $2::bigint is null or exists (select from agents where account_id = $1 and id = $2 and removed_at is null) as "agent!",
                  $3::bigint is null or exists (select from teams where account_id = $1 and id = $3) as "team!""#,
        account.0,
        agent.map(|id| id.0),
        team.map(|id| id.0),
    )
    .fetch_one(conn)
    .await?;
    if !found.agent {
        return Err(Error::NotFound(Noun::Agent));
    }
    if !found.team {
        return Err(Error::NotFound(Noun::Team));
    }
    Ok(())
}

async fn ensure_way(
    conn: &mut PgConnection,
    account: AccountId,
    through: Through,
    now: DateTime<Utc>,
) -> Result<ContactInboxId> {
    let (contact, inbox, source_id, hmac_verified) = match through {
        Through::Way(id) => return Ok(id),
        Through::Contact {
            contact,
            inbox,
            source_id,
            hmac_verified,
        } => (contact, inbox, source_id, hmac_verified),
    };
    let id = match source_id {
        None => contacts::ensure_way(conn, account, contact, inbox, now).await?,
        Some(source_id) => {
            ensure_way_with(conn, account, (contact, inbox), &source_id, now).await?
        }
    };
    if hmac_verified {
        verify_way(conn, account, id, now).await?;
    }
    Ok(id)
}

/// The contact's way into the inbox with this source id. Somebody else's is refused by its constraint.
async fn ensure_way_with(
    conn: &mut PgConnection,
    account: AccountId,
    (contact, inbox): (ContactId, InboxId),
    source_id: &str,
    now: DateTime<Utc>,
) -> Result<ContactInboxId> {
    let found = sqlx::query_scalar!(
        r#"select id as "id: ContactInboxId" from contact_inboxes
           where account_id = $1 and inbox_id = $2 and source_id = $3 and contact_id = $4"#,
        account.0,
        inbox.0,
        source_id,
        contact.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match found {
        Some(id) => Ok(id),
        None => contacts::insert_way(conn, account, contact, inbox, source_id, now).await,
    }
}

async fn verify_way(
    conn: &mut PgConnection,
    account: AccountId,
    id: ContactInboxId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update contact_inboxes set hmac_verified = true, updated_at = $3
         where account_id = $1 and id = $2 and not hmac_verified",
        account.0,
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest conversation of a way into an inbox that keeps to one. The way is locked, so that two that begin at once
/// find the same.
async fn find_only(
    conn: &mut PgConnection,
    account: AccountId,
    way: ContactInboxId,
) -> Result<Option<ConversationId>> {
    let locked = sqlx::query_scalar!(
        "select w.id from contact_inboxes w
         join inboxes i on i.account_id = w.account_id and i.id = w.inbox_id and i.lock_to_single_conversation
         where w.account_id = $1 and w.id = $2 for no key update of w",
        account.0,
        way.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if locked.is_none() {
        return Ok(None);
    }
    let id = sqlx::query_scalar!(
        r#"select id as "id: ConversationId" from conversations
           where account_id = $1 and contact_inbox_id = $2 order by id desc limit 1"#,
        account.0,
        way.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}
