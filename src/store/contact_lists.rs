//! Lists of contacts, filtered and sorted as an agent asks. They hold contacts that can be told apart: by an address, a
//! number or an identifier.

use chrono::{DateTime, Utc};
use sqlx::{Postgres, QueryBuilder};

use super::presence::CONTACT_FOR;
use super::{Result, Store, contacts, filters};
use crate::model::{AccountId, Condition, Contact, ContactField, ContactId};

/// Which contacts to list.
#[derive(Debug, Clone, Default)]
pub struct ContactFilter {
    /// At least one of these labels, if there are any.
    pub labels: Vec<String>,
    /// All that must hold of them.
    pub conditions: Vec<Condition<ContactField>>,
    /// Only those who are there at this moment.
    pub present_at: Option<DateTime<Utc>>,
}

impl ContactFilter {
    /// Whether it lets everybody through.
    fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.conditions.is_empty() && self.present_at.is_none()
    }
}

/// What lists of contacts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// When they last did anything.
    Activity,
    /// When they were first seen.
    Created,
    /// Their name, in whatever case.
    Name,
    /// Their e-mail address.
    Email,
    /// Their phone number.
    PhoneNumber,
    /// What the server keeps as their company.
    Company,
    /// What it keeps as their city.
    City,
    /// What it keeps as their country.
    Country,
}

/// In which order contacts come. Those that have nothing to be sorted by come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// What counts.
    pub key: SortKey,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Default for Sort {
    /// Who did something last comes first.
    fn default() -> Self {
        Self {
            key: SortKey::Activity,
            descending: true,
        }
    }
}

impl Sort {
    /// Whether an index has the contacts in this order.
    pub(super) fn is_indexed(self) -> bool {
        match self.key {
            SortKey::Activity => self.descending,
            SortKey::Created | SortKey::Name => true,
            SortKey::Email | SortKey::PhoneNumber => !self.descending,
            SortKey::Company | SortKey::City | SortKey::Country => false,
        }
    }

    /// Over `c`, contacts, and `s`, what they are searched by. The id settles what the rest leaves open.
    pub(super) fn order(self) -> &'static str {
        match (self.key, self.descending) {
            (SortKey::Activity, false) => " order by c.last_activity_at nulls last, c.id",
            (SortKey::Activity, true) => " order by c.last_activity_at desc nulls last, c.id desc",
            (SortKey::Created, false) => " order by s.created_at, s.contact_id",
            (SortKey::Created, true) => " order by s.created_at desc, s.contact_id desc",
            (SortKey::Name, false) => " order by s.name, s.contact_id",
            (SortKey::Name, true) => " order by s.name desc, s.contact_id desc",
            (SortKey::Email, false) => " order by c.email nulls last, c.id",
            (SortKey::Email, true) => " order by c.email desc nulls last, c.id desc",
            (SortKey::PhoneNumber, false) => " order by c.phone_number nulls last, c.id",
            (SortKey::PhoneNumber, true) => " order by c.phone_number desc nulls last, c.id desc",
            (SortKey::Company, false) => {
                " order by nullif(c.additional_attributes ->> 'company_name', '') nulls last, c.id"
            }
            (SortKey::Company, true) => {
                " order by nullif(c.additional_attributes ->> 'company_name', '') desc nulls last, c.id desc"
            }
            (SortKey::City, false) => {
                " order by nullif(c.additional_attributes ->> 'city', '') nulls last, c.id"
            }
            (SortKey::City, true) => {
                " order by nullif(c.additional_attributes ->> 'city', '') desc nulls last, c.id desc"
            }
            (SortKey::Country, false) => {
                " order by nullif(c.additional_attributes ->> 'country', '') nulls last, c.id"
            }
            (SortKey::Country, true) => {
                " order by nullif(c.additional_attributes ->> 'country', '') desc nulls last, c.id desc"
            }
        }
    }
}

/// Whom a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// All contacts.
    All,
    /// Those that can be told apart.
    Resolved,
}

impl Whom {
    /// A condition on `c`, contacts, as an index has it.
    fn among_contacts(self) -> &'static str {
        match self {
            Self::All => " where c.account_id = ",
            Self::Resolved => {
                " where num_nonnulls(c.email, c.phone_number, c.identifier) > 0 and c.account_id = "
            }
        }
    }

    /// A condition on `s`, what contacts are searched by.
    fn among_searched(self) -> &'static str {
        match self {
            Self::All => " where s.account_id = ",
            Self::Resolved => " where s.resolved and s.account_id = ",
        }
    }
}

