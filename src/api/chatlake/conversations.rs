//! Conversations: begin, look at, list, move.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;

use super::auth::{Actor, Administrator, InConversation, Member, Scope, Who};
use super::body::Body;
use super::compose::{self, Place};
use super::error::{Error, Result};
use super::fields::Query;
use super::paging;
use super::params::Params;
use super::parse;
use super::route::{Asked, get};
use super::wire::conversation::{
    ConversationBody, ConversationChanges, ConversationList, ConversationListData,
    ConversationMeta, NewConversationBody,
};
use super::wire::inbox::{API_CHANNEL, channel_type};
use super::wire::message::NewMessageBody;
use super::{Route, Server, uploads};
use crate::model::{
    AgentId, Blob, ContactId, ContactInbox, ConversationId, ConversationStatus, InboxId,
    MessageKind, TeamId,
};
use crate::store;
use crate::store::conversation_changes::{self, Change};
use crate::store::conversation_lists::{Assigned, ConversationFilter, Sort};
use crate::store::conversation_starts::{Start, Through};
use crate::store::conversation_views::ConversationView;
use crate::store::conversations::NewConversation;
use crate::store::messages::NewMessage;

/// Conversations on a page.
const PAGE: i64 = 25;

/// The last page there is: whatever is behind it is found by narrower questions.
const LAST_PAGE: i64 = 4000;

/// The name of what is kept of a first message that is posted when its conversation is there.
const FIRST_MESSAGE: &str = "chatlake first message";

/// How many are given where there are no pages.
const UNPAGED: i64 = 1000;

/// Which conversations are meant.
pub(super) const WHICH: &[Asked] = &[
    Asked::text(
        "status",
        "`open` if it is not said, or another status, or `all`",
    ),
    Asked::text("assignee_type", "`me`, `assigned` or `unassigned`"),
    Asked::text(
        "conversation_type",
        "`mention`, `participating` or `unattended`",
    ),
    Asked::text("q", "What was said"),
    Asked::text("source_id", "Through which way their contact comes"),
    Asked::number("inbox_id", ""),
    Asked::number("team_id", ""),
    Asked::texts("labels", "Any of them"),
    Asked::number(
        "updated_within",
        "So many seconds ago or later; there are no pages then",
    ),
];

/// In which order, and which page of them.
pub(super) const SHOWN: &[Asked] = &[
    Asked::text(
        "sort_by",
        "As in `last_activity_at_desc`, `priority_asc` or `unread`",
    ),
    paging::ASKED,
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/conversations",
            get(list, "Conversations, page by page")
                .asks(WHICH)
                .asks(SHOWN)
                .post(create, "Begins a conversation, with files if it is a form")
                .carries("message[attachments][]"),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/meta",
            get(meta, "How many conversations there are on each tab").asks(WHICH),
        ),
        (
            "/api/v1/accounts/{account_id}/conversations/{conversation_id}",
            get(show, "A conversation")
                .edit(update, "Changes how much a conversation presses")
                .delete(delete, "Removes a conversation"),
        ),
    ]
}

pub(super) async fn create(
    State(server): State<Server>,
    scope: Scope,
    body: Body<NewConversationBody>,
) -> Result<Json<ConversationBody>> {
    let taking = uploads::of_first_message(scope.account);
    let received = body.read(&server, taking).await?;
    let (once, files) = (received.once, received.files);
    let mut start = read_start(&server, &scope, received.value, &files).await?;
    // What the contact says is posted to the conversation, where a bot may answer it.
    let heard = start.message.take_if(|first| is_heard(first));
    let then = once.as_ref().map(|once| once.beside(FIRST_MESSAGE));
    let (account, now) = (scope.account, server.now());
    let id = store::conversation_starts::start(&server.store, account, start, once, now).await?;
    if let Some(heard) = heard {
        server.runner.receive(account, id, heard, then, now).await?;
    }
    answer(&server, &scope, id).await
}

pub(super) async fn show(
    State(server): State<Server>,
    within: InConversation<Scope>,
) -> Result<Json<ConversationBody>> {
    answer(&server, &within.who, within.conversation.id).await
}

