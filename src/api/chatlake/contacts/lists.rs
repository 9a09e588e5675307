//! Contacts listed, searched and filtered.

use axum::Json;
use axum::extract::State;

use super::super::auth::Member;
use super::super::error::{Error, Result};
use super::super::fields::Query;
use super::super::filter::{self, FilterBody};
use super::super::paging::{self, Page};
use super::super::params::Params;
use super::super::route::{Asked, get, post};
use super::super::wire::contact::{ContactList, FoundContacts, FoundMeta, ListMeta};
use super::super::{Route, Server};
use super::{WITH_WAYS, bodies};
use crate::store;
use crate::store::contact_lists::{ContactFilter, Sort, SortKey};

/// Contacts on a page.
const PAGE: i64 = 15;

/// No text that is searched is longer.
const MAX_SEARCH: usize = 255;

/// In which order, which page, and what of them.
const SHOWN: &[Asked] = &[
    Asked::text(
        "sort",
        "As in `name` or, the other way round, `-created_at`",
    ),
    paging::ASKED,
    WITH_WAYS,
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/contacts",
            get(list, "Contacts, page by page")
                .asks(&[Asked::texts("labels", "Any of them")])
                .asks(SHOWN),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/search",
            get(search, "Contacts in which a text stands")
                .asks(&[Asked::text(
                    "q",
                    "What stands in their name, address, number or identifier",
                )])
                .asks(SHOWN),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/filter",
            post(filter, "Contacts that meet conditions").asks(SHOWN),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/active",
            get(active, "Contacts that are connected just now").asks(SHOWN),
        ),
    ]
}

async fn list(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<ContactList>> {
    let filter = ContactFilter {
        labels: query.all("labels"),
        ..ContactFilter::default()
    };
    let sort = read_sort(query.last("sort"));
    let page = Page::of_query(&query)?;
    answer(&server, &member, (&filter, sort), page, &query).await
}

async fn filter(
    State(server): State<Server>,
    member: Member,
    query: Query,
    Params {
        value: mut body, ..
    }: Params<FilterBody>,
) -> Result<Json<ContactList>> {
    let payload = body.take_payload();
    let conditions = filter::read(&server.store, member.account, payload, server.now()).await?;
    let filter = ContactFilter {
        conditions,
        ..ContactFilter::default()
    };
    let sort = read_sort(query.last("sort").or(body.sort.as_deref()));
    let page = Page::of_either(&query, body.page.as_ref())?;
    answer(&server, &member, (&filter, sort), page, &query).await
}

async fn search(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<FoundContacts>> {
    server.limits.search.check(member.account)?;
    let text = query.last("q").map(str::trim).unwrap_or_default();
    if text.is_empty() {
        let refusal = "Specify search string with parameter q";
        return Err(Error::Refused(refusal.to_owned()));
    }
    let page = Page::of_query(&query)?;
    let sort = read_sort(query.last("sort"));
    let (store, account) = (&server.store, member.account);
    let (offset, limit) = page.window(PAGE);
    let mut ids = if text.chars().count() > MAX_SEARCH {
        Vec::new()
    } else {
        store::contact_search::search(store, account, text, sort, (offset, limit + 1)).await?
    };
    let has_more = ids.len() > usize::try_from(PAGE).expect("a page is small");
    ids.truncate(usize::try_from(PAGE).expect("a page is small"));
    let contacts = store::contacts::list_in_order(store, account, &ids).await?;
    let payload = bodies(store, account, contacts, &query).await?;
    Ok(Json(FoundContacts {
        meta: FoundMeta {
            count: payload.len(),
            current_page: page.into_current(),
            has_more,
        },
        payload,
    }))
}

/// Those who are connected just now.
async fn active(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<ContactList>> {
    let filter = ContactFilter {
        present_at: Some(server.now()),
        ..ContactFilter::default()
    };
    let sort = read_sort(query.last("sort"));
    let page = Page::of_query(&query)?;
    answer(&server, &member, (&filter, sort), page, &query).await
}

async fn answer(
    server: &Server,
    member: &Member,
    (filter, sort): (&ContactFilter, Sort),
    page: Page,
    query: &Query,
) -> Result<Json<ContactList>> {
    let (store, account) = (&server.store, member.account);
    let count = store::contact_lists::count(store, account, filter).await?;
    let window = page.window(PAGE);
    let contacts = store::contact_lists::list(store, account, filter, sort, window).await?;
    Ok(Json(ContactList {
        meta: ListMeta {
            count,
            current_page: page.into_current(),
        },
        payload: bodies(store, account, contacts, query).await?,
    }))
}

/// What to sort by; a minus sign turns it around. Words that are no key sort as if there were none.
fn read_sort(text: Option<&str>) -> Sort {
    let text = text.unwrap_or_default();
    let (descending, key) = match text.strip_prefix('-') {
        Some(key) => (true, key),
        None => (false, text),
    };
    let key = match key {
        "email" => SortKey::Email,
        "name" => SortKey::Name,
        "phone_number" => SortKey::PhoneNumber,
        "last_activity_at" => SortKey::Activity,
        "created_at" => SortKey::Created,
        "company_name" => SortKey::Company,
        "city" => SortKey::City,
        "country" => SortKey::Country,
        _ => return Sort::default(),
    };
    Sort { key, descending }
}
