//! Rules that pick conversations by the pages their visitors saw.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::{Error, Noun, Result, Store, require};
use crate::model::{AccountId, ConversationId, MatchType, PageFilter, PageFilterId, PagePattern};

/// A page filter to make.
#[derive(Debug, Clone)]
pub struct NewPageFilter {
    /// What people call it.
    pub name: String,
    /// What it looks for.
    pub pattern: PagePattern,
}

macro_rules! page_filters {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            PageFilter,
            r#"select id as "id: PageFilterId", name, pattern, match_type as "match_type: MatchType" from page_filters "# + $tail
            $(, $arg)*
        )
    };
}

/// Makes a page filter.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewPageFilter,
    now: DateTime<Utc>,
) -> Result<PageFilter> {
    store
        .write(move |conn| {
            Box::pin(async move {
                let id = sqlx::query_scalar!(
                    r#"insert into page_filters (account_id, name, pattern, match_type, created_at, updated_at)
                       values ($1, $2, $3, $4, $5, $5) returning id as "id: PageFilterId""#,
                    account.0,
                    new.name,
                    new.pattern.as_str(),
                    new.pattern.match_type().as_str(),
                    now,
                )
                .fetch_one(conn)
                .await?;
                Ok(PageFilter {
                    id,
                    name: new.name,
                    pattern: new.pattern.as_str().to_owned(),
                    match_type: new.pattern.match_type(),
                })
            })
        })
        .await
}

/// The account's page filters, oldest first.
pub async fn list(store: &Store, account: AccountId) -> Result<Vec<PageFilter>> {
    let filters = page_filters!("where account_id = $1 order by id limit 1000", account.0)
        .fetch_all(&mut *store.read().await?)
        .await?;
    Ok(filters)
}

/// Deletes a page filter.
pub async fn delete(store: &Store, account: AccountId, id: PageFilterId) -> Result<()> {
    let deleted = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "delete from page_filters where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(deleted, Noun::PageFilter)
}

/// The patterns of these filters; every one of them must be the account's.
pub(super) async fn patterns(
    store: &Store,
    account: AccountId,
    ids: &[PageFilterId],
) -> Result<Vec<PagePattern>> {
    let ids: HashSet<i64> = ids.iter().map(|id| id.0).collect();
    let wanted: Vec<i64> = ids.iter().copied().collect();
    let filters = page_filters!(
        "where account_id = $1 and id = any ($2) order by id",
        account.0,
        &wanted
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    if filters.len() < ids.len() {
        return Err(Error::NotFound(Noun::PageFilter));
    }
    // A pattern was read before it was stored. One that this version no longer takes looks for nothing.
    Ok(filters
        .iter()
        .filter_map(|filter| PagePattern::parse(filter.match_type, &filter.pattern).ok())
        .collect())
}

/// Which of these conversations have a page that one of the patterns looks for. Pages are looked at as they come from
/// the database, so that a visitor of very many is never held as one value.
pub(super) async fn matching(
    store: &Store,
    account: AccountId,
    conversations: &[i64],
    patterns: &[PagePattern],
) -> Result<HashSet<ConversationId>> {
    let mut conn = store.read().await?;
    let mut pages = sqlx::query!(
        r#"select conversation_id as "conversation: ConversationId", page_url from visits
           where account_id = $1 and conversation_id = any ($2)"#,
        account.0,
        conversations,
    )
    .fetch(&mut *conn);
    let mut found = HashSet::new();
    while let Some(page) = pages.try_next().await? {
        if !found.contains(&page.conversation)
            && patterns
                .iter()
                .any(|pattern| pattern.matches(&page.page_url))
        {
            found.insert(page.conversation);
        }
    }
    Ok(found)
}
