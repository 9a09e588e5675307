//! The people inside.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::auth::Administrator;
use super::error::{Error, Result};
use super::wire::{self, Json, List, Path};
use crate::api::AppState;
use crate::model::{Agent, AgentId, Email, Password, Role, UserId};
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAgent {
    #[serde(deserialize_with = "wire::name")]
    name: String,
    #[serde(default, deserialize_with = "wire::optional_name")]
    display_name: Option<String>,
    #[serde(deserialize_with = "wire::email")]
    email: Email,
    #[serde(default, deserialize_with = "wire::optional_url")]
    avatar_url: Option<String>,
    #[serde(deserialize_with = "wire::role")]
    role: Role,
    #[serde(default)]
    is_back_office: bool,
    #[serde(default, deserialize_with = "wire::optional_name")]
    department: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct AgentOut {
    id: i64,
    name: String,
    display_name: Option<String>,
    email: String,
    avatar_url: String,
    role: &'static str,
    availability: &'static str,
    is_back_office: bool,
    department: String,
    teams: Vec<String>,
    created_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    #[serde(deserialize_with = "wire::password")]
    password: Password,
}

impl From<Agent> for AgentOut {
    fn from(agent: Agent) -> Self {
        Self {
            id: agent.id.0,
            name: agent.name,
            display_name: agent.display_name,
            email: agent.email,
            avatar_url: agent.avatar_url,
            role: agent.role.as_str(),
            availability: agent.availability.as_str(),
            is_back_office: agent.is_back_office,
            department: agent.department,
            teams: agent.teams,
            created_at: agent.created_at,
        }
    }
}

pub(super) async fn create(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Json(new): Json<NewAgent>,
) -> Result<(StatusCode, axum::Json<AgentOut>)> {
    let new = store::agents::NewAgent {
        name: new.name,
        display_name: new.display_name,
        email: new.email.as_str().to_owned(),
        avatar_url: new.avatar_url.unwrap_or_default(),
        role: new.role,
        is_back_office: new.is_back_office,
        department: new.department.unwrap_or_default(),
    };
    let agent = store::agents::create(&app.store, account, new, app.clock.now()).await?;
    Ok((StatusCode::CREATED, axum::Json(agent.into())))
}

pub(super) async fn list(
    State(app): State<AppState>,
    Administrator(account): Administrator,
) -> Result<axum::Json<List<AgentOut>>> {
    let agents = store::agents::list(&app.store, account).await?;
    Ok(axum::Json(agents.into()))
}

pub(super) async fn show(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<axum::Json<AgentOut>> {
    let agent = store::agents::get(&app.store, account, AgentId(id)).await?;
    Ok(axum::Json(agent.into()))
}

/// Lets an agent sign in with this password, in this account.
pub(super) async fn set_password(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
    Json(new): Json<NewPassword>,
) -> Result<StatusCode> {
    let (user, now) = (UserId(id), app.clock.now());
    let set =
        store::user_passwords::set_in_account(&app.store, account, user, new.password, now).await?;
    if set {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Error::Forbidden(
            "this agent is not of this account alone; the operator sets the password",
        ))
    }
}

pub(super) async fn remove(
    State(app): State<AppState>,
    Administrator(account): Administrator,
    Path(id): Path<i64>,
) -> Result<StatusCode> {
    store::agents::remove(&app.store, account, AgentId(id), app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
