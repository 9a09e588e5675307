//! Rules that pick conversations by the pages their visitors saw.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::error::{Error, Result};
use super::wire::{self, Json, List, Path};
use crate::api::AppState;
use crate::model::{MatchType, PageFilter, PageFilterId, PagePattern};
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPageFilter {
    #[serde(deserialize_with = "wire::name")]
    name: String,
    pattern: String,
    #[serde(deserialize_with = "wire::match_type")]
    match_type: MatchType,
}

#[derive(Debug, Serialize)]
pub(super) struct PageFilterOut {
    id: i64,
    name: String,
    pattern: String,
    match_type: &'static str,
}

impl From<PageFilter> for PageFilterOut {
    fn from(filter: PageFilter) -> Self {
        Self {
            id: filter.id.0,
            name: filter.name,
            pattern: filter.pattern,
            match_type: filter.match_type.as_str(),
        }
    }
}

pub(super) async fn create(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(new): Json<NewPageFilter>,
) -> Result<(StatusCode, axum::Json<PageFilterOut>)> {
    let pattern = PagePattern::parse(new.match_type, &new.pattern)
        .map_err(|fault| Error::Invalid(format!("pattern: {fault}").into()))?;
    let new = store::page_filters::NewPageFilter {
        name: new.name,
        pattern,
    };
    let filter = store::page_filters::create(&app.store, account, new, app.clock.now()).await?;
    Ok((StatusCode::CREATED, axum::Json(filter.into())))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<List<PageFilterOut>>> {
    let filters = store::page_filters::list(&app.store, account).await?;
    Ok(axum::Json(filters.into()))
}

pub(super) async fn remove(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<StatusCode> {
    store::page_filters::delete(&app.store, account, PageFilterId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
