//! The pool of workers and its queue: every chat gets its turn, and none waits for ever.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use quartet::flow::script::{Failure, Scripts};
use quartet::model::AccountId;
use serde_json::json;

use super::{BOUND, LONG_BUILT_IN, OWNER, call, goes_on, program};

#[tokio::test]
async fn two_workers_serve_two_hundred_chats() {
    let scripts = Scripts::new(program(), 2);
    let runs = (0..200).map(|chat| {
        let scripts = scripts.clone();
        async move {
            let mut call = call("context.set('chat', context.get('chat')); next()");
            call.context.vars.insert("chat".to_owned(), json!(chat));
            scripts.run(OWNER, call).await.unwrap().vars["chat"] == json!(chat)
        }
    });
    assert!(join_all(runs).await.into_iter().all(|own| own));
}

#[tokio::test]
async fn a_chat_waits_no_longer_than_the_queue_lasts() {
    let scripts = Scripts::new(program(), 1);
    let calls = (0..1100).map(|_| scripts.run(OWNER, call("for (;;) {}")));
    let begun = Instant::now();
    let ended = join_all(calls).await;
    assert!(begun.elapsed() < 2 * BOUND, "took {:?}", begun.elapsed());
    assert!(ended.contains(&Err(Failure::TimedOut)));
    assert!(ended.contains(&Err(Failure::Unavailable)));
    assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
}

#[tokio::test]
async fn an_account_with_many_scripts_keeps_no_other_from_its_own() {
    let scripts = Scripts::new(program(), 1);
    let crowd = join_all((0..600).map(|_| scripts.run(OWNER, call("for (;;) {}"))));
    let neighbour = scripts.run(AccountId(2), call("next()"));
    tokio::select! {
        biased;
        ended = crowd => panic!("{} were served first", ended.len()),
        ended = neighbour => assert_eq!(ended, Ok(goes_on())),
    }
}

#[tokio::test]
async fn a_chat_that_goes_away_takes_its_script_along() {
    let scripts = Scripts::new(program(), 1);
    let begun = Instant::now();
    let left = tokio::time::timeout(
        Duration::from_millis(50),
        scripts.run(OWNER, call(LONG_BUILT_IN)),
    );
    left.await.unwrap_err();
    assert_eq!(scripts.run(OWNER, call("next()")).await, Ok(goes_on()));
    assert!(begun.elapsed() < BOUND);
}

#[tokio::test]
async fn without_a_worker_no_script_runs() {
    for program in ["/nowhere/quartet", "/bin/true", "/bin/cat"] {
        let scripts = Scripts::new(PathBuf::from(program), 1);
        let ran = scripts.run(OWNER, call("next()")).await;
        assert_eq!(ran, Err(Failure::Unavailable), "{program}");
    }
}
