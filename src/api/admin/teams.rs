//! Groups of agents.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::error::Result;
use super::wire::{self, Json, List, Path};
use crate::api::AppState;
use crate::model::{AgentId, TeamId};
use crate::store::{self, members::TeamMembers};

/// Agents who join a team; the team is made with the first of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Joining {
    #[serde(deserialize_with = "wire::name")]
    name: String,
    agent_ids: Vec<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct TeamOut {
    id: i64,
    name: String,
    description: Option<String>,
    allow_auto_assign: bool,
    agent_ids: Vec<i64>,
}

impl From<TeamMembers> for TeamOut {
    fn from(TeamMembers { team, agents }: TeamMembers) -> Self {
        Self {
            id: team.id.0,
            name: team.name,
            description: team.description,
            allow_auto_assign: team.allow_auto_assign,
            agent_ids: agents.into_iter().map(|id| id.0).collect(),
        }
    }
}

pub(super) async fn join(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(joining): Json<Joining>,
) -> Result<axum::Json<TeamOut>> {
    let name = joining.name.to_lowercase();
    let agents = joining.agent_ids.into_iter().map(AgentId).collect();
    let id = store::agents::join_team(&app.store, account, name, agents, app.clock.now()).await?;
    let team = store::members::get_team(&app.store, account, id).await?;
    Ok(axum::Json(team.into()))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<List<TeamOut>>> {
    let teams = store::members::list_teams(&app.store, account).await?;
    Ok(axum::Json(teams.into()))
}

pub(super) async fn leave(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path((team, agent)): Path<(i64, i64)>,
) -> Result<StatusCode> {
    store::members::leave_team(&app.store, account, TeamId(team), AgentId(agent)).await?;
    Ok(StatusCode::NO_CONTENT)
}
