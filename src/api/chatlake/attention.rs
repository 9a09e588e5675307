//! What agents have seen of conversations, who follows them, and what is being written in them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::auth::{InConversation, Member, Who};
use super::conversations;
use super::error::{Error, Result};
use super::params::Params;
use super::parse::{Faults, MAX_CONTENT};
use super::route::{get, post};
use super::wire::Payload;
use super::wire::attention::{DraftBody, NewDraft, ParticipantIds, UnreadCountsBody};
use super::wire::conversation::ConversationBody;
use super::wire::user::AgentBody;
use super::{Route, Server};
use crate::store::{conversation_attention, drafts, participants};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/conversations/unread_counts",
            get(count_unread, "How many conversations have unread messages"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/update_last_seen",
            post(see, "Marks a conversation as seen"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/unread",
            post(mark_unread, "Marks a conversation as unread"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/participants",
            get(list_participants, "Who follows a conversation")
                .post(add_participants, "Lets agents follow a conversation")
                .edit(
                    set_participants,
                    "Lets these agents alone follow a conversation",
                )
                .delete(
                    remove_participants,
                    "Lets agents follow a conversation no more",
                ),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}/draft_messages",
            get(show_draft, "What somebody began to write")
                .edit(keep_draft, "Keeps what somebody began to write")
                .delete(forget_draft, "Forgets what somebody began to write"),
        ),
    ]
}

pub(super) async fn count_unread(
    State(server): State<Server>,
    member: Member,
) -> Result<Json<Payload<UnreadCountsBody>>> {
    let (account, viewer) = (member.account, member.viewer());
    let counts = conversation_attention::count_unread(&server.store, account, viewer).await?;
    let by_text = |counts: BTreeMap<i64, i64>| {
        let pairs = counts
            .into_iter()
            .map(|(id, count)| (id.to_string(), count));
        pairs.collect()
    };
    Ok(Json(Payload {
        payload: UnreadCountsBody {
            all_count: counts.all,
            inboxes: by_text(counts.inboxes),
            labels: by_text(counts.labels),
            teams: by_text(counts.teams),
        },
    }))
}

pub(super) async fn see(
    State(server): State<Server>,
    within: InConversation<Member>,
) -> Result<Json<ConversationBody>> {
    let (member, id) = (&within.who, within.conversation.id);
    let (account, agent) = (member.account, member.agent.id);
    conversation_attention::see(&server.store, account, id, agent, server.now()).await?;
    conversations::answer(&server, &member.scope(), id).await
}

pub(super) async fn mark_unread(
    State(server): State<Server>,
    within: InConversation<Member>,
) -> Result<Json<ConversationBody>> {
    let (member, id) = (&within.who, within.conversation.id);
    let (account, now) = (member.account, server.now());
    conversation_attention::mark_unread(&server.store, account, id, now).await?;
    conversations::answer(&server, &member.scope(), id).await
}

pub(super) async fn list_participants(
    State(server): State<Server>,
    within: InConversation<Member>,
) -> Result<Json<Vec<AgentBody>>> {
    let (account, id) = (within.who.account, within.conversation.id);
    let agents = participants::list(&server.store, account, id).await?;
    let bodies = agents.iter().map(|agent| AgentBody::new(account, agent));
    Ok(Json(bodies.collect()))
}

pub(super) async fn add_participants(
    State(server): State<Server>,
    within: InConversation<Member>,
    Params { value: body, .. }: Params<ParticipantIds>,
) -> Result<Json<Vec<AgentBody>>> {
    add(&server, &within, body.user_ids, false).await?;
    list_participants(State(server), within).await
}

pub(super) async fn set_participants(
    State(server): State<Server>,
    within: InConversation<Member>,
    Params { value: body, .. }: Params<ParticipantIds>,
) -> Result<Json<Vec<AgentBody>>> {
    add(&server, &within, body.user_ids, true).await?;
    list_participants(State(server), within).await
}

async fn add(
    server: &Server,
    within: &InConversation<Member>,
    mut ids: Vec<i64>,
    only: bool,
) -> Result<()> {
    let (store, account) = (&server.store, within.who.account);
    ids.sort_unstable();
    ids.dedup();
    let inbox = within.conversation.inbox;
    let permitted = participants::list_with_access(store, account, inbox, &ids).await?;
    if permitted != ids {
        return Err(Error::invalid("user", "User must have inbox access"));
    }
    participants::add(
        store,
        account,
        within.conversation.id,
        (ids, only),
        server.now(),
    )
    .await?;
    Ok(())
}

pub(super) async fn remove_participants(
    State(server): State<Server>,
    within: InConversation<Member>,
    Params { value: body, .. }: Params<ParticipantIds>,
) -> Result<StatusCode> {
    let (account, id) = (within.who.account, within.conversation.id);
    participants::remove(&server.store, account, id, body.user_ids).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn show_draft(
    State(server): State<Server>,
    within: InConversation<Member>,
) -> Result<Json<DraftBody>> {
    let (account, id) = (within.who.account, within.conversation.id);
    let message = drafts::find(&server.store, account, id).await?;
    Ok(Json(DraftBody::new(message)))
}

pub(super) async fn keep_draft(
    State(server): State<Server>,
    within: InConversation<Member>,
    Params { value: body, .. }: Params<NewDraft>,
) -> Result<StatusCode> {
    let (account, id) = (within.who.account, within.conversation.id);
    let message = body.into_message();
    let mut faults = Faults::default();
    faults.check_length("message", "Message", Some(&message), MAX_CONTENT);
    faults.settle()?;
    drafts::keep(&server.store, account, id, message, server.now()).await?;
    Ok(StatusCode::OK)
}

pub(super) async fn forget_draft(
    State(server): State<Server>,
    within: InConversation<Member>,
) -> Result<StatusCode> {
    let (account, id) = (within.who.account, within.conversation.id);
    drafts::forget(&server.store, account, id).await?;
    Ok(StatusCode::OK)
}
