//! What agents write down about a contact.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;

use super::super::auth::{Member, NoteOf, Of};
use super::super::error::{Error, Result};
use super::super::params::Params;
use super::super::parse::Faults;
use super::super::route::get;
use super::super::wire::note::{NoteBody, NoteParams};
use super::super::{Route, Server};
use crate::model::{AccountId, Agent, AgentId, Contact, Note};
use crate::store;

/// The longest note.
const MAX_NOTE: usize = 20_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/notes",
            get(list, "Notes about a contact").post(create, "Writes a note about a contact"),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/notes/{note_id}",
            get(show, "A note")
                .edit(update, "Changes a note")
                .delete(remove, "Removes a note"),
        ),
    ]
}

async fn list(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
) -> Result<Json<Vec<NoteBody>>> {
    let notes = store::notes::list(&server.store, who.account, contact.id).await?;
    Ok(Json(bodies(&server, who.account, notes).await?))
}

async fn create(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
    Params { value: body, once }: Params<NoteParams>,
) -> Result<Json<NoteBody>> {
    let content = read_content(body)?;
    let by = (contact.id, who.agent.id);
    let note =
        store::notes::create(&server.store, who.account, by, content, once, server.now()).await?;
    answer(&server, who.account, note).await
}

async fn show(
    State(server): State<Server>,
    NoteOf { member, note }: NoteOf,
) -> Result<Json<NoteBody>> {
    answer(&server, member.account, note).await
}

async fn update(
    State(server): State<Server>,
    NoteOf { member, note }: NoteOf,
    Params { value: body, .. }: Params<NoteParams>,
) -> Result<Json<NoteBody>> {
    let content = read_content(body)?;
    let (account, id) = (member.account, (note.contact, note.id));
    let note = store::notes::update(&server.store, account, id, content, server.now()).await?;
    answer(&server, account, note).await
}

async fn remove(State(server): State<Server>, NoteOf { member, note }: NoteOf) -> Result<()> {
    store::notes::delete(&server.store, member.account, note.contact, note.id).await?;
    Ok(())
}

fn read_content(body: NoteParams) -> Result<String> {
    let content = body.into_content().unwrap_or_default();
    let mut faults = Faults::default();
    if content.trim().is_empty() {
        faults.add("content", "Content can't be blank");
    }
    faults.check_length("content", "Content", Some(&content), MAX_NOTE);
    faults.settle()?;
    Ok(content)
}

async fn answer(server: &Server, account: AccountId, note: Note) -> Result<Json<NoteBody>> {
    let mut bodies = bodies(server, account, vec![note]).await?;
    bodies.pop().map(Json).ok_or(Error::NotFound)
}

async fn bodies(server: &Server, account: AccountId, notes: Vec<Note>) -> Result<Vec<NoteBody>> {
    let ids: Vec<i64> = notes
        .iter()
        .filter_map(|note| Some(note.author?.0))
        .collect();
    let authors = store::agents::list_by_ids(&server.store, account, &ids).await?;
    let authors: HashMap<AgentId, Agent> =
        authors.into_iter().map(|agent| (agent.id, agent)).collect();
    let body = |note: Note| {
        let author = note.author.and_then(|id| authors.get(&id));
        NoteBody::new(account, note, author)
    };
    Ok(notes.into_iter().map(body).collect())
}
