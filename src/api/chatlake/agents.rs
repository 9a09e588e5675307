//! The people inside: everybody sees them, administrators change them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::auth::{Administrator, Member};
use super::error::{Error, Result};
use super::params::{Params, Wrapped};
use super::parse::{self, Faults, MAX_STRING};
use super::profile::availability;
use super::route::{edit, get, post};
use super::wire::agent::{AgentIn, AgentsIn};
use super::wire::user::AgentBody;
use super::{Route, Server};
use crate::model::{AgentId, Availability, Email, Role, UserId};
use crate::store;
use crate::store::agent_changes::{self, AgentPatch, Invitation};

/// The most people that one request invites.
const MAX_INVITED: usize = 1000;

/// What an agent may do, in the order of the numbers that stand for it.
const ROLES: [Role; 2] = [Role::Agent, Role::Administrator];

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/agents",
            get(list, "Everybody who works in the account").post(create, "Invites somebody"),
        ),
        (
            "/api/v1/accounts/{account_id}/agents/bulk_create",
            post(create_all, "Invites everybody of these addresses"),
        ),
        (
            "/api/v1/accounts/{account_id}/agents/{agent_id}",
            edit(update, "Changes what somebody may do or is called")
                .delete(remove, "Takes somebody out of the account"),
        ),
    ]
}

pub(super) async fn list(
    State(server): State<Server>,
    member: Member,
) -> Result<Json<Vec<AgentBody>>> {
    let agents = store::agents::list(&server.store, member.account).await?;
    let bodies = agents
        .iter()
        .map(|agent| AgentBody::new(member.account, agent));
    Ok(Json(bodies.collect()))
}

pub(super) async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Wrapped { value, once }: Wrapped<AgentIn>,
) -> Result<Json<AgentBody>> {
    let new = read_new(value, member.agent.id.into())?;
    let (account, now) = (member.account, server.now());
    let agent = agent_changes::invite(&server.store, account, new, once, now).await?;
    Ok(Json(AgentBody::new(account, &agent)))
}

/// Invites everybody whose address is one and who is not here yet.
pub(super) async fn create_all(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Params { value, .. }: Params<AgentsIn>,
) -> Result<StatusCode> {
    let emails = value.emails.ok_or(Error::Missing("emails"))?;
    if emails.len() > MAX_INVITED {
        let text = format!("emails: at most {MAX_INVITED} at once");
        return Err(Error::Refused(text));
    }
    let inviter = member.agent.id.into();
    let emails = emails.iter().filter_map(|text| Email::parse(text).ok());
    let new = emails.map(|email| invitation(&email, None, inviter));
    let (account, now) = (member.account, server.now());
    agent_changes::invite_all(&server.store, account, new.collect(), now).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn update(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Path((_, id)): Path<(String, String)>,
    Wrapped { value, .. }: Wrapped<AgentIn>,
) -> Result<Json<AgentBody>> {
    let name = name(value.name)?;
    let patch = AgentPatch {
        name,
        role: value.role.as_deref().map(role).transpose()?,
        availability: value
            .availability
            .as_deref()
            .map(availability)
            .transpose()?,
        auto_offline: value.auto_offline,
    };
    let (account, id, now) = (member.account, agent_id(&id)?, server.now());
    let agent = agent_changes::update(&server.store, account, id, patch, now).await?;
    Ok(Json(AgentBody::new(account, &agent)))
}

pub(super) async fn remove(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Path((_, id)): Path<(String, String)>,
) -> Result<StatusCode> {
    let (account, id) = (member.account, agent_id(&id)?);
    store::agents::remove(&server.store, account, id, server.now()).await?;
    Ok(StatusCode::OK)
}

fn agent_id(text: &str) -> Result<AgentId> {
    text.parse().map(AgentId).map_err(|_| Error::NotFound)
}

/// What an agent may do, by its name or its number.
pub(super) fn role(text: &str) -> Result<Role> {
    parse::one_of(&ROLES, Role::parse, text, "role")
}

fn name(name: Option<String>) -> Result<Option<String>> {
    let mut faults = Faults::default();
    faults.check_present("name", "Name can't be blank", name.as_deref());
    faults.check_length("name", "Name", name.as_deref(), MAX_STRING);
    faults.settle()?;
    Ok(name.map(|name| name.trim().to_owned()))
}

fn read_new(body: AgentIn, inviter: UserId) -> Result<Invitation> {
    let given = body.name.filter(|name| !name.trim().is_empty());
    let name = name(given)?;
    let Some(email) = body.email.filter(|email| !email.trim().is_empty()) else {
        return Err(Error::invalid("email", "Email can't be blank"));
    };
    let email =
        Email::parse(&email).map_err(|_| Error::invalid("email", "Email is not an email"))?;
    let mut new = invitation(&email, name, inviter);
    if let Some(text) = &body.role {
        new.role = role(text)?;
    }
    if let Some(text) = &body.availability {
        new.availability = availability(text)?;
    }
    new.auto_offline = body.auto_offline.unwrap_or(new.auto_offline);
    Ok(new)
}

/// Somebody without a name is called what their address begins with.
fn invitation(email: &Email, name: Option<String>, inviter: UserId) -> Invitation {
    let local = email.as_str().split('@').next().unwrap_or_default();
    Invitation {
        name: name.unwrap_or_else(|| local.to_owned()),
        email: email.as_str().to_owned(),
        role: Role::Agent,
        availability: Availability::Online,
        auto_offline: true,
        inviter,
    }
}
