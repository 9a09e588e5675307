//! Lists of conversations, filtered and sorted as an agent asks.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};

use super::access::Viewer;
use super::{Result, Store, filters};
use crate::model::{
    AccountId, AgentId, Condition, ContactId, ConversationField, ConversationId,
    ConversationStatus, InboxId, TeamId,
};

/// So many conversations are looked up one by one. Among more than these, whoever goes through all in their order soon
/// has a page.
const LOOKED_UP: usize = 2_000;

/// Which conversations to list.
#[derive(Debug, Clone)]
pub struct ConversationFilter {
    /// Whose eyes they are seen through.
    pub viewer: Viewer,
    /// Where they stand; all if `None`.
    pub status: Option<ConversationStatus>,
    /// Where they take place.
    pub inbox: Option<InboxId>,
    /// The team they are given to.
    pub team: Option<TeamId>,
    /// At least one of these labels, if there are any.
    pub labels: Vec<String>,
    /// The contact's id in the channel.
    pub source_id: Option<String>,
    /// Changed since then.
    pub updated_since: Option<DateTime<Utc>>,
    /// Only those whose contact waits for an answer.
    pub unattended: bool,
    /// With this contact.
    pub contact: Option<ContactId>,
    /// All that must hold of them.
    pub conditions: Vec<Condition<ConversationField>>,
    /// Only those in which a note named this agent.
    pub mentioned: Option<AgentId>,
    /// Only those that this agent follows.
    pub participant: Option<AgentId>,
    /// Only those among these, by their ids.
    pub among: Option<Vec<i64>>,
}

impl ConversationFilter {
    /// All that the viewer sees.
    pub fn all(viewer: Viewer) -> Self {
        Self {
            viewer,
            status: None,
            inbox: None,
            team: None,
            labels: Vec::new(),
            source_id: None,
            updated_since: None,
            unattended: false,
            contact: None,
            conditions: Vec::new(),
            mentioned: None,
            participant: None,
            among: None,
        }
    }
}

/// To whom the listed conversations are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    /// To anybody or nobody.
    Any,
    /// To this agent.
    To(AgentId),
    /// To somebody.
    Somebody,
    /// To nobody.
    Nobody,
}

/// In which order they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Newest activity first.
    Activity,
    /// Oldest activity first.
    ActivityAscending,
    /// Youngest first.
    Created,
    /// Oldest first.
    CreatedAscending,
    /// Most pressing first.
    Priority,
    /// Least pressing first.
    PriorityAscending,
    /// Most pressing first, of these the oldest.
    PriorityThenCreated,
    /// Who has waited least first.
    Waiting,
    /// Who has waited longest first.
    WaitingAscending,
    /// Unread ones first.
    Unread,
}

/// How many conversations a filter finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Given to the one who asks.
    pub mine: i64,
    /// Given to somebody.
    pub assigned: i64,
    /// Given to nobody.
    pub unassigned: i64,
    /// All.
    pub all: i64,
}

/// Counts what a filter finds; `me` is who asks.
pub async fn count(
    store: &Store,
    account: AccountId,
    filter: &ConversationFilter,
    me: AgentId,
) -> Result<Counts> {
    let mut query = QueryBuilder::new("select count(*) filter (where c.assignee_id = ");
    query.push_bind(me.0);
    query.push("), count(c.assignee_id), count(*) from conversations c ");
    push_filter(&mut query, account, filter);
    let (mine, assigned, all): (i64, i64, i64) = query
        .build_query_as()
        .fetch_one(&mut *store.read().await?)
        .await?;
    Ok(Counts {
        mine,
        assigned,
        unassigned: all - assigned,
        all,
    })
}

/// What a filter finds: `limit` conversations after the first `offset`.
pub async fn list(
    store: &Store,
    account: AccountId,
    filter: &ConversationFilter,
    assigned: Assigned,
    sort: Sort,
    (offset, limit): (i64, i64),
) -> Result<Vec<ConversationId>> {
    let mut query = QueryBuilder::new("select c.id from conversations c ");
    push_filter(&mut query, account, filter);
    match assigned {
        Assigned::Any => {}
        Assigned::To(agent) => {
            query.push(" and c.assignee_id = ").push_bind(agent.0);
        }
        Assigned::Somebody => {
            query.push(" and c.assignee_id is not null");
        }
        Assigned::Nobody => {
            query.push(" and c.assignee_id is null");
        }
    }
    query
        .push(order(sort))
        .push(" limit ")
        .push_bind(limit)
        .push(" offset ")
        .push_bind(offset);
    let ids = query
        .build_query_scalar()
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(ids)
}

