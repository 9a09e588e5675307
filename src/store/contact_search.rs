//! What contacts are searched by, and the search, which stays quick where an account has a million of them.
//!
//! A row beside each contact holds what is searched; an index over all its parts of one, two and three characters finds
//! the few contacts that have all parts of the text looked for. A text that many have would make for a long list there,
//! so the contacts that come first anyway are looked at before the index is asked.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::contact_lists::{Sort, Whom, push_first, push_window};
use super::{Result, Store};
use crate::model::{AccountId, ContactId};

/// How many contacts are looked at in their order before the index is asked. Where fewer of them fit than are shown,
/// those that fit are few enough for the index.
const WALK: i64 = 2_000;

/// How many more for each contact on the pages before.
const WALK_ON: i64 = 20;

/// How many of those that the index finds are sorted. Of more, any so many are: a search that finds them all would hold
/// up others, and nobody reads through what it finds.
const MOST: i64 = 20_000;

/// The longest part that has a number.
const LONGEST_PART: usize = 3;

/// What a contact is found by.
#[derive(Debug)]
pub(super) struct Searched<'a> {
    pub(super) id: i64,
    pub(super) name: &'a str,
    pub(super) email: Option<&'a str>,
    pub(super) phone_number: Option<&'a str>,
    pub(super) identifier: Option<&'a str>,
    pub(super) created_at: DateTime<Utc>,
}

/// Contacts that have the text in their name, address or number, in whatever case, or in their identifier as it stands:
/// `limit` of them after the first `offset`.
pub async fn search(
    store: &Store,
    account: AccountId,
    text: &str,
    sort: Sort,
    (offset, limit): (i64, i64),
) -> Result<Vec<ContactId>> {
    let mut conn = store.read().await?;
    if sort.is_indexed() {
        let mut query = walk(account, text, sort, (offset, limit));
        let found: Vec<ContactId> = query.build_query_scalar().fetch_all(&mut *conn).await?;
        if i64::try_from(found.len()).is_ok_and(|found| found >= limit) {
            return Ok(found);
        }
    }
    let mut query = lookup(account, text, sort, (offset, limit));
    Ok(query.build_query_scalar().fetch_all(&mut *conn).await?)
}

/// Looks at the first contacts in their order.
fn walk(account: AccountId, text: &str, sort: Sort, window: (i64, i64)) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("select f.id from (");
    let most = window
        .0
        .saturating_mul(WALK_ON)
        .saturating_add(WALK)
        .min(MOST);
    push_first(&mut query, account, (Whom::All, sort, most), |_| {});
    query
        .push(
            ") f cross join lateral (
                 select c.id, c.email, c.phone_number, c.identifier, s.name
                 from contacts c join contact_search s on s.account_id = c.account_id and s.contact_id = c.id
                 where c.id = f.id and c.account_id = ",
        )
        .push_bind(account.0)
        .push(" offset 0) c where ");
    push_match(&mut query, text, "c.name");
    query.push(" order by f.part, f.place");
    push_window(&mut query, window);
    query
}

/// Asks the index. What it finds is settled before it is sorted, and contacts are looked up one by one: walking an order
/// until enough fit, or joining, could be a walk past all.
fn lookup(
    account: AccountId,
    text: &str,
    sort: Sort,
    window: (i64, i64),
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "with s as materialized (select p.contact_id, p.name, p.created_at from contact_search p where p.account_id = ",
    );
    query.push_bind(account.0).push(" and ");
    push_parts(&mut query, account, text);
    query
        .push(" limit ")
        .push(MOST)
        .push(
            ") select c.id from s cross join lateral (
                  select c.id, c.email, c.phone_number, c.identifier, c.last_activity_at, c.additional_attributes
                  from contacts c where c.id = s.contact_id and c.account_id = ",
        )
        .push_bind(account.0)
        .push(" offset 0) c where ");
    push_match(&mut query, text, "s.name");
    query.push(sort.order());
    push_window(&mut query, window);
    query
}

/// Has all parts of the text: `p`, what a contact is searched by.
pub(super) fn push_parts(query: &mut QueryBuilder<Postgres>, account: AccountId, text: &str) {
    let folded = fold(text);
    let size = folded.chars().count().min(LONGEST_PART);
    let size = i32::try_from(size).expect("three at most");
    query.push("search_grams(p.account_id, p.searched, '{1,2,3}') @> search_grams(");
    query.push_bind(account.0);
    query.push(", ").push_bind(folded);
    query.push(", array[").push_bind(size).push("])");
}

fn push_match(query: &mut QueryBuilder<Postgres>, text: &str, name: &'static str) {
    let folded = fold(text);
    query.push("(position(").push_bind(folded.clone());
    query.push(" in ").push(name).push(") > 0 or position(");
    query.push_bind(folded.clone());
    query
        .push(" in c.email) > 0 or position(")
        .push_bind(folded);
    query.push(" in c.phone_number) > 0 or position(");
    query.push_bind(text.to_owned());
    query.push(" in c.identifier) > 0)");
}

/// In lower case, so that it does not matter.
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Writes what contacts are found by.
pub(super) async fn put(
    conn: &mut PgConnection,
    account: AccountId,
    contacts: &[Searched<'_>],
) -> Result<()> {
    let ids: Vec<i64> = contacts.iter().map(|contact| contact.id).collect();
    let names: Vec<String> = contacts.iter().map(|contact| fold(contact.name)).collect();
    let resolved: Vec<bool> = contacts.iter().map(Searched::is_resolved).collect();
    let created: Vec<DateTime<Utc>> = contacts.iter().map(|contact| contact.created_at).collect();
    let searched: Vec<String> = contacts.iter().map(Searched::text).collect();
    sqlx::query!(
        "insert into contact_search (account_id, contact_id, name, resolved, created_at, searched)
         select $1, r.id, r.name, r.resolved, r.created_at, r.searched
         from unnest($2::bigint[], $3::text[], $4::boolean[], $5::timestamptz[], $6::text[])
              as r (id, name, resolved, created_at, searched)
         on conflict (account_id, contact_id) do update
         set name = excluded.name, resolved = excluded.resolved, searched = excluded.searched",
        account.0,
        &ids,
        &names,
        &resolved,
        &created,
        &searched,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a contact is found by, after it was changed.
pub(super) async fn refresh(
    conn: &mut PgConnection,
    account: AccountId,
    contact: ContactId,
) -> Result<()> {
    let row = sqlx::query!(
        "select name, email, phone_number, identifier, created_at from contacts where account_id = $1 and id = $2",
        account.0,
        contact.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let searched = Searched {
        id: contact.0,
        name: &row.name,
        email: row.email.as_deref(),
        phone_number: row.phone_number.as_deref(),
        identifier: row.identifier.as_deref(),
        created_at: row.created_at,
    };
    put(conn, account, &[searched]).await
}

impl Searched<'_> {
    fn is_resolved(&self) -> bool {
        self.email.is_some() || self.phone_number.is_some() || self.identifier.is_some()
    }

    /// Everything that is searched, a line each.
    fn text(&self) -> String {
        let parts = [
            Some(self.name),
            self.email,
            self.phone_number,
            self.identifier,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().map(fold).collect();
        parts.join("\n")
    }
}
