//! Rules that pick conversations by visited pages.

use axum::Json;
use axum::extract::State;

use super::auth::Caller;
use super::wire::{Answer, PageFilterRow};
use super::{Imbox, Result};
use crate::store;

/// `pageFilters`: all of them.
pub(super) async fn list(
    State(imbox): State<Imbox>,
    Caller(account): Caller,
) -> Result<Json<Answer<PageFilterRow>>> {
    let filters = store::page_filters::list(&imbox.app.store, account).await?;
    let rows: Vec<_> = filters
        .into_iter()
        .map(|filter| PageFilterRow::new(account, filter))
        .collect();
    Ok(Json(rows.into()))
}
