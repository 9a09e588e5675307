//! Who may hear live of what happens: looked up when it is told, so that whoever lost access hears nothing more.

use std::collections::{HashMap, HashSet};

use super::{Result, Store};
use crate::model::{AccountId, AgentId, ContactId, ContactInboxId, ConversationId, InboxId, Role};

/// The agents of an account, and which inboxes are open to each.
#[derive(Debug, Clone, Default)]
pub struct Insiders {
    administrators: HashSet<AgentId>,
    agents: HashSet<AgentId>,
    members: HashSet<(InboxId, AgentId)>,
}

impl Insiders {
    /// Whether the agent is of the account.
    pub fn includes(&self, agent: AgentId) -> bool {
        self.administrators.contains(&agent) || self.agents.contains(&agent)
    }

    /// Whether the inbox is open to the agent.
    pub fn opens(&self, inbox: InboxId, agent: AgentId) -> bool {
        self.administrators.contains(&agent)
            || self.agents.contains(&agent) && self.members.contains(&(inbox, agent))
    }
}

/// Of these agents, those who are of the account, with their inboxes.
pub async fn insiders(store: &Store, account: AccountId, agents: &[i64]) -> Result<Insiders> {
    if agents.is_empty() {
        return Ok(Insiders::default());
    }
    let rows = sqlx::query!(
        r#"select a.id as "id: AgentId", a.role as "role: Role",
                  array(select m.inbox_id from inbox_members m
                        where m.account_id = a.account_id and m.agent_id = a.id) as "inboxes!"
           from agents a where a.account_id = $1 and a.id = any ($2) and a.removed_at is null"#,
        account.0,
        agents,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let mut insiders = Insiders::default();
    for row in rows {
        match row.role {
            Role::Administrator => insiders.administrators.insert(row.id),
            Role::Agent => insiders.agents.insert(row.id),
        };
        let inboxes = row.inboxes.into_iter();
        insiders
            .members
            .extend(inboxes.map(|inbox| (InboxId(inbox), row.id)));
    }
    Ok(insiders)
}

/// The ways in through which the contact of each conversation hears of it: its own, or every proved one if it is proved.
pub async fn ways_told(
    store: &Store,
    account: AccountId,
    conversations: &[i64],
) -> Result<HashMap<ConversationId, Vec<ContactInboxId>>> {
    let rows = sqlx::query!(
        r#"select c.id as "id: ConversationId", w.id as "way: ContactInboxId"
           from conversations c
           join contact_inboxes own on own.account_id = c.account_id and own.id = c.contact_inbox_id
           join contact_inboxes w on w.account_id = own.account_id and w.contact_id = own.contact_id
                and (w.id = own.id or own.hmac_verified and w.hmac_verified)
           where c.account_id = $1 and c.id = any ($2) order by w.id"#,
        account.0,
        conversations,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let mut told: HashMap<ConversationId, Vec<ContactInboxId>> = HashMap::new();
    for row in rows {
        told.entry(row.id).or_default().push(row.way);
    }
    Ok(told)
}

/// A contact's own stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactStream {
    /// Of which account.
    pub account: AccountId,
    /// Through which way in.
    pub way: ContactInboxId,
    /// Whose.
    pub contact: ContactId,
}

/// The stream that a contact's token opens. It comes without an account, and this establishes it.
pub async fn find_contact_stream(store: &Store, token: &str) -> Result<Option<ContactStream>> {
    let stream = sqlx::query_as!(
        ContactStream,
        r#"select w.account_id as "account: AccountId", w.id as "way: ContactInboxId", w.contact_id as "contact: ContactId"
           from contact_inboxes w
           join accounts a on a.id = w.account_id and a.status = 'active'
           where w.pubsub_token = $1 limit 1"#,
        token,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(stream)
}
