//! Threads of messages, each with one contact.

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::conversation_changes::field;
use super::groups::Groups;
use super::lookups::{self, Asked, Lookup};
use super::{Error, Noun, Result, Store, events, reporting};
use crate::model::{
    AccountId, AgentId, Attributes, BotId, ContactId, ContactInboxId, Conversation, ConversationId,
    ConversationStatus, EndpointId, EventKind, InboxId, Priority, StreamId, TeamId,
};

/// A conversation to begin.
#[derive(Debug, Clone, Default)]
pub struct NewConversation {
    /// Where it stands; nobody's choice is pending where a bot serves the inbox, else open.
    pub status: Option<ConversationStatus>,
    /// The agent it is given to.
    pub assignee: Option<AgentId>,
    /// The team it is given to.
    pub team: Option<TeamId>,
    /// When a snoozed one comes back.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// What the server found out.
    pub additional_attributes: Attributes,
    /// What the account keeps.
    pub custom_attributes: Attributes,
}

/// How a chat client's conversation is reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamHandle {
    /// The visitor's handle.
    pub(super) stream: StreamId,
    /// Where the visitor's client hears of agents.
    pub(super) callback: Option<EndpointId>,
}

macro_rules! conversations {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Conversation,
            r#"select c.account_id as "account: AccountId", c.id as "id: ConversationId", c.uuid, c.inbox_id as "inbox: InboxId", c.contact_id as "contact: ContactId",
                      c.contact_inbox_id as "contact_inbox: ContactInboxId", c.status as "status: ConversationStatus",
                      c.priority as "priority: Priority", c.assignee_id as "assignee: AgentId",
                      c.assignee_bot_id as "assignee_bot: BotId", c.team_id as "team: TeamId",
                      c.muted, c.snoozed_until, c.additional_attributes, c.custom_attributes,
                      c.stream_id as "stream: StreamId", c.callback_endpoint_id as "callback_endpoint: EndpointId",
                      c.first_visitor_message_at, c.first_agent_message_at, c.last_message_at,
                      c.last_agent_id as "last_agent: AgentId", c.unread_count, c.waiting_since,
                      c.agent_last_seen_at, c.assignee_last_seen_at, c.contact_last_seen_at, c.last_activity_at,
                      c.created_at, c.updated_at
               from conversations c "# + $tail
            $(, $arg)*
        )
    };
}
pub(super) use conversations;

/// The conversation.
pub async fn get(store: &Store, account: AccountId, id: ConversationId) -> Result<Conversation> {
    let found = lookups::find(store, account, id.0).await?;
    found.ok_or(Error::NotFound(Noun::Conversation))
}

impl Lookup for Conversation {
    type Id = i64;

    fn asked(store: &Store) -> &Groups<Asked<Self>> {
        &store.conversations
    }

    fn place(&self) -> (AccountId, i64) {
        (self.account, self.id.0)
    }

    async fn find_all(store: &Store, accounts: &[i64], ids: &[i64]) -> Result<Vec<Self>> {
        let found = conversations!(
            "where (c.account_id, c.id) in (select * from unnest($1::bigint[], $2::bigint[]))",
            accounts,
            ids,
        )
        .fetch_all(&mut *store.read().await?)
        .await?;
        Ok(found)
    }
}

/// Begins a conversation through a way in, and tells of it.
pub(super) async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    way: ContactInboxId,
    new: NewConversation,
    handle: Option<StreamHandle>,
    now: DateTime<Utc>,
) -> Result<ConversationId> {
    let number = sqlx::query_scalar!(
        "update conversation_counters set last_number = last_number + 1 where account_id = $1 returning last_number",
        account.0,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound(Noun::Account))?;
    let id = sqlx::query_scalar!(
        r#"insert into conversations (account_id, id, uuid, inbox_id, contact_id, contact_inbox_id, status, assignee_id,
                                      team_id, snoozed_until, additional_attributes, custom_attributes, stream_id,
                                      callback_endpoint_id, last_activity_at, created_at, updated_at)
           select $1, $2, $3, w.inbox_id, w.contact_id, w.id,
                  coalesce($5, case when ct.blocked then 'resolved' when i.bot_id is not null then 'pending' else 'open' end),
                  $6, $7, $8, $9, $10, $11, $12, $13, $13, $13
           from contact_inboxes w
           join inboxes i on i.account_id = w.account_id and i.id = w.inbox_id and i.removed_at is null
           join contacts ct on ct.account_id = w.account_id and ct.id = w.contact_id
           where w.account_id = $1 and w.id = $4
           returning id as "id: ConversationId""#,
        account.0,
        number,
        Uuid::new_v4(),
        way.0,
        new.status.map(ConversationStatus::as_str),
        new.assignee.map(|id| id.0),
        new.team.map(|id| id.0),
        new.snoozed_until,
        serde_json::Value::from(new.additional_attributes),
        serde_json::Value::from(new.custom_attributes),
        handle.map(|handle| handle.stream.0),
        handle.and_then(|handle| handle.callback).map(|id| id.0),
        now,
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or(Error::NotFound(Noun::ContactInbox))?;
    let event = events::NewEvent::of_conversation(EventKind::ConversationCreated, id);
    events::append(conn, account, event, now).await?;
    Ok(id)
}

