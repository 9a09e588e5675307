//! Conversations found by what was said in them.

use axum::Json;
use axum::extract::State;

use super::auth::Member;
use super::conversations::{SHOWN, WHICH, read_filter, read_sort, read_window};
use super::error::{Error, Result};
use super::fields::Query;
use super::route::get;
use super::wire::search::{FoundConversation, FoundList};
use super::{Route, Server};
use crate::store::{conversation_lists, conversation_search};

/// How many messages of a conversation are shown that say what was searched.
const MESSAGES: i64 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/conversations/search",
        get(search, "Conversations in which something was said")
            .asks(WHICH)
            .asks(SHOWN),
    )]
}

pub(super) async fn search(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<FoundList>> {
    let (store, account, me) = (&server.store, member.account, member.agent.id);
    let said = query.last("q").filter(|said| !said.trim().is_empty());
    let said =
        said.ok_or_else(|| Error::Refused("Specify search string with parameter q".to_owned()))?;
    let (filter, assigned) = read_filter(&server, &member, &query).await?;
    let counts = conversation_lists::count(store, account, &filter, me).await?;
    let (sort, window) = (read_sort(&query), read_window(&query)?);
    let ids = conversation_lists::list(store, account, &filter, assigned, sort, window).await?;
    let found = conversation_search::list(store, account, &ids, (said, MESSAGES)).await?;
    let payload = found
        .iter()
        .map(|found| FoundConversation::new(account, found));
    Ok(Json(FoundList::new(counts, payload.collect())))
}
