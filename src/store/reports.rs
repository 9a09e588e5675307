//! Figures of an account, in sums that add up: whoever shows them by day, week or month of some time zone adds quarters
//! of an hour.

use chrono::{DateTime, Utc};

use super::{Result, Store};
use crate::model::{AccountId, AgentId, InboxId, ReportingFact, TeamId};

/// What is reported on; all of the account, if nothing is chosen. Labels and teams are those that a conversation has now.
#[derive(Debug, Clone, Default)]
pub struct Subject {
    /// What this agent did, or was given.
    pub agent: Option<AgentId>,
    /// What happened in this inbox.
    pub inbox: Option<InboxId>,
    /// What this team was given.
    pub team: Option<TeamId>,
    /// What carries this label.
    pub label: Option<String>,
}

/// From when to when, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub since: DateTime<Utc>,
    /// To when.
    pub until: DateTime<Utc>,
}

/// What there is to say of a quarter of an hour, or of one of several.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// How often.
    pub count: i64,
    /// How many seconds in all.
    pub seconds: f64,
}

impl Sum {
    /// So many, of which nothing was timed.
    fn of(count: i64) -> Self {
        Self {
            count,
            seconds: 0.0,
        }
    }
}

/// A quarter of an hour and its sum.
pub type Quarter = (DateTime<Utc>, Sum);

/// By what an account is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Division {
    /// By who did it, or was given it.
    Agents,
    /// By where it happened.
    Inboxes,
    /// By the team that was given it.
    Teams,
    /// By label: what carries two counts for both.
    Labels,
}

/// Which messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From contacts.
    Incoming,
    /// From agents and bots.
    Outgoing,
}

/// How many conversations stand where, at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Live {
    /// Open.
    pub open: i64,
    /// Open, and the contact waits for an answer or never had one.
    pub unattended: i64,
    /// Open and nobody's.
    pub unassigned: i64,
    /// With a bot.
    pub pending: i64,
}

/// What bots did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BotFigures {
    /// Conversations that began in inboxes which a bot serves.
    pub conversations: i64,
    /// What was said in them to contacts.
    pub messages: i64,
    /// Those that were resolved without an agent.
    pub resolved: i64,
    /// Those that were handed over.
    pub handed_over: i64,
}

impl Sum {
    /// Seconds each time; `None` if it never was.
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn average(self) -> Option<f64> {
        (self.count > 0).then(|| self.seconds / self.count as f64)
    }
}

impl std::ops::AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.seconds += other.seconds;
    }
}

impl Division {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Inboxes => "inboxes",
            Self::Teams => "teams",
            Self::Labels => "labels",
        }
    }
}

/// What is told of facts of one kind, of one subject and in a span.
macro_rules! facts_about {
    ($select:literal, $tail:literal, $account:expr, $kind:expr, $subject:expr, $span:expr $(,)?) => {
        sqlx::query!(
            "select " + $select + r#"
             from reporting_facts f
             join conversations c on c.account_id = f.account_id and c.id = f.conversation_id
             where f.account_id = $1 and f.kind = $2 and f.happened_at between $3 and $4
               and ($5::bigint is null or f.agent_id = $5) and ($6::bigint is null or f.inbox_id = $6)
               and ($7::bigint is null or c.team_id = $7)
               and ($8::text is null or exists (select from conversation_labels l
                        where l.account_id = c.account_id and l.conversation_id = c.id and l.title = $8)) "# + $tail,
            $account.0,
            $kind.as_str(),
            $span.since,
            $span.until,
            $subject.agent.map(|id| id.0),
            $subject.inbox.map(|id| id.0),
            $subject.team.map(|id| id.0),
            $subject.label,
        )
    };
}
pub(super) use facts_about;

/// What is told of facts in a span, after the id of the part of the account that each belongs to.
macro_rules! facts_by_part {
    ($select:literal, $tail:literal, $account:expr, $division:expr, $span:expr $(,)?) => {
        sqlx::query!(
            "select case $2 when 'agents' then f.agent_id when 'inboxes' then f.inbox_id when 'teams' then c.team_id
                            else l.id end as part, " + $select + r#"
             from reporting_facts f
             join conversations c on c.account_id = f.account_id and c.id = f.conversation_id
             left join conversation_labels cl on $2 = 'labels' and cl.account_id = c.account_id and cl.conversation_id = c.id
             left join labels l on l.account_id = cl.account_id and l.title = cl.title
             where f.account_id = $1 and f.happened_at between $3 and $4 "# + $tail,
            $account.0,
            $division.as_str(),
            $span.since,
            $span.until,
        )
    };
}
pub(super) use facts_by_part;

