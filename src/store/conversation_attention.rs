//! What agents have seen of conversations, and what they have not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::access::Viewer;
use super::signals::{self, Signal};
use super::{Result, Store};
use crate::model::{AccountId, AgentId, ConversationId};

/// Keeps that an agent looked into a conversation. Where nothing is unread, that is kept once an hour at most: agents go
/// back and forth between conversations.
pub async fn see(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    agent: AgentId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let seen = sqlx::query!(
                    "update conversations set agent_last_seen_at = $4, unread_count = 0,
                            assignee_last_seen_at = case when assignee_id = $3 then $4 else assignee_last_seen_at end
                     where account_id = $1 and id = $2
                       and (unread_count > 0
                            or coalesce(agent_last_seen_at < $4::timestamptz - interval '1 hour', true)
                            or assignee_id = $3
                               and coalesce(assignee_last_seen_at < greatest($4::timestamptz - interval '1 hour', last_message_at), true))",
                    account.0,
                    conversation.0,
                    agent.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                if seen.rows_affected() == 0 {
                    return Ok(());
                }
                signals::tell(conn, account, Signal::Unread { conversation }, now).await
            })
        })
        .await
}

/// Makes a conversation unread from its contact's last message on.
pub async fn mark_unread(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                sqlx::query!(
                    "with seen as (
                         select (select created_at - interval '1 second' from messages
                                 where account_id = $1 and conversation_id = $2 and kind = 'incoming'
                                 order by id desc limit 1) as at)
                     update conversations set agent_last_seen_at = seen.at, assignee_last_seen_at = seen.at,
                            unread_count = (
                                select count(*) from (
                                    select from messages
                                    where account_id = $1 and conversation_id = $2 and kind = 'incoming'
                                      and created_at > seen.at
                                    order by id desc limit 100) as unread)
                     from seen where account_id = $1 and id = $2",
                    account.0,
                    conversation.0,
                )
                .execute(&mut *conn)
                .await?;
                signals::tell(conn, account, Signal::Unread { conversation }, now).await
            })
        })
        .await
}

/// How many open conversations have unread messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnreadCounts {
    /// In all.
    pub all: i64,
    /// By the inbox's id.
    pub inboxes: BTreeMap<i64, i64>,
    /// By the id of a label that is defined.
    pub labels: BTreeMap<i64, i64>,
    /// By the team's id.
    pub teams: BTreeMap<i64, i64>,
}

/// Counts unread conversations as somebody sees them.
pub async fn count_unread(
    store: &Store,
    account: AccountId,
    viewer: Viewer,
) -> Result<UnreadCounts> {
    let rows = sqlx::query!(
        r#"with unread as materialized (
               select c.id, c.inbox_id, c.team_id from conversations c
               where c.account_id = $1 and c.status = 'open' and c.unread_count > 0
                 and ($2::bigint is null or exists (
                     select from inbox_members v
                     where v.account_id = $1 and v.inbox_id = c.inbox_id and v.agent_id = $2)))
           select 'all' as "of!", 0::bigint as "id!", count(*) as "count!" from unread
           union all select 'inbox', inbox_id, count(*) from unread group by inbox_id
           union all select 'team', team_id, count(*) from unread where team_id is not null group by team_id
           union all select 'label', l.id, count(*) from unread u
                     join conversation_labels t on t.account_id = $1 and t.conversation_id = u.id
                     join labels l on l.account_id = $1 and l.title = t.title group by l.id"#,
        account.0,
        viewer.member(),
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let mut counts = UnreadCounts::default();
    for row in rows {
        match row.of.as_str() {
            "inbox" => counts.inboxes.insert(row.id, row.count),
            "team" => counts.teams.insert(row.id, row.count),
            "label" => counts.labels.insert(row.id, row.count),
            _ => {
                counts.all = row.count;
                None
            }
        };
    }
    Ok(counts)
}
