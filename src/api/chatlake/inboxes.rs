//! Where messages come in.

use axum::Json;
use axum::extract::State;

use super::auth::{Administrator, InInbox, Member, Of, Row, Who};
use super::body::Body;
use super::error::{Error, Result};
use super::params::Params;
use super::route::{get, post};
use super::wire::Payload;
use super::wire::inbox::{API_CHANNEL, Beside, InboxBody, Removal, channel_type};
use super::wire::inbox_in::{InboxBotIn, InboxIn};
use super::{Route, Server, inbox_fields, uploads};
use crate::model::{BotId, Inbox, InboxId};
use crate::store::avatars::Whose;
use crate::store::{self, Store, inbox_settings};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/inboxes",
            get(list, "Inboxes that the caller may look into")
                .post(create, "Makes an inbox")
                .carries("avatar"),
        ),
        (
            "/api/v1/accounts/{account_id}/inboxes/{inbox_id}",
            get(show, "An inbox")
                .edit(update, "Changes an inbox")
                .carries("avatar")
                .delete(remove, "Removes an inbox"),
        ),
        (
            "/api/v1/accounts/{account_id}/inboxes/{inbox_id}/set_agent_bot",
            post(set_bot, "Says which bot answers first in an inbox"),
        ),
        (
            "/api/v1/accounts/{account_id}/inboxes/{inbox_id}/reset_secret",
            post(
                reset_secret,
                "Ends the secret of an inbox and gives another",
            ),
        ),
    ]
}

impl Row<Administrator> for Inbox {
    const PLACE: &'static str = "inbox_id";

    async fn load(store: &Store, who: &Administrator, id: i64) -> store::Result<Self> {
        store::inboxes::get(store, who.account(), InboxId(id)).await
    }
}

async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    body: Body<InboxIn>,
) -> Result<Json<InboxBody>> {
    let (account, now) = (member.account, server.now());
    let received = body.read(&server, uploads::of_avatar(account)).await?;
    let (body, once) = (received.value, received.once);
    let picture = uploads::avatar(&received.files)?;
    let new = inbox_fields::read_new(body)?;
    let mut inbox = store::inboxes::create(&server.store, account, new, once, now).await?;
    if uploads::show_avatar(&server, account, Whose::Inbox(inbox.id), picture).await? {
        inbox = store::inboxes::get(&server.store, account, inbox.id).await?;
    }
    Ok(Json(answer(&server, &member, inbox).await?))
}

async fn show(
    State(server): State<Server>,
    InInbox { member, inbox }: InInbox,
) -> Result<Json<InboxBody>> {
    Ok(Json(answer(&server, &member, inbox).await?))
}

async fn list(
    State(server): State<Server>,
    member: Member,
) -> Result<Json<Payload<Vec<InboxBody>>>> {
    let inboxes =
        store::inboxes::list_visible(&server.store, member.account, member.viewer()).await?;
    let payload = bodies(&server, &member, &inboxes).await?;
    Ok(Json(Payload { payload }))
}

async fn update(
    State(server): State<Server>,
    Of { who, row: inbox }: Of<Administrator, Inbox>,
    body: Body<InboxIn>,
) -> Result<Json<InboxBody>> {
    let (account, now) = (who.account(), server.now());
    let received = body.read(&server, uploads::of_avatar(account)).await?;
    let picture = uploads::avatar(&received.files)?;
    let patch = inbox_fields::read_patch(received.value, inbox.channel)?;
    let mut inbox = inbox_settings::update(&server.store, account, inbox.id, patch, now).await?;
    if uploads::show_avatar(&server, account, Whose::Inbox(inbox.id), picture).await? {
        inbox = store::inboxes::get(&server.store, account, inbox.id).await?;
    }
    Ok(Json(answer(&server, &who.0, inbox).await?))
}

async fn remove(
    State(server): State<Server>,
    Of { who, row: inbox }: Of<Administrator, Inbox>,
) -> Result<Json<Removal>> {
    inbox_settings::remove(&server.store, who.account(), inbox.id, server.now()).await?;
    Ok(Json(Removal::default()))
}

async fn set_bot(
    State(server): State<Server>,
    Of { who, row: inbox }: Of<Administrator, Inbox>,
    Params { value: body, .. }: Params<InboxBotIn>,
) -> Result<()> {
    let bot = body.agent_bot.map(BotId);
    inbox_settings::set_bot(&server.store, who.account(), inbox.id, bot, server.now()).await?;
    Ok(())
}

/// Only what goes to the system behind an API inbox is signed.
async fn reset_secret(
    State(server): State<Server>,
    Of { who, row: inbox }: Of<Administrator, Inbox>,
) -> Result<Json<InboxBody>> {
    if channel_type(inbox.channel) != API_CHANNEL {
        return Err(Error::NotFound);
    }
    inbox_settings::reset_secret(&server.store, who.account(), inbox.id, server.now()).await?;
    Ok(Json(answer(&server, &who.0, inbox).await?))
}

async fn answer(server: &Server, member: &Member, inbox: Inbox) -> Result<InboxBody> {
    let mut bodies = bodies(server, member, &[inbox]).await?;
    bodies.pop().ok_or(Error::NotFound)
}

async fn bodies(server: &Server, member: &Member, inboxes: &[Inbox]) -> Result<Vec<InboxBody>> {
    let (store, account) = (&server.store, member.account);
    let ids: Vec<i64> = inboxes.iter().map(|inbox| inbox.id.0).collect();
    let links = store::inboxes::list_links(store, account, &ids).await?;
    let hours = inbox_settings::list_working_hours(store, account, &ids).await?;
    let widgets = inbox_settings::list_widgets(store, account, &ids).await?;
    let with_secrets = member.is_administrator();
    let body = |inbox: &Inbox| {
        let beside = Beside {
            link: links.get(&inbox.id),
            hours: hours.get(&inbox.id).copied().unwrap_or_default(),
            widget: widgets.get(&inbox.id),
        };
        InboxBody::new(inbox, beside, with_secrets)
    };
    Ok(inboxes.iter().map(body).collect())
}