/// Facts of one kind, by the quarter of an hour.
pub async fn facts(
    store: &Store,
    account: AccountId,
    kind: ReportingFact,
    subject: &Subject,
    span: Span,
) -> Result<Vec<Quarter>> {
    let rows = facts_about!(
        r#"date_bin('15 minutes', f.happened_at, 'epoch') as "quarter!", count(*) as "count!", sum(f.seconds) as "seconds!""#,
        "group by 1 order by 1",
        account,
        kind,
        subject,
        span,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let sum = |count, seconds| Sum { count, seconds };
    Ok(rows
        .into_iter()
        .map(|row| (row.quarter, sum(row.count, row.seconds)))
        .collect())
}

/// Messages, by the quarter of an hour. Those of the quarters in which the span begins and ends count in full.
pub async fn messages(
    store: &Store,
    account: AccountId,
    direction: Direction,
    subject: &Subject,
    span: Span,
) -> Result<Vec<Quarter>> {
    let rows = sqlx::query!(
        r#"select t.quarter, sum(case when $2 then t.incoming else t.outgoing end)::bigint as "count!"
           from message_tallies t
           left join conversations c on c.account_id = t.account_id and c.id = t.conversation_id
           where t.account_id = $1 and t.quarter between date_bin('15 minutes', $3, 'epoch') and $4
             and ($5::bigint is null or t.agent_id = $5) and ($6::bigint is null or t.inbox_id = $6)
             and ($7::bigint is null or c.team_id = $7)
             and ($8::text is null or exists (select from conversation_labels l
                      where l.account_id = t.account_id and l.conversation_id = t.conversation_id and l.title = $8))
           group by 1 order by 1"#,
        account.0,
        direction == Direction::Incoming,
        span.since,
        span.until,
        subject.agent.map(|id| id.0),
        subject.inbox.map(|id| id.0),
        subject.team.map(|id| id.0),
        subject.label,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let quarters = rows.into_iter();
    Ok(quarters
        .map(|row| (row.quarter, Sum::of(row.count)))
        .collect())
}

/// Conversations that began, by the quarter of an hour.
pub async fn conversations(
    store: &Store,
    account: AccountId,
    subject: &Subject,
    span: Span,
) -> Result<Vec<Quarter>> {
    let rows = sqlx::query!(
        r#"select date_bin('15 minutes', c.created_at, 'epoch') as "quarter!", count(*) as "count!"
           from conversations c
           where c.account_id = $1 and c.created_at between $2 and $3
             and ($4::bigint is null or c.assignee_id = $4) and ($5::bigint is null or c.inbox_id = $5)
             and ($6::bigint is null or c.team_id = $6)
             and ($7::text is null or exists (select from conversation_labels l
                      where l.account_id = c.account_id and l.conversation_id = c.id and l.title = $7))
           group by 1 order by 1"#,
        account.0,
        span.since,
        span.until,
        subject.agent.map(|id| id.0),
        subject.inbox.map(|id| id.0),
        subject.team.map(|id| id.0),
        subject.label,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let quarters = rows.into_iter();
    Ok(quarters
        .map(|row| (row.quarter, Sum::of(row.count)))
        .collect())
}

/// Facts of each part of the account: the part's id, the kind, and the sum.
pub async fn facts_of_each(
    store: &Store,
    account: AccountId,
    division: Division,
    span: Span,
) -> Result<Vec<(i64, ReportingFact, Sum)>> {
    let rows = facts_by_part!(
        r#"f.kind as "kind: ReportingFact", count(*) as "count!", sum(f.seconds) as "seconds!""#,
        "group by 1, 2",
        account,
        division,
        span,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let found = rows.into_iter().filter_map(|row| {
        let (count, seconds) = (row.count, row.seconds);
        Some((row.part?, row.kind, Sum { count, seconds }))
    });
    Ok(found.collect())
}

/// How many conversations began in each part of the account.
pub async fn conversations_of_each(
    store: &Store,
    account: AccountId,
    division: Division,
    span: Span,
) -> Result<Vec<(i64, i64)>> {
    let rows = sqlx::query!(
        r#"select case $2 when 'agents' then c.assignee_id when 'inboxes' then c.inbox_id when 'teams' then c.team_id
                          else l.id end as part, count(*) as "count!"
           from conversations c
           left join conversation_labels cl on $2 = 'labels' and cl.account_id = c.account_id and cl.conversation_id = c.id
           left join labels l on l.account_id = cl.account_id and l.title = cl.title
           where c.account_id = $1 and c.created_at between $3 and $4
           group by 1"#,
        account.0,
        division.as_str(),
        span.since,
        span.until,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let found = rows
        .into_iter()
        .filter_map(|row| Some((row.part?, row.count)));
    Ok(found.collect())
}

/// How many messages went out in each part of the account.
pub async fn outgoing_of_each(
    store: &Store,
    account: AccountId,
    division: Division,
    span: Span,
) -> Result<Vec<(i64, i64)>> {
    let rows = sqlx::query!(
        r#"select case $2 when 'agents' then nullif(t.agent_id, 0) when 'inboxes' then t.inbox_id when 'teams' then c.team_id
                          else l.id end as part, sum(t.outgoing)::bigint as "count!"
           from message_tallies t
           left join conversations c on c.account_id = t.account_id and c.id = t.conversation_id
           left join conversation_labels cl on $2 = 'labels' and cl.account_id = c.account_id and cl.conversation_id = c.id
           left join labels l on l.account_id = cl.account_id and l.title = cl.title
           where t.account_id = $1 and t.quarter between date_bin('15 minutes', $3, 'epoch') and $4
           group by 1"#,
        account.0,
        division.as_str(),
        span.since,
        span.until,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let found = rows
        .into_iter()
        .filter_map(|row| Some((row.part?, row.count)));
    Ok(found.collect())
}

/// Where conversations stand, of the account or of one team.
pub async fn live(store: &Store, account: AccountId, team: Option<TeamId>) -> Result<Live> {
    let live = sqlx::query_as!(
        Live,
        r#"select count(*) filter (where status = 'open') as "open!",
                  count(*) filter (where status = 'open' and (first_agent_message_at is null or waiting_since is not null))
                      as "unattended!",
                  count(*) filter (where status = 'open' and assignee_id is null) as "unassigned!",
                  count(*) filter (where status = 'pending') as "pending!"
           from conversations
           where account_id = $1 and status in ('open', 'pending') and ($2::bigint is null or team_id = $2)"#,
        account.0,
        team.map(|id| id.0),
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(live)
}

/// Open conversations of each agent who has any: how many, and how many of them wait for an answer.
pub async fn live_of_agents(store: &Store, account: AccountId) -> Result<Vec<(AgentId, Live)>> {
    let rows = sqlx::query!(
        r#"select assignee_id as "agent!: AgentId", count(*) as "open!",
                  count(*) filter (where first_agent_message_at is null or waiting_since is not null) as "unattended!"
           from conversations where account_id = $1 and status = 'open' and assignee_id is not null
           group by 1 order by 1"#,
        account.0,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let live = |open, unattended| Live {
        open,
        unattended,
        ..Live::default()
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.agent, live(row.open, row.unattended)))
        .collect())
}

/// What bots did.
pub async fn bot_figures(store: &Store, account: AccountId, span: Span) -> Result<BotFigures> {
    let figures = sqlx::query_as!(
        BotFigures,
        r#"with served as (
               select c.id from conversations c
               join inboxes i on i.account_id = c.account_id and i.id = c.inbox_id and i.bot_id is not null
               where c.account_id = $1 and c.created_at between $2 and $3)
           select (select count(*) from served) as "conversations!",
                  (select coalesce(sum(t.outgoing), 0)::bigint from message_tallies t
                   where t.account_id = $1 and t.quarter between date_bin('15 minutes', $2, 'epoch') and $3
                     and t.conversation_id in (select id from served)) as "messages!",
                  (select count(distinct f.conversation_id) from reporting_facts f
                   where f.account_id = $1 and f.kind = 'bot_resolution' and f.happened_at between $2 and $3) as "resolved!",
                  (select count(distinct f.conversation_id) from reporting_facts f
                   where f.account_id = $1 and f.kind = 'bot_handoff' and f.happened_at between $2 and $3) as "handed_over!""#,
        account.0,
        span.since,
        span.until,
    )
    .fetch_one(&mut *store.read().await?)
    .await?;
    Ok(figures)
}
