//! What happens, told to those who are connected: the ActionCable protocol over a websocket at `/cable`.
//!
//! `connection` speaks the protocol with one client. A client subscribes with a token, an agent's or a contact's, which
//! seats it in the `room` of its account. A room exists while somebody sits in it. It hears of commits on whichever
//! server, reads what happened once for all who sit there (`recent`), makes of it what each kind of listener is told
//! (`tell`), and hands that to their queues. A queue is bounded; whoever does not keep up is cut off, comes back, and reads
//! the rest through the REST API.
//!
//! # Known deviations
//!
//! - Conversations and messages are told as they are when they are told; in between they may have changed once more.
//! - No token stands in what is told. Of a contact that is gone only its id is told.
//! - Who cannot subscribe because too many are there is told `reject_subscription`. A client that subscribes to nothing, or
//!   whose end of the connection does not answer, is sent away.
//! - `conversation.unread_count_changed` is told where the account has the feature `conversation_unread_counts`.
//! - `echo_id` is told to whoever hears of the message, if it is a number or a text of at most 255 characters.
//! - There are no notifications to tell of. The performer is told of messages only.

mod connection;
mod hub;
mod protocol;
mod recent;
mod room;
mod tell;
mod unread;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};

use super::error::{Error, Result};
use super::route::get;
use super::{Route, Server};
use crate::api::edge::{ClientAddress, RetryAfter};
use connection::Connection;
pub(super) use hub::Hub;

/// The protocol's name, which both sides say when they meet.
const PROTOCOL: &str = "actioncable-v1-json";

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/cable",
        get(
            connect,
            "Opens a websocket on which clients are told what happens",
        ),
    )]
}

/// A connection that goes on as a websocket.
pub(super) struct Upgrade(Response);

impl IntoResponse for Upgrade {
    fn into_response(self) -> Response {
        self.0
    }
}

/// Anybody may connect, from any page; who it is, is said by what it subscribes with.
pub(super) async fn connect(State(server): State<Server>, request: Request) -> Result<Upgrade> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &server)
        .await
        .map_err(|_| Error::NotFound)?;
    let place = server.cable.place().ok_or(RetryAfter(1))?;
    let limit = server.cable.config().message_limit_bytes.get();
    let tasks = server.cable.tasks().clone();
    let connection = Connection::new(&server, ClientAddress::rate_key(&parts), place);
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(limit)
        .max_frame_size(limit);
    Ok(Upgrade(upgrade.on_upgrade(move |socket| {
        tasks.track_future(connection.run(socket))
    })))
}
