//! Searches that an agent keeps. Nobody else's are found.

use axum::Json;
use axum::extract::State;
use axum::response::NoContent;

use super::auth::{Member, Of, Row};
use super::error::{Error, Result};
use super::fields::Query;
use super::params::Wrapped;
use super::parse::{Faults, MAX_STRING, one_of};
use super::route::{Asked, get};
use super::wire::settings::{CustomFilterIn, CustomFilterOut};
use super::{Route, Server};
use crate::model::{CustomFilter, CustomFilterId, FilterKind};
use crate::store::custom_filters::{self, CustomFilterPatch, MOST, NewCustomFilter};
use crate::store::{self, Store};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/custom_filters",
            get(list, "Searches that the caller keeps")
                .asks(&[Asked::text(
                    "filter_type",
                    "For what: `conversation` if it is not said",
                )])
                .post(create, "Keeps a search"),
        ),
        (
            "/api/v1/accounts/{account_id}/custom_filters/{custom_filter_id}",
            get(show, "A kept search")
                .edit(update, "Changes a kept search")
                .delete(delete, "Forgets a kept search"),
        ),
    ]
}

impl Row<Member> for CustomFilter {
    const PLACE: &'static str = "custom_filter_id";

    async fn load(store: &Store, who: &Member, id: i64) -> store::Result<Self> {
        custom_filters::get(store, who.account, who.agent.id, CustomFilterId(id)).await
    }
}

/// Those of one kind. A kind that there is not has none.
async fn list(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<Vec<CustomFilterOut>>> {
    let (account, agent) = (member.account, member.agent.id);
    let found = match kind(query.last("filter_type").unwrap_or("conversation")) {
        Ok(kind) => custom_filters::list(&server.store, account, agent, kind).await?,
        Err(_) => Vec::new(),
    };
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

async fn create(
    State(server): State<Server>,
    member: Member,
    Wrapped { value: body, once }: Wrapped<CustomFilterIn>,
) -> Result<Json<CustomFilterOut>> {
    let name = Some(body.name.unwrap_or_default());
    let patch = read(CustomFilterIn { name, ..body })?;
    let new = NewCustomFilter {
        name: patch.name.unwrap_or_default(),
        kind: patch.kind.unwrap_or(FilterKind::Conversation),
        query: patch.query.unwrap_or_default(),
    };
    let (account, agent, now) = (member.account, member.agent.id, server.now());
    let made = custom_filters::create(&server.store, account, agent, new, once, now).await?;
    let made = made.ok_or_else(|| {
        let limit =
            "Limit reached. The maximum number of allowed filters for a user per account is";
        Error::invalid("account_id", format!("Account {limit} {MOST}."))
    })?;
    Ok(Json(made.into()))
}

async fn show(Of { row, .. }: Of<Member, CustomFilter>) -> Json<CustomFilterOut> {
    Json(row.into())
}

async fn update(
    State(server): State<Server>,
    Of { who, row }: Of<Member, CustomFilter>,
    Wrapped { value: body, .. }: Wrapped<CustomFilterIn>,
) -> Result<Json<CustomFilterOut>> {
    let (account, agent, patch) = (who.account, who.agent.id, read(body)?);
    let now = server.now();
    let changed = custom_filters::update(&server.store, account, agent, row.id, patch, now).await?;
    Ok(Json(changed.into()))
}

async fn delete(
    State(server): State<Server>,
    Of { who, row }: Of<Member, CustomFilter>,
) -> Result<NoContent> {
    custom_filters::delete(&server.store, who.account, who.agent.id, row.id).await?;
    Ok(NoContent)
}

fn kind(text: &str) -> Result<FilterKind> {
    one_of(FilterKind::ALL, FilterKind::parse, text, "filter_type")
}

fn read(body: CustomFilterIn) -> Result<CustomFilterPatch> {
    let name = body.name.as_deref();
    let mut faults = Faults::default();
    faults.check_present("name", "Name can't be blank", name);
    faults.check_length("name", "Name", name, MAX_STRING);
    faults.settle()?;
    Ok(CustomFilterPatch {
        kind: body.filter_type.as_deref().map(kind).transpose()?,
        name: body.name,
        query: body.query,
    })
}
