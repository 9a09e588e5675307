//! The end of a server as a power cut brings it about.

use std::collections::BTreeMap;

use quartet::clock::{Clock, SystemClock};
use quartet::model::ConversationId;

use super::{EXACT, Scene};
use crate::app::TestApp;
use crate::process::Process;
use crate::receiver::Receiver;
use crate::server::soon;

const CONVERSATIONS: usize = 30;
const MESSAGES: usize = 4;
const IMPATIENT: [(&str, &str); 3] = [
    ("QUARTET__WEBHOOK__TIMEOUT_SECS", "1"),
    ("QUARTET__WEBHOOK__LEASE_SECS", "1.5"),
    ("QUARTET__WEBHOOK__POLL_SECS", "0.1"),
];

const ALL: usize = CONVERSATIONS * MESSAGES;

/// When a server is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// Deliveries are claimed, and on their way or about to be.
    Claimed,
    /// So many requests have come in.
    Received(usize),
}

/// Kills a server, and lets another go on.
async fn kill(moment: Moment) {
    let app = Box::pin(TestApp::with(EXACT)).await;
    app.clock.set(SystemClock.now());
    let receiver = Receiver::start().await;
    let url = receiver.url.clone();
    let scene = Box::pin(Scene::on(app, receiver, &url)).await;
    for _ in 1..CONVERSATIONS {
        scene.converse().await;
    }
    let conversations: Vec<_> = scene
        .rows("select to_jsonb(id) from conversations order by id")
        .await;
    for number in 1..MESSAGES {
        for id in &conversations {
            let id = ConversationId(id.as_i64().unwrap());
            scene.say_in(id, &number.to_string()).await;
        }
    }

    let first = Process::start_with(&scene.app.database, &IMPATIENT);
    match moment {
        Moment::Claimed => {
            let claimed = "select to_jsonb(id) from deliveries where attempt > 0 limit 1";
            soon(async { while scene.rows(claimed).await.is_empty() {} }).await;
        }
        Moment::Received(requests) => scene.receiver.wait_for(requests).await,
    }
    first.kill();
    let _second = Process::start_with(&scene.app.database, &IMPATIENT);
    let mut received = Vec::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    while times.len() < ALL {
        scene.receiver.wait_for(received.len() + 1).await;
        for one in scene.receiver.take() {
            let id = one.header("webhook-id").to_owned();
            *times.entry(id).or_default() += 1;
            received.push(one.json());
        }
    }

    let once_extra = times.values().all(|times| *times <= 2);
    assert!(once_extra, "killed when {moment:?}: {times:?}");
    let mut order: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for body in received {
        let said = body["content"].as_str().unwrap_or("0").to_owned();
        let id = body.pointer("/conversation/id").unwrap_or(&body["id"]);
        order.entry(id.as_i64().unwrap()).or_default().push(said);
    }
    assert_eq!(order.len(), CONVERSATIONS);
    for mut said in order.into_values() {
        said.dedup();
        assert_eq!(said, ["0", "1", "2", "3"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_as_it_claims_loses_nothing() {
    kill(Moment::Claimed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_early_loses_nothing_and_repeats_a_delivery_once_at_most() {
    for requests in [1, 15, ALL / 4] {
        kill(Moment::Received(requests)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_loses_nothing_and_repeats_a_delivery_once_at_most() {
    for requests in [ALL / 3, ALL / 2, 2 * ALL / 3] {
        kill(Moment::Received(requests)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_before_it_has_recorded_the_last_loses_nothing() {
    for requests in [ALL - 15, ALL - 1, ALL] {
        kill(Moment::Received(requests)).await;
    }
}
