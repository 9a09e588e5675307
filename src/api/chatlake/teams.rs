//! Teams.

use axum::Json;
use axum::extract::State;

use super::auth::{Administrator, Member, Of, Row, Who};
use super::error::Result;
use super::params::Wrapped;
use super::parse::{Faults, MAX_STRING, MAX_TEXT};
use super::route::get;
use super::wire::user::{TeamBody, TeamIn};
use super::{Route, Server};
use crate::model::TeamId;
use crate::store::members::{self, TeamMembers};
use crate::store::teams::{self, NewTeam, TeamPatch};
use crate::store::{self, Store};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/teams",
            get(list, "Teams").post(create, "Makes a team"),
        ),
        (
            "/api/v1/accounts/{account_id}/teams/{team_id}",
            get(show, "A team")
                .edit(update, "Changes a team")
                .delete(delete, "Removes a team"),
        ),
    ]
}

impl<W: Who + Sync> Row<W> for TeamMembers {
    const PLACE: &'static str = "team_id";

    async fn load(store: &Store, who: &W, id: i64) -> store::Result<Self> {
        members::get_team(store, who.account(), TeamId(id)).await
    }
}

async fn list(State(server): State<Server>, member: Member) -> Result<Json<Vec<TeamBody>>> {
    let teams = members::list_teams(&server.store, member.account).await?;
    Ok(Json(teams.iter().map(|team| body(&member, team)).collect()))
}

async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Wrapped { value: body, once }: Wrapped<TeamIn>,
) -> Result<Json<TeamBody>> {
    let name = Some(body.name.unwrap_or_default());
    let patch = read(TeamIn { name, ..body })?;
    let new = NewTeam {
        name: patch.name.unwrap_or_default(),
        description: patch.description.flatten(),
        allow_auto_assign: patch.allow_auto_assign.unwrap_or(true),
    };
    let id = teams::create(&server.store, member.account, new, once, server.now()).await?;
    show_team(&server, &member, id).await
}

async fn show(Of { who, row: team }: Of<Member, TeamMembers>) -> Json<TeamBody> {
    Json(body(&who, &team))
}

async fn update(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, TeamMembers>,
    Wrapped { value: body, .. }: Wrapped<TeamIn>,
) -> Result<Json<TeamBody>> {
    let (id, patch) = (row.team.id, read(body)?);
    teams::update(&server.store, who.account(), id, patch, server.now()).await?;
    show_team(&server, &who.0, id).await
}

async fn delete(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, TeamMembers>,
) -> Result<()> {
    teams::delete(&server.store, who.account(), row.team.id, server.now()).await?;
    Ok(())
}

async fn show_team(server: &Server, member: &Member, id: TeamId) -> Result<Json<TeamBody>> {
    let team = members::get_team(&server.store, member.account, id).await?;
    Ok(Json(body(member, &team)))
}

fn body(member: &Member, team: &TeamMembers) -> TeamBody {
    TeamBody::new(
        member.account,
        &team.team,
        team.agents.contains(&member.agent.id),
    )
}

fn read(body: TeamIn) -> Result<TeamPatch> {
    let name = body.name.map(|name| name.trim().to_lowercase());
    let description = body.description.as_ref().and_then(Option::as_deref);
    let mut faults = Faults::default();
    faults.check_present("name", "Name must not be blank", name.as_deref());
    faults.check_length("name", "Name", name.as_deref(), MAX_STRING);
    faults.check_length("description", "Description", description, MAX_TEXT);
    faults.settle()?;
    Ok(TeamPatch {
        name,
        description: body.description,
        allow_auto_assign: body.allow_auto_assign,
    })
}