/// How many contacts a filter finds.
pub async fn count(store: &Store, account: AccountId, filter: &ContactFilter) -> Result<i64> {
    let mut conn = store.read().await?;
    if filter.is_empty() {
        let all = sqlx::query_scalar!(
            r#"select count(*) as "count!" from contact_search where account_id = $1 and resolved"#,
            account.0,
        );
        return Ok(all.fetch_one(&mut *conn).await?);
    }
    let mut query = QueryBuilder::new("select count(*) from contacts c");
    query
        .push(Whom::Resolved.among_contacts())
        .push_bind(account.0);
    push_filter(&mut query, account, filter);
    Ok(query.build_query_scalar().fetch_one(&mut *conn).await?)
}

/// What a filter finds: `limit` contacts after the first `offset`.
pub async fn list(
    store: &Store,
    account: AccountId,
    filter: &ContactFilter,
    sort: Sort,
    (offset, limit): (i64, i64),
) -> Result<Vec<Contact>> {
    let mut query = QueryBuilder::new("select f.id from (");
    let all = offset.saturating_add(limit);
    push_first(&mut query, account, (Whom::Resolved, sort, all), |query| {
        push_filter(query, account, filter);
    });
    query.push(") f order by f.part, f.place");
    push_window(&mut query, (offset, limit));
    let ids: Vec<ContactId> = query
        .build_query_scalar()
        .fetch_all(&mut *store.read().await?)
        .await?;
    contacts::list_in_order(store, account, &ids).await
}

/// What a filter finds above an id, by their ids.
pub async fn list_after(
    store: &Store,
    account: AccountId,
    filter: &ContactFilter,
    after: ContactId,
    limit: i64,
) -> Result<Vec<Contact>> {
    let mut query = QueryBuilder::new("select c.id from contacts c");
    query
        .push(Whom::Resolved.among_contacts())
        .push_bind(account.0);
    push_filter(&mut query, account, filter);
    query.push(" and c.id > ").push_bind(after.0);
    query.push(" order by c.id");
    push_window(&mut query, (0, limit));
    let ids: Vec<ContactId> = query
        .build_query_scalar()
        .fetch_all(&mut *store.read().await?)
        .await?;
    contacts::list_in_order(store, account, &ids).await
}

/// The first `most` contacts in their order, with their place in it, for a statement to take a page of: `id`, `part` and
/// `place`. Where an index has the order, no more than those are read.
pub(super) fn push_first(
    query: &mut QueryBuilder<Postgres>,
    account: AccountId,
    (whom, sort, most): (Whom, Sort, i64),
    push_more: impl Fn(&mut QueryBuilder<Postgres>),
) {
    let mut part = |number: &'static str, from, whom: &'static str, and, order: &'static str| {
        query
            .push(if number == "0" { "" } else { " union all " })
            .push("(select c.id, ")
            .push(number)
            .push(" as part, row_number() over (");
        query
            .push(order)
            .push(") as place from ")
            .push(from)
            .push(whom);
        query.push_bind(account.0).push(and);
        push_more(query);
        query.push(order);
        push_window(query, (0, most));
        query.push(")");
    };
    let (contacts, searched) = (whom.among_contacts(), whom.among_searched());
    match (sort.key, sort.descending) {
        (SortKey::Activity, true) => {
            // Two parts, since an index has but the minute: those who never did anything have none in common.
            let active = " order by c.active_minute desc nulls last, c.last_activity_at desc nulls last, c.id desc";
            let present = " and c.active_minute is not null";
            part("0", "contacts c", contacts, present, active);
            let absent = " and c.active_minute is null";
            part("1", "contacts c", contacts, absent, " order by c.id desc");
        }
        (SortKey::Created | SortKey::Name, _) => {
            let joined = "contact_search s join contacts c on c.account_id = s.account_id and c.id = s.contact_id";
            part("0", joined, searched, "", sort.order());
        }
        (SortKey::Activity, false)
        | (
            SortKey::Email
            | SortKey::PhoneNumber
            | SortKey::Company
            | SortKey::City
            | SortKey::Country,
            _,
        ) => part("0", "contacts c", contacts, "", sort.order()),
    }
}

/// Numbers and not values to bind: how to read a page depends on its being small.
pub(super) fn push_window(query: &mut QueryBuilder<Postgres>, (offset, limit): (i64, i64)) {
    query
        .push(" limit ")
        .push(limit)
        .push(" offset ")
        .push(offset);
}

/// Every value is bound; only these texts reach the statement.
fn push_filter(query: &mut QueryBuilder<Postgres>, account: AccountId, filter: &ContactFilter) {
    if !filter.labels.is_empty() {
        query.push(
            " and exists (select from contact_labels l where l.account_id = c.account_id
                          and l.contact_id = c.id and l.title = any (",
        );
        query.push_bind(filter.labels.clone()).push("))");
    }
    if let Some(now) = filter.present_at {
        query.push(
            " and exists (select from contact_presences p where p.account_id = c.account_id and p.contact_id = c.id and p.seen_at > ",
        );
        query.push_bind(now - CONTACT_FOR).push(")");
    }
    filters::push(query, account, &filter.conditions);
}
