//! Plugins of this machine, and what is made of their answers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use quartet::config::Config;
use quartet::flow::Failure;
use quartet::flow::plugin::{Answer, Choice, Plugins, Request, Said, TIMEOUT};
use quartet::model::{Rich, RichKind};
use quartet::outbound::Client;
use serde_json::{Map, Value, json};

use crate::app::ManualClock;
use crate::receiver::Receiver;
use crate::server::{Server, soon};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn plugins(toml: &str) -> Plugins {
    let config = Config::from_toml(toml).unwrap();
    let client = Client::new(&config.outbound).unwrap();
    Plugins::new(client, Arc::new(ManualClock::new()))
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    let fields = fields.into_iter();
    fields.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn request() -> Request {
    Request {
        id: "turn-7".to_owned(),
        node: "lookup".to_owned(),
        turn: 2,
        text: Some("Where is my order?".to_owned()),
        conversation: object([("id", json!(12))]),
        user: object([("email", json!("ann@example.org"))]),
        answers: object([("order", json!("A-1"))]),
        metadata: object([("utm_source", json!("mail"))]),
        vars: object([("tries", json!(1))]),
    }
}

/// Calls a URL of this machine.
async fn call(url: &str, secret: &str, timeout: Duration) -> Result<Answer, Failure> {
    let plugins = plugins("[outbound]\nallow = [\"127.0.0.0/8\"]\nmax_response_bytes = 10");
    let (url, request, secret) = (url.parse().unwrap(), request(), secret.into());
    soon(plugins.call(&url, &request, &secret, timeout)).await
}

/// What is made of an answer.
async fn answered(status: u16, body: impl Into<Vec<u8>>) -> Result<Answer, Failure> {
    let receiver = Receiver::start().await;
    receiver.answer_with(status, body);
    call(&receiver.url, SECRET, TIMEOUT).await
}

async fn refused(status: u16, body: impl Into<Vec<u8>>) -> (&'static str, String) {
    let failure = answered(status, body).await.unwrap_err();
    (failure.class(), failure.to_string())
}

#[tokio::test]
async fn a_plugin_is_told_of_the_chat_and_can_tell_who_says_so() {
    let receiver = Receiver::start().await;
    receiver.answer_with(200, "{}");
    call(&receiver.url, SECRET, TIMEOUT).await.unwrap();

    let [received] = &receiver.take()[..] else {
        panic!("it is called once");
    };
    assert_eq!(
        received.json(),
        json!({
            "id": "turn-7", "node": "lookup", "turn": 2, "text": "Where is my order?",
            "conversation": {"id": 12}, "user": {"email": "ann@example.org"}, "answers": {"order": "A-1"},
            "metadata": {"utm_source": "mail"}, "variables": {"tries": 1}
        })
    );
    assert_eq!(received.header("content-type"), "application/json");
    assert_eq!(received.header("webhook-id"), "turn-7");
    let now = ManualClock::start().timestamp();
    assert_eq!(received.header("webhook-timestamp"), now.to_string());
    let library = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = library.sign("turn-7", now, &received.body).unwrap();
    assert_eq!(received.header("webhook-signature"), signature);
}

#[tokio::test]
async fn an_answer_says_what_to_do() {
    let body = json!({
        "messages": [
            {"text": "On its way"},
            {"text": "See", "rich": {"type": "image", "image": {"url": "https://example.org/1.png"}}},
            {"rich": {"type": "card", "card": {"title": "Your parcel", "subtitle": "2 kg"}}},
        ],
        "options": [{"title": "Track it", "value": "track"}, {"title": "Thanks"}],
        "variables": {"status": "shipped", "parcels": [1, 2]},
        "user": {"vip": true},
        "way": "found",
        "done": false,
    });
    let answer = answered(202, body.to_string()).await.unwrap();
    let rich = |kind, body| Some(Rich::parse(kind, &body).unwrap());
    let said = |text: &str, rich| Said {
        text: text.to_owned(),
        rich,
    };
    let choice = |title: &str, value: &str| Choice {
        title: title.to_owned(),
        value: value.to_owned(),
    };
    let expected = Answer {
        messages: vec![
            said("On its way", None),
            said(
                "See",
                rich(RichKind::Image, json!({"url": "https://example.org/1.png"})),
            ),
            said(
                "Your parcel\n2 kg",
                rich(
                    RichKind::Card,
                    json!({"title": "Your parcel", "subtitle": "2 kg"}),
                ),
            ),
        ],
        options: vec![choice("Track it", "track"), choice("Thanks", "Thanks")],
        vars: object([("status", json!("shipped")), ("parcels", json!([1, 2]))]),
        user: object([("vip", json!(true))]),
        way: Some("found".to_owned()),
        done: false,
    };
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn an_answer_may_say_nothing_and_is_the_last_one_then() {
    let expected = Answer {
        messages: Vec::new(),
        options: Vec::new(),
        vars: Map::new(),
        user: Map::new(),
        way: None,
        done: true,
    };
    assert_eq!(answered(200, "{}").await.unwrap(), expected);
}

#[tokio::test]
async fn only_a_success_is_an_answer() {
    for status in [204, 302, 400, 404, 500, 503] {
        let (class, text) = refused(status, "").await;
        if status == 204 {
            assert_eq!(class, "malformed", "{text}");
        } else {
            let expected = format!("the answer has the status {status}");
            assert_eq!((class, text), ("status", expected));
        }
    }
}

#[tokio::test]
async fn an_answer_has_at_most_64_kib() {
    let body = |len: usize| {
        let frame = r#"{"variables":{"a":""}}"#.len();
        json!({"variables": {"a": "a".repeat(len - frame)}}).to_string()
    };
    answered(200, body(65_536)).await.unwrap();
    let text = "the answer is larger than 65536 bytes".to_owned();
    assert_eq!(refused(200, body(65_537)).await, ("too_large", text));
}

/// Answers that are refused, and for what.
const MALFORMED: &[(&str, &str)] = &[
    ("", "EOF while parsing a value"),
    ("<html>", "expected value at line 1"),
    ("[]", "it is no object"),
    (r#"{"message": []}"#, "message: unknown field `message`"),
    (
        r#"{"messages": ["hi"]}"#,
        "messages[0]: invalid type: string",
    ),
    (
        r#"{"messages": [{}]}"#,
        "messages[0] has neither text nor rich",
    ),
    (
        r#"{"messages": [{"text": " "}]}"#,
        "messages[0] has neither text nor rich",
    ),
    (
        r#"{"messages": [{"rich": {"type": "hologram", "hologram": {}}}]}"#,
        "messages[0].rich.type is none of the rich content types",
    ),
    (
        r#"{"messages": [{"rich": {"type": "image", "image": {"url": "a"}, "x": 1}}]}"#,
        "messages[0].rich must hold `type` and `image` and nothing else",
    ),
    (
        r#"{"messages": [{"rich": {"type": "image", "image": {}}}]}"#,
        "messages[0].rich.image.url is missing",
    ),
    (
        r#"{"options": [{"title": ""}]}"#,
        "options[0].title must have 1 to 255 characters",
    ),
    (
        r#"{"options": [{"value": "a"}]}"#,
        "options[0]: missing field `title`",
    ),
    (
        r#"{"options": [{"title": "Yes"}, {"title": "yes "}]}"#,
        "options[1].title is another option's already",
    ),
    (r#"{"variables": []}"#, "variables: invalid type: sequence"),
    (
        r#"{"variables": {"a": [{"b": "\u0000"}]}}"#,
        "it has a NUL character",
    ),
    (r#"{"user": {"a\u0000": 1}}"#, "it has a NUL character"),
    (r#"{"way": " "}"#, "way must have 1 to 255 characters"),
    (r#"{"done": "yes"}"#, "done: invalid type: string"),
];

#[tokio::test]
async fn an_answer_of_another_shape_is_refused_by_name() {
    let many = |field: &str, item: &Value, count| json!({field: vec![item; count]}).to_string();
    let large = [
        (
            many("messages", &json!({"text": "a"}), 21),
            "more than 20 messages",
        ),
        (
            many("options", &json!({"title": "a"}), 101),
            "more than 100 options",
        ),
        ("[".repeat(10_000), "recursion limit exceeded"),
    ];
    let small = MALFORMED
        .iter()
        .map(|(body, fault)| ((*body).to_owned(), *fault));
    for (body, fault) in small.chain(large) {
        let (class, text) = refused(200, body.clone()).await;
        assert_eq!(class, "malformed", "{body}");
        let expected = format!("the answer is malformed: {fault}");
        assert!(text.starts_with(&expected), "{text} is not {expected}");
        assert!(text.chars().count() <= 200, "{text}");
    }
    assert_eq!(refused(200, b"{\"way\": \"\xff\"}").await.0, "malformed");
}

#[tokio::test]
async fn a_plugin_that_hangs_is_given_up() {
    let router = Router::new().fallback(std::future::pending::<()>);
    let server = Server::start(router, "").await;
    let url = format!("http://{}/", server.address);
    let failure = call(&url, SECRET, Duration::from_millis(50))
        .await
        .unwrap_err();
    assert_eq!((failure.class(), failure.is_timeout()), ("timeout", true));
}

#[tokio::test]
async fn addresses_inside_are_not_called() {
    let receiver = Receiver::start().await;
    let url = receiver.url.parse().unwrap();
    let call = plugins("")
        .call(&url, &request(), &SECRET.into(), TIMEOUT)
        .await;
    let failure = call.unwrap_err();
    assert_eq!(
        (failure.class(), failure.to_string().as_str()),
        (
            "forbidden",
            "the host has a loopback address, which is not allowed"
        )
    );
    assert_eq!(receiver.take().len(), 0);
}

#[tokio::test]
async fn nothing_goes_out_unsigned() {
    let receiver = Receiver::start().await;
    let failure = call(&receiver.url, "no secret", TIMEOUT).await.unwrap_err();
    assert_eq!((failure.class(), failure.is_timeout()), ("key", false));
    assert_eq!(receiver.take().len(), 0);
}
