//! The end of a server as a power cut brings it about.

use std::collections::BTreeMap;

use quartet::clock::{Clock, SystemClock};
use quartet::model::ConversationId;

use super::{EXACT, Scene};
use crate::app::TestApp;
use crate::process::Process;
use crate::receiver::Receiver;

const CONVERSATIONS: usize = 30;
const MESSAGES: usize = 4;
const IMPATIENT: [(&str, &str); 3] = [
    ("QUARTET__WEBHOOK__TIMEOUT_SECS", "1"),
    ("QUARTET__WEBHOOK__LEASE_SECS", "1.5"),
    ("QUARTET__WEBHOOK__POLL_SECS", "0.1"),
];

/// Kills a server when so many requests have come in, and lets another go on.
async fn kill_after(requests: usize) {
    let app = TestApp::with(EXACT).await;
    app.clock.set(SystemClock.now());
    let receiver = Receiver::start().await;
    let url = receiver.url.clone();
    let scene = Scene::on(app, receiver, &url).await;
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
    scene.receiver.wait_for(requests).await;
    first.kill();
    let _second = Process::start_with(&scene.app.database, &IMPATIENT);
    let mut received = Vec::new();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    while times.len() < CONVERSATIONS * MESSAGES {
        scene.receiver.wait_for(received.len() + 1).await;
        for one in scene.receiver.take() {
            let id = one.header("webhook-id").to_owned();
            *times.entry(id).or_default() += 1;
            received.push(one.json());
        }
    }

    assert!(times.values().all(|times| *times <= 2), "{times:?}");
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
async fn a_server_that_is_killed_at_once_loses_nothing() {
    kill_after(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_loses_nothing_and_repeats_a_delivery_once_at_most() {
    kill_after(CONVERSATIONS * MESSAGES / 2).await;
}
