//! The example that is the plugin of the order-status bot.

#[path = "../../../examples/order_status_plugin.rs"]
#[expect(dead_code, reason = "the example is a program, and this is none")]
mod example;

use std::sync::Arc;

use quartet::clock::SystemClock;
use quartet::config::Config;
use quartet::flow::Failure;
use quartet::flow::plugin::{Answer, Plugins, Request, TIMEOUT};
use quartet::outbound::Client;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What the example answers at this path to a call that is signed with this secret.
async fn asked(path: &str, secret: &str, request: Request) -> Result<Answer, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let router = example::router(SECRET).unwrap();
    let mut running = JoinSet::new();
    running.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let config = Config::from_toml("[outbound]\nallow = [\"127.0.0.0/8\"]").unwrap();
    let client = Client::new(&config.outbound).unwrap();
    // The example looks at the clock of the machine.
    let plugins = Plugins::new(client, Arc::new(SystemClock));
    let url = url.parse().unwrap();
    plugins.call(&url, &request, &secret.into(), TIMEOUT).await
}

fn request(node: &str, turn: u32, text: &str) -> Request {
    let object = |value: Value| value.as_object().unwrap().clone();
    Request {
        id: "call-1".to_owned(),
        node: node.to_owned(),
        turn,
        text: Some(text.to_owned()),
        conversation: Map::new(),
        user: Map::new(),
        answers: object(json!({ "number": text })),
        metadata: Map::new(),
        vars: object(json!({ "order": { "number": "A-1001", "state": "packed" } })),
    }
}

fn answer(body: Value) -> Answer {
    Answer::parse(body).unwrap()
}

#[tokio::test]
async fn the_example_plugin_answers_as_the_scenarios_of_its_bot_say() {
    let found = asked("/lookup", SECRET, request("lookup", 1, "a-1002")).await;
    let sent = json!({ "variables": { "order": { "number": "A-1002", "state": "sent" } } });
    assert_eq!(found.unwrap(), answer(sent));
    let found = asked("/lookup", SECRET, request("lookup", 1, "7")).await;
    assert_eq!(found.unwrap(), answer(json!({ "way": "unknown" })));

    let days = json!([
        { "title": "Tuesday", "value": "tue" },
        { "title": "Friday", "value": "fri" },
        { "title": "Not now", "value": "none" }
    ]);
    let offered = |text: &str| {
        answer(json!({ "messages": [{ "text": text }], "options": days, "done": false }))
    };
    for (turn, text, expected) in [
        (1, "fri", offered("When shall we come, to A-1001?")),
        (2, "Sunday", offered("We come on these days only.")),
        (
            2,
            "fri",
            answer(json!({ "messages": [{ "text": "We come on Friday." }] })),
        ),
        (3, "none", answer(json!({ "way": "cancelled" }))),
    ] {
        let answered = asked("/delivery", SECRET, request("delivery", turn, text)).await;
        assert_eq!(answered.unwrap(), expected, "{text}");
    }
}

#[tokio::test]
async fn the_example_plugin_answers_nobody_who_does_not_sign() {
    let stranger = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for path in ["/lookup", "/delivery"] {
        let refused = asked(path, stranger, request("lookup", 1, "A-1001")).await;
        assert!(
            matches!(refused, Err(Failure::Status(401))),
            "{path}: {refused:?}"
        );
    }
}
