//! The people inside.

use axum::Json;
use axum::extract::{Path, State};

use super::auth::Caller;
use super::wire::{AgentRow, Answer, read_id};
use super::{Error, Imbox, Result};
use crate::model::AgentId;
use crate::store;

/// `grabAgent`: one of them.
pub(super) async fn grab(
    State(imbox): State<Imbox>,
    Caller(account): Caller,
    Path((_, _, agent)): Path<(String, String, String)>,
) -> Result<Json<Answer<AgentRow>>> {
    let agent = read_id("agentId", &agent)?
        .map(AgentId)
        .ok_or(Error::Store(store::Error::NotFound(store::Noun::Agent)))?;
    let agent = store::agents::get(&imbox.app.store, account, agent).await?;
    Ok(Json(vec![AgentRow::new(account, agent)].into()))
}

/// `grabAgents`: all of them.
pub(super) async fn list(
    State(imbox): State<Imbox>,
    Caller(account): Caller,
) -> Result<Json<Answer<AgentRow>>> {
    let agents = store::agents::list(&imbox.app.store, account).await?;
    let rows: Vec<_> = agents
        .into_iter()
        .map(|agent| AgentRow::new(account, agent))
        .collect();
    Ok(Json(rows.into()))
}
