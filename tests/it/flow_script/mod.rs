//! Scripts of flows: what they can do, and what no script may do to its neighbours.

mod abilities;
mod check;
mod limits;
mod pool;
mod worker;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use quartet::flow::script::{Call, Context, Failure, Outcome, Scripts};
use quartet::model::AccountId;
use serde_json::{Map, Value};

/// Nothing here may take longer, however slow the machine. The built-in below alone would take minutes.
const BOUND: Duration = Duration::from_secs(10);

/// One instruction of the engine, during which it never asks whether to stop.
const LONG_BUILT_IN: &str = "const text = 'a'.repeat(1000000);
    text.lastIndexOf('a'.repeat(500000) + 'b')";

const OWNER: AccountId = AccountId(1);

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_quartet"))
}

fn call(source: &str) -> Call {
    Call {
        source: source.to_owned(),
        context: Context::default(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn goes_on() -> Outcome {
    Outcome::default()
}

fn goes_to(node: &str) -> Outcome {
    Outcome {
        next: Some(node.to_owned()),
        ..Outcome::default()
    }
}

/// Runs a script on the only worker of a pool, which must then serve the next one.
async fn run(source: &str) -> Result<Outcome, Failure> {
    let scripts = Scripts::new(program(), 1);
    let begun = Instant::now();
    let ran = scripts.run(OWNER, call(source)).await;
    assert_eq!(
        scripts.run(OWNER, call("next('on')")).await,
        Ok(goes_to("on"))
    );
    assert!(begun.elapsed() < BOUND, "{source}: {:?}", begun.elapsed());
    ran
}

async fn each_fails(sources: &[&str], failure: Failure) {
    for source in sources {
        assert_eq!(run(source).await, Err(failure.clone()), "{source}");
    }
}

async fn throws(source: &str, text: &str) {
    assert_eq!(
        run(source).await,
        Err(Failure::Thrown(text.to_owned())),
        "{source}"
    );
}
