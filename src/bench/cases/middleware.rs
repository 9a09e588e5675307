//! What stands around every request: a refusal that needs no row, after its caller is known.

use super::super::clients::{Question, Requests};
use super::super::crowd::Place;
use super::super::http::get;
use super::super::server::Server;
use super::super::stage::Stage;
use super::messages::SETTINGS;
use super::{Case, Goal, Line};

/// Clients at once.
const CLIENTS: usize = 32;

pub(super) async fn prepare(stage: &Stage) -> anyhow::Result<Case> {
    let server = stage.serve(SETTINGS).await?;
    let bare = Server::bare(&stage.folder().join("bare")).await?;
    let place = Place::new(stage, "Refused", None).await?;
    stage.settle().await?;
    // An id that is none is nobody's, which the database need not be asked.
    let path = format!(
        "/api/v1/accounts/{}/conversations/none/messages",
        place.account
    );
    let headers = format!("api_access_token: {}\r\n", place.token);
    let question = || Question {
        requests: vec![get(&path, &headers)],
        status: 404,
        check: |answer| {
            anyhow::ensure!(answer["error"].is_string(), "{answer}");
            Ok(())
        },
    };
    let lines = vec![
        Line::yardstick(
            format!("bare axum, {CLIENTS} connections"),
            Requests::new(bare.address, CLIENTS, question()),
        ),
        Line::new(
            format!("authenticated 404, {CLIENTS} connections"),
            Requests::new(server.address, CLIENTS, question()),
        )
        .goal(Goal::Ratio(0.5)),
    ];
    Ok(Case {
        servers: vec![server, bare],
        lines,
    })
}
