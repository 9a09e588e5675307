//! To whom a conversation is given.

use axum::Json;
use axum::extract::State;

use super::auth::{InConversation, Scope};
use super::error::Result;
use super::params::Params;
use super::route::post;
use super::wire::assignment::{AssignmentBody, NewAssignment};
use super::{Route, Server};
use crate::model::{AgentId, BotId, TeamId};
use crate::store;
use crate::store::Once;
use crate::store::conversation_changes::{self, Assignee, Change};

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/conversations/{conversation_id}/assignments",
        post(create, "Gives a conversation to an agent, a bot or a team"),
    )]
}

pub(super) async fn create(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, once }: Params<NewAssignment>,
) -> Result<Json<AssignmentBody>> {
    let to_bot = body.assignee_type.as_deref() == Some("AgentBot");
    let answer = match (body.assignee_id, body.team_id) {
        (id, _) if to_bot => assign_bot(&server, &within, id.flatten(), once).await?,
        (Some(id), _) => assign_agent(&server, &within, id, once).await?,
        (None, Some(id)) => assign_team(&server, &within, id, once).await?,
        (None, None) => AssignmentBody::nobody(),
    };
    Ok(Json(answer))
}

/// An agent who is not there is nobody.
async fn assign_agent(
    server: &Server,
    within: &InConversation<Scope>,
    id: Option<i64>,
    once: Option<Once>,
) -> Result<AssignmentBody> {
    let account = within.who.account;
    let agent = match id {
        Some(id) => found(store::agents::get(&server.store, account, AgentId(id)).await)?,
        None => None,
    };
    let assignee = agent.as_ref().map(|agent| Assignee::Agent(agent.id));
    change(server, within, Change::Assignee(assignee), once).await?;
    Ok(AssignmentBody::of_agent(account, agent.as_ref()))
}

/// A bot that is not there changes nothing.
async fn assign_bot(
    server: &Server,
    within: &InConversation<Scope>,
    id: Option<i64>,
    once: Option<Once>,
) -> Result<AssignmentBody> {
    let account = within.who.account;
    let bot = match id {
        Some(id) => {
            store::agent_bots::find(&server.store, account, BotId(id), server.now()).await?
        }
        None => None,
    };
    let Some(bot) = bot else {
        return Ok(AssignmentBody::nobody());
    };
    let assignee = Some(Assignee::Bot(bot.id));
    change(server, within, Change::Assignee(assignee), once).await?;
    Ok(AssignmentBody::of_bot(&bot))
}

/// A team that is not there is none.
async fn assign_team(
    server: &Server,
    within: &InConversation<Scope>,
    id: Option<i64>,
    once: Option<Once>,
) -> Result<AssignmentBody> {
    let account = within.who.account;
    let team = match id {
        Some(id) => store::assignments::find_team(&server.store, account, TeamId(id)).await?,
        None => None,
    };
    let id = team.as_ref().map(|row| row.team.id);
    change(server, within, Change::Team(id), once).await?;
    Ok(AssignmentBody::of_team(account, team.as_ref()))
}

fn found<T>(row: store::Result<T>) -> Result<Option<T>> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(store::Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn change(
    server: &Server,
    within: &InConversation<Scope>,
    change: Change,
    once: Option<Once>,
) -> Result<()> {
    let (account, id) = (within.who.account, within.conversation.id);
    let (change, now) = ((change, within.who.author()), server.now());
    conversation_changes::change(&server.store, account, id, change, once, now).await?;
    Ok(())
}
