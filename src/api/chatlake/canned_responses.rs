//! Answers that agents keep at hand.

use axum::Json;
use axum::extract::State;

use super::auth::{Member, Of, Row, Who};
use super::error::Result;
use super::fields::Query;
use super::params::Wrapped;
use super::parse::{Faults, MAX_STRING, MAX_TEXT};
use super::route::{Asked, edit, get};
use super::wire::settings::{CannedResponseIn, CannedResponseOut};
use super::{Route, Server};
use crate::model::{CannedResponse, CannedResponseId};
use crate::store::canned_responses::{self, CannedResponsePatch};
use crate::store::{self, Store};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/canned_responses",
            get(
                list,
                "Canned responses, or the best matches of a search first",
            )
            .asks(&[Asked::text("search", "What stands in them")])
            .post(create, "Keeps a canned response"),
        ),
        (
            "/api/v1/accounts/{account_id}/canned_responses/{canned_response_id}",
            edit(update, "Changes a canned response").delete(delete, "Removes a canned response"),
        ),
    ]
}

impl<W: Who + Sync> Row<W> for CannedResponse {
    const PLACE: &'static str = "canned_response_id";

    async fn load(store: &Store, who: &W, id: i64) -> store::Result<Self> {
        canned_responses::get(store, who.account(), CannedResponseId(id)).await
    }
}

/// All of them, or the best matches of a search first.
async fn list(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<Vec<CannedResponseOut>>> {
    let account = member.account;
    let found = match query.last("search") {
        Some(text) => canned_responses::search(&server.store, account, text).await?,
        None => canned_responses::list(&server.store, account).await?,
    };
    let shown = |response| CannedResponseOut::new(account, response);
    Ok(Json(found.into_iter().map(shown).collect()))
}

async fn create(
    State(server): State<Server>,
    member: Member,
    Wrapped { value: body, once }: Wrapped<CannedResponseIn>,
) -> Result<Json<CannedResponseOut>> {
    let patch = read(CannedResponseIn {
        short_code: Some(body.short_code.unwrap_or_default()),
        content: Some(body.content.unwrap_or_default()),
    })?;
    let new = (
        patch.short_code.unwrap_or_default(),
        patch.content.unwrap_or_default(),
    );
    let (account, now) = (member.account, server.now());
    let made = canned_responses::create(&server.store, account, new, once, now).await?;
    Ok(Json(CannedResponseOut::new(account, made)))
}

async fn update(
    State(server): State<Server>,
    Of { who, row }: Of<Member, CannedResponse>,
    Wrapped { value: body, .. }: Wrapped<CannedResponseIn>,
) -> Result<Json<CannedResponseOut>> {
    let (account, patch, now) = (who.account, read(body)?, server.now());
    let changed = canned_responses::update(&server.store, account, row.id, patch, now).await?;
    Ok(Json(CannedResponseOut::new(account, changed)))
}

async fn delete(
    State(server): State<Server>,
    Of { who, row }: Of<Member, CannedResponse>,
) -> Result<()> {
    canned_responses::delete(&server.store, who.account, row.id).await?;
    Ok(())
}

fn read(body: CannedResponseIn) -> Result<CannedResponsePatch> {
    let (short_code, content) = (body.short_code.as_deref(), body.content.as_deref());
    let mut faults = Faults::default();
    faults.check_present("content", "Content can't be blank", content);
    faults.check_present("short_code", "Short code can't be blank", short_code);
    faults.check_length("content", "Content", content, MAX_TEXT);
    faults.check_length("short_code", "Short code", short_code, MAX_STRING);
    faults.settle()?;
    Ok(CannedResponsePatch {
        short_code: body.short_code,
        content: body.content,
    })
}
