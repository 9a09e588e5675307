//! The labels that an account defined.

use axum::Json;
use axum::extract::State;

use super::auth::{Administrator, Member, Of, Row, Who};
use super::error::Result;
use super::params::Wrapped;
use super::parse::{Faults, MAX_STRING, MAX_TEXT};
use super::route::get;
use super::wire::Payload;
use super::wire::settings::{Label, LabelIn};
use super::{Route, Server};
use crate::model::{self, LabelId};
use crate::store::label_definitions::{self, LabelPatch, NewLabel};
use crate::store::{self, Store};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/labels",
            get(list, "Labels that the account defined").post(create, "Defines a label"),
        ),
        (
            "/api/v1/accounts/{account_id}/labels/{label_id}",
            get(show, "A label")
                .edit(update, "Changes a label")
                .delete(delete, "Removes a label"),
        ),
    ]
}

impl<W: Who + Sync> Row<W> for model::Label {
    const PLACE: &'static str = "label_id";

    async fn load(store: &Store, who: &W, id: i64) -> store::Result<Self> {
        label_definitions::get(store, who.account(), LabelId(id)).await
    }
}

async fn list(State(server): State<Server>, member: Member) -> Result<Json<Payload<Vec<Label>>>> {
    let labels = label_definitions::list(&server.store, member.account).await?;
    let payload = labels.into_iter().map(Label::from).collect();
    Ok(Json(Payload { payload }))
}

async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Wrapped { value: body, once }: Wrapped<LabelIn>,
) -> Result<Json<Label>> {
    let title = Some(body.title.unwrap_or_default());
    let patch = read(LabelIn { title, ..body })?;
    let new = NewLabel {
        title: patch.title.unwrap_or_default(),
        description: patch.description.flatten(),
        color: patch.color,
        show_on_sidebar: patch.show_on_sidebar.unwrap_or(true),
    };
    let (account, now) = (member.account, server.now());
    let label = label_definitions::create(&server.store, account, new, once, now).await?;
    Ok(Json(label.into()))
}

async fn show(Of { row: label, .. }: Of<Administrator, model::Label>) -> Json<Label> {
    Json(label.into())
}

async fn update(
    State(server): State<Server>,
    Of { who, row: label }: Of<Administrator, model::Label>,
    Wrapped { value: body, .. }: Wrapped<LabelIn>,
) -> Result<Json<Label>> {
    let (patch, now) = (read(body)?, server.now());
    let label =
        label_definitions::update(&server.store, who.account(), label.id, patch, now).await?;
    Ok(Json(label.into()))
}

async fn delete(
    State(server): State<Server>,
    Of { who, row: label }: Of<Administrator, model::Label>,
) -> Result<()> {
    label_definitions::delete(&server.store, who.account(), label.id, server.now()).await?;
    Ok(())
}

fn read(body: LabelIn) -> Result<LabelPatch> {
    let title = body.title.map(|title| title.trim().to_lowercase());
    let mut faults = Faults::default();
    faults.check_present("title", "Title must not be blank", title.as_deref());
    let is_plain = |title: &str| {
        title
            .chars()
            .all(|c| c.is_alphanumeric() || "-_".contains(c))
    };
    if title.as_deref().is_some_and(|title| !is_plain(title)) {
        faults.add("title", "Title is invalid");
    }
    faults.check_length("title", "Title", title.as_deref(), MAX_STRING);
    let description = body.description.as_ref().and_then(Option::as_deref);
    faults.check_length("description", "Description", description, MAX_TEXT);
    faults.check_length("color", "Color", body.color.as_deref(), MAX_STRING);
    faults.settle()?;
    Ok(LabelPatch {
        title,
        description: body.description,
        color: body.color.filter(|color| !color.is_empty()),
        show_on_sidebar: body.show_on_sidebar,
    })
}