/// The conversation, held until the transaction ends: whatever is done to it is done one after the other.
pub(super) async fn lock(
    conn: &mut PgConnection,
    account: AccountId,
    id: ConversationId,
) -> Result<Conversation> {
    conversations!(
        "where c.account_id = $1 and c.id = $2 for no key update",
        account.0,
        id.0
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound(Noun::Conversation))
}

/// Of these conversations, each named by its account and its number, those that nobody holds; held as by [`lock`]. Where
/// the contact is heard, those are left out whose inbox may have an answer of its own.
pub(super) async fn lock_free(
    conn: &mut PgConnection,
    accounts: &[i64],
    ids: &[i64],
    heard: &[bool],
) -> Result<Vec<Conversation>> {
    Ok(conversations!(
        "join unnest($1::bigint[], $2::bigint[], $3::boolean[]) as q(account_id, id, heard)
              on c.account_id = q.account_id and c.id = q.id
         where not (q.heard and coalesce((
             select i.working_hours_enabled and i.out_of_office_message <> ''
                    or i.greeting_enabled and i.greeting_message <> '' and c.first_agent_message_at is null
                       and (select m.id from messages m
                            where m.account_id = c.account_id and m.conversation_id = c.id
                              and m.kind in ('outgoing', 'template') limit 1) is null
             from inboxes i where i.account_id = c.account_id and i.id = c.inbox_id), false))
         for no key update of c skip locked",
        accounts,
        ids,
        heard,
    )
    .fetch_all(conn)
    .await?)
}

/// Moves a locked conversation to a status and tells of it. Nothing happens if it is there already.
pub(super) async fn move_to(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &mut Conversation,
    status: ConversationStatus,
    snoozed_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    if conversation.status == status && conversation.snoozed_until == snoozed_until {
        return Ok(());
    }
    sqlx::query!(
        "update conversations set status = $3, snoozed_until = $4, updated_at = $5,
                resolved_at = case when $3 = 'resolved' then $5 else resolved_at end
         where account_id = $1 and id = $2",
        account.0,
        conversation.id.0,
        status.as_str(),
        snoozed_until,
        now,
    )
    .execute(&mut *conn)
    .await?;
    let previous = std::mem::replace(&mut conversation.status, status);
    let put_off = std::mem::replace(&mut conversation.snoozed_until, snoozed_until);
    conversation.updated_at = now;
    let mut changed = Vec::new();
    if previous != status {
        changed.push(field("status", previous.as_str(), status.as_str()));
    }
    if put_off != snoozed_until {
        changed.push(field(
            "snoozed_until",
            put_off.map(iso),
            snoozed_until.map(iso),
        ));
    }
    let changed = serde_json::Value::Array(changed);
    if previous != status {
        reporting::note_move(conn, account, conversation, previous, now).await?;
    }
    let reached = match status {
        ConversationStatus::Open if previous != status => Some(EventKind::ConversationOpened),
        ConversationStatus::Resolved if previous != status => Some(EventKind::ConversationResolved),
        ConversationStatus::Open
        | ConversationStatus::Resolved
        | ConversationStatus::Pending
        | ConversationStatus::Snoozed => None,
    };
    let told = [
        Some(EventKind::ConversationUpdated),
        (previous != status).then_some(EventKind::ConversationStatusChanged),
        reached,
    ];
    for kind in told.into_iter().flatten() {
        let event = events::NewEvent::of_conversation(kind, conversation.id).changing(&changed);
        events::append(conn, account, event, now).await?;
    }
    Ok(())
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
