//! Somebody asks for what was said. This server sends no mail: that it was asked for is noted in the conversation, for
//! whoever can send it.

use axum::extract::State;
use axum::http::StatusCode;

use super::auth::{InConversation, Member};
use super::error::{Error, Result};
use super::params::Params;
use super::route::post;
use super::wire::attention::NewTranscript;
use super::{Route, Server};
use crate::model::Email;
use crate::store::{agents, conversation_status};

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/conversations/{conversation_id}/transcript",
        post(request, "Asks for what was said to be sent to an address"),
    )]
}

pub(super) async fn request(
    State(server): State<Server>,
    within: InConversation<Member>,
    Params { value: body, once }: Params<NewTranscript>,
) -> Result<StatusCode> {
    let text = body.email.filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Error::Refused("email param missing".to_owned()))?;
    let email = Email::parse(&text).map_err(|_| Error::invalid("email", "Email is invalid"))?;
    let (member, id) = (&within.who, within.conversation.id);
    let limit = server.limits.transcripts.check(member.account);
    limit.map_err(Error::TooManyTranscripts)?;
    let agent = agents::get(&server.store, member.account, member.agent.id).await?;
    let note = format!(
        "{} asked for a transcript to be sent to {}",
        agent.name,
        email.as_str()
    );
    conversation_status::remark(&server.store, member.account, id, note, once, server.now())
        .await?;
    Ok(StatusCode::OK)
}
