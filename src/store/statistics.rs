//! Which conversations began in a span of time, and how they went. Read from the conversations' own rows and what hangs
//! on them, never from the messages, and a batch at a time.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Result, Store, page_filters};
use crate::model::{AccountId, AgentId, ConversationId, PageFilterId, PagePattern};

/// Which conversations to look at. What is `None` picks nothing out.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Begun at this moment or later.
    pub from: DateTime<Utc>,
    /// Begun before this moment.
    pub until: DateTime<Utc>,
    /// Answered by one of these agents.
    pub agents: Option<Vec<AgentId>>,
    /// One of these.
    pub conversations: Option<Vec<ConversationId>>,
    /// With a visited page that one of these looks for; empty picks nothing out.
    pub page_filters: Vec<PageFilterId>,
}

/// A conversation that began in the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// The conversation.
    pub id: ConversationId,
    /// When it began.
    pub created_at: DateTime<Utc>,
}

/// How a conversation went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statistics {
    /// The conversation.
    pub conversation: ConversationId,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// The agent who answered last, else the one it is given to.
    pub agent_name: Option<String>,
    /// That agent's e-mail address.
    pub agent_email: Option<String>,
    /// What the first page view says of where the visitor came from.
    pub traffic_type: Option<String>,
    /// The search engine of an organic visit.
    pub search_engine: Option<String>,
    /// The last page.
    pub exit_page: Option<String>,
    /// The browser there.
    pub browser: Option<String>,
    /// The operating system there.
    pub os: Option<String>,
    /// The city there.
    pub city: Option<String>,
    /// The country there.
    pub country: Option<String>,
    /// The conversation's labels, oldest first.
    pub labels: Vec<String>,
    /// The contact's labels, oldest first.
    pub tags: Vec<String>,
    /// The contact's rating.
    pub rating: Option<i16>,
    /// The contact's first message.
    pub first_visitor_message_at: Option<DateTime<Utc>>,
    /// The first message of an agent.
    pub first_agent_message_at: Option<DateTime<Utc>>,
    /// The last message of either.
    pub last_message_at: Option<DateTime<Utc>>,
}

impl Statistics {
    /// From the contact's first message to the last of all, if an agent answered.
    pub fn duration(&self) -> Option<TimeDelta> {
        self.since_visitor(self.first_agent_message_at.and(self.last_message_at)?)
    }

    /// From the contact's first message to the first of an agent; none at all where the agent began.
    pub fn response_time(&self) -> Option<TimeDelta> {
        self.since_visitor(self.first_agent_message_at?)
    }

    fn since_visitor(&self, at: DateTime<Utc>) -> Option<TimeDelta> {
        Some((at - self.first_visitor_message_at?).max(TimeDelta::zero()))
    }
}

/// Reads the conversations that a filter picks, oldest first. Between two batches it holds no connection, however long
/// its reader takes.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    account: AccountId,
    filter: Filter,
    patterns: Vec<PagePattern>,
    /// The last conversation read; `None` at the end.
    last: Option<Started>,
}

impl Reader {
    /// How many conversations are read at once.
    const BATCH: i64 = 200;

    /// A reader at the beginning of the span. A page filter that the account does not have is not found.
    pub async fn open(store: Store, account: AccountId, filter: Filter) -> Result<Self> {
        let patterns = if filter.page_filters.is_empty() {
            Vec::new()
        } else {
            page_filters::patterns(&store, account, &filter.page_filters).await?
        };
        let last = Some(Started {
            id: ConversationId(0),
            created_at: filter.from,
        });
        Ok(Self {
            store,
            account,
            filter,
            patterns,
            last,
        })
    }

    /// The next conversations; `None` at the end. A batch in which page filters left nothing is empty: the caller may
    /// begin its answer however seldom they match.
    pub async fn next_started(&mut self) -> Result<Option<Vec<Started>>> {
        let Some(last) = self.last else {
            return Ok(None);
        };
        let mut batch = list_started(&self.store, self.account, &self.filter, last).await?;
        let full = batch.len() as i64 == Self::BATCH;
        self.last = batch.last().copied().filter(|_| full);
        if !self.filter.page_filters.is_empty() && !batch.is_empty() {
            let ids: Vec<i64> = batch.iter().map(|started| started.id.0).collect();
            let found =
                page_filters::matching(&self.store, self.account, &ids, &self.patterns).await?;
            batch.retain(|started| found.contains(&started.id));
        }
        Ok(Some(batch))
    }

    /// How the next conversations went; `None` at the end.
    pub async fn next_statistics(&mut self) -> Result<Option<Vec<Statistics>>> {
        let Some(batch) = self.next_started().await? else {
            return Ok(None);
        };
        if batch.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let ids: Vec<i64> = batch.iter().map(|started| started.id.0).collect();
        list(&self.store, self.account, &ids).await.map(Some)
    }
}

async fn list_started(
    store: &Store,
    account: AccountId,
    filter: &Filter,
    after: Started,
) -> Result<Vec<Started>> {
    let agents: Option<Vec<i64>> = filter
        .agents
        .as_ref()
        .map(|ids| ids.iter().map(|id| id.0).collect());
    let conversations: Option<Vec<i64>> = filter
        .conversations
        .as_ref()
        .map(|ids| ids.iter().map(|id| id.0).collect());
    let batch = sqlx::query_as!(
        Started,
        r#"select c.id as "id: ConversationId", c.created_at from conversations c
           where c.account_id = $1 and (c.created_at, c.id) > ($2, $3) and c.created_at < $4
             and ($5::bigint[] is null or c.id = any ($5))
             and ($6::bigint[] is null or exists (
                 select from messages m where m.account_id = c.account_id and m.conversation_id = c.id
                    and m.agent_id = any ($6) and m.kind = 'outgoing' and not m.private))
           order by c.created_at, c.id limit $7"#,
        account.0,
        after.created_at,
        after.id.0,
        filter.until,
        conversations.as_deref(),
        agents.as_deref(),
        Reader::BATCH,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(batch)
}

async fn list(store: &Store, account: AccountId, ids: &[i64]) -> Result<Vec<Statistics>> {
    let rows = sqlx::query_as!(
        Statistics,
        r#"select c.id as "conversation: ConversationId", c.created_at, u.name as "agent_name?", u.email as "agent_email?",
                  f.traffic_type as "traffic_type?", f.search_engine as "search_engine?", l.page_url as "exit_page?",
                  l.browser as "browser?", l.os as "os?", l.city as "city?", l.country as "country?",
                  array(select t.title from conversation_labels t
                        where t.account_id = c.account_id and t.conversation_id = c.id
                        order by t.created_at, t.title) as "labels!",
                  array(select t.title from contact_labels t
                        where t.account_id = c.account_id and t.contact_id = c.contact_id
                        order by t.created_at, t.title) as "tags!",
                  r.rating as "rating?", c.first_visitor_message_at, c.first_agent_message_at, c.last_message_at
           from conversations c
           left join users u on u.id = coalesce(c.last_agent_id, c.assignee_id)
           left join ratings r on r.account_id = c.account_id and r.conversation_id = c.id
           left join lateral (select v.traffic_type, v.search_engine from visits v
                              where v.account_id = c.account_id and v.conversation_id = c.id
                              order by v.visited_at, v.id limit 1) f on true
           left join lateral (select v.page_url, v.browser, v.os, v.city, v.country from visits v
                              where v.account_id = c.account_id and v.conversation_id = c.id
                              order by v.visited_at desc, v.id desc limit 1) l on true
           where c.account_id = $1 and c.id = any ($2) order by c.created_at, c.id"#,
        account.0,
        ids,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(rows)
}