pub(super) async fn list(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<ConversationList>> {
    let (store, account, agent) = (&server.store, member.account, &member.agent);
    let (filter, assigned) = read_filter(&server, &member, &query).await?;
    let counts = store::conversation_lists::count(store, account, &filter, agent.id).await?;
    let (window, sort) = (read_window(&query)?, read_sort(&query));
    let ids =
        store::conversation_lists::list(store, account, &filter, assigned, sort, window).await?;
    let views = store::conversation_views::list(store, account, &ids).await?;
    let payload = show_all(&server, &member.scope(), &views).await?;
    Ok(Json(ConversationList {
        data: ConversationListData {
            meta: counts.into(),
            payload,
        },
    }))
}

pub(super) async fn meta(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<ConversationMeta>> {
    let (account, me) = (member.account, member.agent.id);
    server.limits.conversation_meta.check(me)?;
    let (filter, _) = read_filter(&server, &member, &query).await?;
    let counts = store::conversation_lists::count(&server.store, account, &filter, me).await?;
    Ok(Json(ConversationMeta {
        meta: counts.into(),
    }))
}

pub(super) async fn update(
    State(server): State<Server>,
    within: InConversation<Scope>,
    Params { value: body, once }: Params<ConversationChanges>,
) -> Result<Json<ConversationBody>> {
    let (scope, id) = (&within.who, within.conversation.id);
    if let Some(priority) = body.priority {
        let priority = priority.as_deref().map(parse::priority).transpose()?;
        let change = (Change::Priority(priority), scope.author());
        let now = server.now();
        conversation_changes::change(&server.store, scope.account, id, change, once, now).await?;
    }
    answer(&server, scope, id).await
}

pub(super) async fn delete(
    State(server): State<Server>,
    within: InConversation<Administrator>,
) -> Result<StatusCode> {
    let (account, id) = (within.who.account(), within.conversation.id);
    store::conversation_removal::remove(&server.store, account, id, server.now()).await?;
    Ok(StatusCode::OK)
}

/// The conversation as its caller sees it now.
pub(super) async fn answer(
    server: &Server,
    scope: &Scope,
    id: ConversationId,
) -> Result<Json<ConversationBody>> {
    let view = store::conversation_views::get(&server.store, scope.account, id).await?;
    let teams = teams_of(server, scope, std::slice::from_ref(&view)).await?;
    Ok(Json(ConversationBody::new(
        scope.account,
        &view,
        &teams,
        server.now(),
    )))
}

/// Conversations as their caller sees them.
pub(super) async fn show_all(
    server: &Server,
    scope: &Scope,
    views: &[ConversationView],
) -> Result<Vec<ConversationBody>> {
    let teams = teams_of(server, scope, views).await?;
    let now = server.now();
    let views = views.iter();
    Ok(views
        .map(|view| ConversationBody::new(scope.account, view, &teams, now))
        .collect())
}

/// The teams that the caller is in, if any of these conversations is a team's. A bot is in none.
async fn teams_of(
    server: &Server,
    scope: &Scope,
    views: &[ConversationView],
) -> Result<Vec<TeamId>> {
    match &scope.actor {
        Actor::Agent(agent) if views.iter().any(|view| view.team.is_some()) => {
            Ok(store::agents::list_teams(&server.store, scope.account, agent.id).await?)
        }
        Actor::Agent(_) | Actor::Bot(_) => Ok(Vec::new()),
    }
}

async fn read_start(
    server: &Server,
    scope: &Scope,
    mut body: NewConversationBody,
    files: &[Blob],
) -> Result<Start> {
    let (through, place) = find_through(server, scope, &body).await?;
    let status = body.status.as_deref().filter(|text| !text.is_empty());
    if !files.is_empty() {
        body.message.get_or_insert_default();
    }
    let message = match body.message {
        Some(body) => Some(first_message(server, scope, &place, (body, files)).await?),
        None => None,
    };
    let new = NewConversation {
        status: status.map(parse::status).transpose()?,
        assignee: body.assignee_id.map(AgentId),
        team: body.team_id.map(TeamId),
        snoozed_until: body.snoozed_until,
        additional_attributes: parse::conversation_attributes(
            "additional_attributes",
            "Additional attributes",
            body.additional_attributes,
        )?,
        custom_attributes: parse::conversation_attributes(
            "custom_attributes",
            "Custom attributes",
            body.custom_attributes,
        )?,
    };
    Ok(Start {
        through,
        new,
        message,
    })
}

fn is_heard(message: &NewMessage) -> bool {
    message.kind == MessageKind::Incoming && !message.private
}

/// What is said first. What the contact says may come from another system only.
async fn first_message(
    server: &Server,
    scope: &Scope,
    place: &Place<'_>,
    (mut body, files): (NewMessageBody, &[Blob]),
) -> Result<NewMessage> {
    let named = body.attachments.take();
    let mut message = compose::message(server, scope, place, body).await?;
    message.attachments = uploads::attachments(server, scope.account, named, files).await?;
    if message.kind == MessageKind::Incoming {
        let inbox = store::inboxes::get(&server.store, scope.account, place.inbox).await?;
        if channel_type(inbox.channel) != API_CHANNEL {
            return Err(store::Error::IncomingRefused.into());
        }
    }
    Ok(message)
}

/// The way that a contact and an inbox name, or else the one that carries the source id.
async fn find_through(
    server: &Server,
    scope: &Scope,
    body: &NewConversationBody,
) -> Result<(Through, Place<'static>)> {
    let account = scope.account;
    let source_id = parse::source_id(body.source_id.clone())?;
    let inbox = match body.inbox_id {
        Some(id) => Some(scope.inbox(server, InboxId(id)).await?),
        None => None,
    };
    let contact = match body.contact_id {
        Some(id) => Some(store::contacts::get(&server.store, account, ContactId(id)).await?),
        None => None,
    };
    if let (Some(contact), Some(inbox)) = (&contact, &inbox) {
        let through = Through::Contact {
            contact: contact.id,
            inbox: inbox.id,
            source_id,
            hmac_verified: body.hmac_verified.unwrap_or_default(),
        };
        return Ok((through, Place::new(contact.id, inbox.id)));
    }
    let source_id = source_id.ok_or(Error::NotFound)?;
    let ways = store::contacts::list_ways_by_source_id(&server.store, account, &source_id).await?;
    let fits = |way: &ContactInbox| {
        inbox.as_ref().is_none_or(|inbox| inbox.id == way.inbox)
            && contact
                .as_ref()
                .is_none_or(|contact| contact.id == way.contact)
    };
    let way = ways.into_iter().find(fits).ok_or(Error::NotFound)?;
    scope.inbox(server, way.inbox).await?;
    Ok((Through::Way(way.id), Place::new(way.contact, way.inbox)))
}

pub(super) async fn read_filter(
    server: &Server,
    member: &Member,
    query: &Query,
) -> Result<(ConversationFilter, Assigned)> {
    let said = query.last("q");
    let status = match query.last("status") {
        // What is searched may stand anywhere.
        _ if said.is_some() => None,
        None => Some(ConversationStatus::Open),
        Some("all") => None,
        Some(text) => Some(parse::status(text)?),
    };
    let assigned = match query.last("assignee_type") {
        Some("me") => Assigned::To(member.agent.id),
        Some("assigned") => Assigned::Somebody,
        Some("unassigned") => Assigned::Nobody,
        Some(_) | None => Assigned::Any,
    };
    let within = query.number("updated_within")?;
    let within = within.map(|seconds| TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX));
    let kind = query.last("conversation_type");
    let among = match said {
        Some(said) => {
            Some(store::conversation_search::find(&server.store, member.account, said).await?)
        }
        None => None,
    };
    let filter = ConversationFilter {
        status,
        inbox: query.number("inbox_id")?.map(InboxId),
        team: query.number("team_id")?.map(TeamId),
        labels: query.all("labels"),
        source_id: query.last("source_id").map(str::to_owned),
        updated_since: within.and_then(|within| server.now().checked_sub_signed(within)),
        unattended: kind == Some("unattended"),
        mentioned: (kind == Some("mention")).then_some(member.agent.id),
        participant: (kind == Some("participating")).then_some(member.agent.id),
        among,
        ..ConversationFilter::all(member.viewer())
    };
    Ok((filter, assigned))
}

pub(super) fn read_window(query: &Query) -> Result<(i64, i64)> {
    if query.last("updated_within").is_some() {
        return Ok((0, UNPAGED));
    }
    let page = query.number("page")?.unwrap_or(1).max(1);
    if page > LAST_PAGE {
        return Ok((0, 0));
    }
    Ok(((page - 1) * PAGE, PAGE))
}

pub(super) fn read_sort(query: &Query) -> Sort {
    match query.last("sort_by") {
        Some("last_activity_at_asc") => Sort::ActivityAscending,
        Some("created_at_desc") => Sort::Created,
        Some("created_at_asc") => Sort::CreatedAscending,
        Some("priority_desc") => Sort::Priority,
        Some("priority_asc") => Sort::PriorityAscending,
        Some("priority_desc_created_at_asc") => Sort::PriorityThenCreated,
        Some("waiting_since_desc") => Sort::Waiting,
        Some("waiting_since_asc") => Sort::WaitingAscending,
        Some("unread") => Sort::Unread,
        Some(_) | None => Sort::Activity,
    }
}
