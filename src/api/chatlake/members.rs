//! Who belongs to a team, and who has access to an inbox.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;

use super::auth::{Administrator, InInbox, Member, Of, Who};
use super::error::{Error, Result};
use super::params::Params;
use super::route::{get, post};
use super::wire::Payload;
use super::wire::user::{AgentBody, InboxMembersIn, TeamMembersIn};
use super::{Route, Server};
use crate::model::{AccountId, AgentId, InboxId};
use crate::store::members::{self, TeamMembers};
use crate::store::{self, Noun, agents, inboxes, teams};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/teams/{team_id}/team_members",
            get(list_of_team, "Who belongs to a team")
                .post(add_to_team, "Lets agents join a team")
                .edit(set_of_team, "Says who belongs to a team")
                .delete(remove_of_team, "Takes agents out of a team"),
        ),
        (
            "/api/v1/accounts/{account_id}/inbox_members",
            post(add_to_inbox, "Gives agents access to an inbox")
                .edit(set_of_inbox, "Says who has access to an inbox")
                .delete(remove_of_inbox, "Takes access to an inbox from agents"),
        ),
        (
            "/api/v1/accounts/{account_id}/inbox_members/{inbox_id}",
            get(list_of_inbox, "Who has access to an inbox"),
        ),
        (
            "/api/v1/accounts/{account_id}/inboxes/{inbox_id}/assignable_agents",
            get(
                list_assignable,
                "To whom an inbox's conversations may be given",
            ),
        ),
    ]
}

async fn list_of_team(
    State(server): State<Server>,
    Of { who, row }: Of<Member, TeamMembers>,
) -> Result<Json<Vec<AgentBody>>> {
    bodies(&server, who.account, &row.agents).await.map(Json)
}

/// Answers those who were not in the team.
async fn add_to_team(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, TeamMembers>,
    Params { value: body, .. }: Params<TeamMembersIn>,
) -> Result<Json<Vec<AgentBody>>> {
    let (account, team, agents) = (who.account(), row.team.id, ids(body.user_ids));
    let new = teams::add_members(&server.store, account, team, agents, server.now());
    let new = new.await.map_err(of_team)?;
    bodies(&server, account, &new).await.map(Json)
}

async fn set_of_team(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, TeamMembers>,
    Params { value: body, .. }: Params<TeamMembersIn>,
) -> Result<Json<Vec<AgentBody>>> {
    let (account, team, agents) = (who.account(), row.team.id, ids(body.user_ids));
    let set = teams::set_members(&server.store, account, team, agents.clone(), server.now());
    set.await.map_err(of_team)?;
    bodies(&server, account, &agents).await.map(Json)
}

async fn remove_of_team(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, TeamMembers>,
    Params { value: body, .. }: Params<TeamMembersIn>,
) -> Result<()> {
    let (account, team, agents) = (who.account(), row.team.id, ids(body.user_ids));
    let removed = teams::remove_members(&server.store, account, team, agents);
    removed.await.map_err(of_team)
}

async fn list_of_inbox(
    State(server): State<Server>,
    InInbox { member, inbox }: InInbox,
) -> Result<Json<Payload<Vec<AgentBody>>>> {
    show_inbox(&server, member.account, inbox.id).await
}

async fn add_to_inbox(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Params { value: body, .. }: Params<InboxMembersIn>,
) -> Result<Json<Payload<Vec<AgentBody>>>> {
    let (account, inbox, agents) = (member.account, of_body(&body)?, ids(body.user_ids));
    let added = inboxes::add_members(&server.store, account, inbox, agents, server.now());
    added.await.map_err(of_inbox)?;
    show_inbox(&server, account, inbox).await
}

async fn set_of_inbox(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Params { value: body, .. }: Params<InboxMembersIn>,
) -> Result<Json<Payload<Vec<AgentBody>>>> {
    let (account, inbox, agents) = (member.account, of_body(&body)?, ids(body.user_ids));
    let set = members::set_of_inbox(&server.store, account, inbox, agents, server.now());
    set.await.map_err(of_inbox)?;
    show_inbox(&server, account, inbox).await
}

async fn remove_of_inbox(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Params { value: body, .. }: Params<InboxMembersIn>,
) -> Result<()> {
    let (account, inbox, agents) = (member.account, of_body(&body)?, ids(body.user_ids));
    members::remove_of_inbox(&server.store, account, inbox, agents).await?;
    Ok(())
}

async fn list_assignable(
    State(server): State<Server>,
    InInbox { member, inbox }: InInbox,
) -> Result<Json<Payload<Vec<AgentBody>>>> {
    let agents = members::list_assignable(&server.store, member.account, inbox.id).await?;
    let payload = bodies(&server, member.account, &agents).await?;
    Ok(Json(Payload { payload }))
}

async fn show_inbox(
    server: &Server,
    account: AccountId,
    inbox: InboxId,
) -> Result<Json<Payload<Vec<AgentBody>>>> {
    let agents = members::list_of_inbox(&server.store, account, inbox).await?;
    let payload = bodies(server, account, &agents).await?;
    Ok(Json(Payload { payload }))
}

async fn bodies(server: &Server, account: AccountId, agents: &[AgentId]) -> Result<Vec<AgentBody>> {
    let ids: Vec<i64> = agents.iter().map(|id| id.0).collect();
    let mut agents = agents::list_by_ids(&server.store, account, &ids).await?;
    agents.sort_unstable_by_key(|agent| agent.id);
    let bodies = agents.iter().map(|agent| AgentBody::new(account, agent));
    Ok(bodies.collect())
}

/// The inbox that a body names; the store knows whose it is.
fn of_body(body: &InboxMembersIn) -> Result<InboxId> {
    body.inbox_id.map(InboxId).ok_or(Error::NotFound)
}

/// Agents by their ids, each once.
fn ids(ids: Vec<i64>) -> Vec<AgentId> {
    let ids: BTreeSet<i64> = ids.into_iter().collect();
    ids.into_iter().map(AgentId).collect()
}

fn of_team(error: store::Error) -> Error {
    match error {
        store::Error::NotFound(Noun::Agent) => Error::UnknownMembers,
        other => other.into(),
    }
}

fn of_inbox(error: store::Error) -> Error {
    match error {
        store::Error::NotFound(Noun::Agent) => Error::invalid("user", "User must exist"),
        other => other.into(),
    }
}
