//! A contact's labels and conversations.

use axum::Json;
use axum::extract::State;

use super::super::auth::{Member, Of, Who};
use super::super::conversations;
use super::super::error::Result;
use super::super::params::Params;
use super::super::parse;
use super::super::route::get;
use super::super::wire::Payload;
use super::super::wire::contact::LabelsBody;
use super::super::wire::conversation::ConversationBody;
use super::super::{Route, Server};
use crate::model::{AccountId, Contact, ContactId};
use crate::store;
use crate::store::conversation_lists::{Assigned, ConversationFilter, Sort};

/// How many of a contact's conversations are shown.
const CONVERSATIONS: i64 = 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/labels",
            get(list, "A contact's labels").post(set, "Sets the labels of a contact"),
        ),
        (
            "/api/v1/accounts/{account_id}/contacts/{contact_id}/conversations",
            get(list_conversations, "A contact's newest conversations"),
        ),
    ]
}

async fn list(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
) -> Result<Json<Payload<Vec<String>>>> {
    answer(&server, who.account, contact.id).await
}

async fn set(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
    Params { value: body, .. }: Params<LabelsBody>,
) -> Result<Json<Payload<Vec<String>>>> {
    let titles = parse::labels(body.labels)?;
    let (account, id) = (who.account, contact.id);
    store::labels::set_of_contact(&server.store, account, id, titles, server.now()).await?;
    answer(&server, account, id).await
}

async fn answer(
    server: &Server,
    account: AccountId,
    contact: ContactId,
) -> Result<Json<Payload<Vec<String>>>> {
    let labels = store::labels::list_of_contact(&server.store, account, contact).await?;
    let payload = labels.into_iter().map(|label| label.title).collect();
    Ok(Json(Payload { payload }))
}

/// The newest, of those in inboxes that the caller may look into.
async fn list_conversations(
    State(server): State<Server>,
    Of { who, row: contact }: Of<Member, Contact>,
) -> Result<Json<Payload<Vec<ConversationBody>>>> {
    let (store, account) = (&server.store, who.account);
    let filter = ConversationFilter {
        contact: Some(contact.id),
        ..ConversationFilter::all(who.viewer())
    };
    let window = (0, CONVERSATIONS);
    let (any, newest) = (Assigned::Any, Sort::Activity);
    let ids = store::conversation_lists::list(store, account, &filter, any, newest, window).await?;
    let views = store::conversation_views::list(store, account, &ids).await?;
    let payload = conversations::show_all(&server, &who.scope(), &views).await?;
    Ok(Json(Payload { payload }))
}
