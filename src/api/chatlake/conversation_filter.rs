//! Conversations picked by the filter language.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::auth::{Member, Who};
use super::conversations;
use super::error::Result;
use super::fields::Query;
use super::filter::{self, FilterBody};
use super::paging::{self, Page};
use super::params::Params;
use super::route::post;
use super::wire::conversation::ConversationBody;
use super::{Route, Server};
use crate::store;
use crate::store::conversation_lists::{Assigned, ConversationFilter, Counts, Sort};

/// Conversations on a page.
const PAGE: i64 = 25;

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/conversations/filter",
        post(filter, "Conversations that meet conditions").asks(&[paging::ASKED]),
    )]
}

/// A page of what was found. Unlike the list, it stands in nothing.
#[derive(Debug, Serialize, JsonSchema)]
struct FoundConversations {
    meta: FoundCounts,
    payload: Vec<ConversationBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundCounts {
    mine_count: i64,
    unassigned_count: i64,
    all_count: i64,
}

impl From<Counts> for FoundCounts {
    fn from(counts: Counts) -> Self {
        Self {
            mine_count: counts.mine,
            unassigned_count: counts.unassigned,
            all_count: counts.all,
        }
    }
}

async fn filter(
    State(server): State<Server>,
    member: Member,
    query: Query,
    Params {
        value: mut body, ..
    }: Params<FilterBody>,
) -> Result<Json<FoundConversations>> {
    let (store, account, agent) = (&server.store, member.account, &member.agent);
    let now = server.now();
    let conditions = filter::read(store, account, body.take_payload(), now).await?;
    let filter = ConversationFilter {
        conditions,
        ..ConversationFilter::all(member.viewer())
    };
    let window = Page::of_either(&query, body.page.as_ref())?.window(PAGE);
    let counts = store::conversation_lists::count(store, account, &filter, agent.id).await?;
    let (any, newest) = (Assigned::Any, Sort::Activity);
    let ids = store::conversation_lists::list(store, account, &filter, any, newest, window).await?;
    let views = store::conversation_views::list(store, account, &ids).await?;
    let payload = conversations::show_all(&server, &member.scope(), &views).await?;
    Ok(Json(FoundConversations {
        meta: counts.into(),
        payload,
    }))
}
