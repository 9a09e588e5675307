//! Pages that visitors looked at.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Error, Noun, Result, Store};
use crate::model::{AccountId, ConversationId, Traffic, UserAgent, Visit, VisitId};

/// A page view to record.
#[derive(Debug, Clone, Default)]
pub struct NewVisit {
    /// The page.
    pub page_url: String,
    /// The page that led to it.
    pub referrer: Option<String>,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
    /// City, or empty.
    pub city: String,
    /// Country, or empty.
    pub country: String,
    /// When, if not now.
    pub visited_at: Option<DateTime<Utc>>,
}

macro_rules! visits {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            Visit,
            r#"select id as "id: VisitId", page_url, referrer, traffic_type, search_engine, browser, os, city, country, visited_at
               from visits "# + $tail
            $(, $arg)*
        )
    };
}

/// Records a page view of a conversation's visitor. Nobody is told of it: receivers would hear of every click. The first
/// one also stands among the conversation's attributes, where nothing else does.
///
/// Its id is drawn from the messages' numbers, so that a transcript can show both under one kind of id.
pub async fn record(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    new: NewVisit,
    now: DateTime<Utc>,
) -> Result<VisitId> {
    let traffic = Traffic::of(&new.page_url, new.referrer.as_deref());
    let agent = new
        .user_agent
        .as_deref()
        .map(UserAgent::parse)
        .unwrap_or_default();
    store
        .write(move |conn| {
            Box::pin(async move {
                let opened = opened(&new, &agent, now);
                let id = sqlx::query_scalar!(
                    r#"insert into visits (account_id, id, conversation_id, page_url, referrer, traffic_type, search_engine,
                                           browser, os, city, country, visited_at)
                       select c.account_id, nextval(pg_get_serial_sequence('messages', 'id')), c.id,
                              $3, $4, $5, $6, $7, $8, $9, $10, $11
                       from conversations c where c.account_id = $1 and c.id = $2
                       returning id as "id: VisitId""#,
                    account.0,
                    conversation.0,
                    new.page_url,
                    new.referrer,
                    traffic.kind(),
                    traffic.search_engine(),
                    agent.browser,
                    agent.os,
                    new.city,
                    new.country,
                    new.visited_at.unwrap_or(now),
                )
                .fetch_optional(&mut *conn)
                .await?
                .ok_or(Error::NotFound(Noun::Conversation))?;
                sqlx::query!(
                    "update conversations set additional_attributes = $3 || additional_attributes
                     where account_id = $1 and id = $2 and additional_attributes -> 'initiated_at' is null",
                    account.0,
                    conversation.0,
                    opened,
                )
                .execute(conn)
                .await?;
                Ok(id)
            })
        })
        .await
}

/// A page view among a conversation's attributes.
fn opened(new: &NewVisit, agent: &UserAgent, now: DateTime<Utc>) -> serde_json::Value {
    let at = new.visited_at.unwrap_or(now);
    serde_json::json!({
        "initiated_at": {"timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true)},
        "referer": new.page_url,
        "browser": {"browser_name": agent.browser, "platform_name": agent.os},
    })
}

/// A conversation's first page view, which tells where the visitor came from.
pub async fn find_first(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<Visit>> {
    let visit = visits!(
        "where account_id = $1 and conversation_id = $2 order by visited_at, id limit 1",
        account.0,
        conversation.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(visit)
}

/// A conversation's last page view.
pub async fn find_last(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
) -> Result<Option<Visit>> {
    let visit = visits!(
        "where account_id = $1 and conversation_id = $2 order by visited_at desc, id desc limit 1",
        account.0,
        conversation.0,
    )
    .fetch_optional(&mut *store.read().await?)
    .await?;
    Ok(visit)
}

/// A conversation's page views after one of them, oldest first.
pub async fn list_after(
    store: &Store,
    account: AccountId,
    conversation: ConversationId,
    after: Option<(DateTime<Utc>, VisitId)>,
    limit: i64,
) -> Result<Vec<Visit>> {
    let (at, id) = after.unzip();
    let visits = visits!(
        "where account_id = $1 and conversation_id = $2 and (visited_at, id) > (coalesce($3::timestamptz, '-infinity'), $4)
         order by visited_at, id limit $5",
        account.0,
        conversation.0,
        at,
        id.map_or(0, |id| id.0),
        limit,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(visits)
}