/// Every value is bound; only these texts reach the statement.
fn push_filter(
    query: &mut QueryBuilder<Postgres>,
    account: AccountId,
    filter: &ConversationFilter,
) {
    query.push("where c.account_id = ").push_bind(account.0);
    if let Some(agent) = filter.viewer.member() {
        query.push(
            " and c.inbox_id in (select v.inbox_id from inbox_members v where v.account_id = c.account_id and v.agent_id = ",
        );
        query.push_bind(agent).push(")");
    }
    if let Some(status) = filter.status {
        query.push(" and c.status = ").push_bind(status.as_str());
    }
    if let Some(inbox) = filter.inbox {
        query.push(" and c.inbox_id = ").push_bind(inbox.0);
    }
    if let Some(team) = filter.team {
        query.push(" and c.team_id = ").push_bind(team.0);
    }
    if !filter.labels.is_empty() {
        query.push(
            " and exists (select from conversation_labels l where l.account_id = c.account_id
                          and l.conversation_id = c.id and l.title = any (",
        );
        query.push_bind(filter.labels.clone()).push("))");
    }
    if let Some(source_id) = &filter.source_id {
        query.push(
            " and c.contact_inbox_id in (select w.id from contact_inboxes w where w.account_id = c.account_id and w.source_id = ",
        );
        query.push_bind(source_id.clone()).push(")");
    }
    if let Some(since) = filter.updated_since {
        query.push(" and c.updated_at > ").push_bind(since);
    }
    if filter.unattended {
        query.push(" and (c.first_agent_message_at is null or c.waiting_since is not null)");
    }
    if let Some(contact) = filter.contact {
        query.push(" and c.contact_id = ").push_bind(contact.0);
    }
    filters::push(query, account, &filter.conditions);
    if let Some(agent) = filter.mentioned {
        query.push(
            " and exists (select from mentions n where n.account_id = c.account_id and n.conversation_id = c.id and n.agent_id = ",
        );
        query.push_bind(agent.0).push(")");
    }
    if let Some(agent) = filter.participant {
        query.push(
            " and exists (select from conversation_participants n where n.account_id = c.account_id
                          and n.conversation_id = c.id and n.agent_id = ",
        );
        query.push_bind(agent.0).push(")");
    }
    match &filter.among {
        Some(ids) if ids.len() <= LOOKED_UP => {
            query
                .push(" and c.id = any (")
                .push_bind(ids.clone())
                .push(")");
        }
        // Not to be made a join of: each conversation is looked for in a table of the ids.
        Some(ids) => {
            query.push(" and (c.id in (select unnest(");
            query.push_bind(ids.clone()).push("::bigint[]))) is true");
        }
        None => {}
    }
}

/// The id settles what the rest leaves open, so that pages do not overlap.
fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Activity => " order by c.active_minute desc, c.last_activity_at desc, c.id desc",
        Sort::ActivityAscending => " order by c.active_minute, c.last_activity_at, c.id",
        Sort::Created => " order by c.created_at desc, c.id desc",
        Sort::CreatedAscending => " order by c.created_at, c.id",
        Sort::Priority => {
            " order by array_position(array['urgent', 'high', 'medium', 'low'], c.priority), c.last_activity_at desc, c.id desc"
        }
        Sort::PriorityAscending => {
            " order by array_position(array['low', 'medium', 'high', 'urgent'], c.priority), c.last_activity_at desc, c.id desc"
        }
        Sort::PriorityThenCreated => {
            " order by array_position(array['urgent', 'high', 'medium', 'low'], c.priority), c.created_at, c.id"
        }
        Sort::Waiting => " order by c.waiting_since desc nulls last, c.created_at, c.id",
        Sort::WaitingAscending => " order by c.waiting_since nulls last, c.created_at, c.id",
        Sort::Unread => " order by (c.unread_count > 0) desc, c.last_activity_at desc, c.id desc",
    }
}
