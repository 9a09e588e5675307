//! What a visitor says, asked of a stand-in for Dialogflow.

pub(crate) mod server;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use futures_util::future::join_all;
use quartet::config::Config;
use quartet::flow::Failure;
use quartet::flow::dialogflow::{Agent, Detected, Dialogflow, InvalidKey, ServiceAccountKey};
use quartet::outbound::Client;
use serde_json::{Map, Value, json};

use crate::app::ManualClock;
use crate::server::soon;
use server::{Asked, Assertion, PEMS, PKCS8_LEN, Stand, TOKEN_URI, der};

pub(crate) use server::key_file;

/// The first key's file, as text.
pub(crate) fn sound_key() -> Value {
    key_file(PEMS[0])
}

/// A caller and whom it calls.
struct Scene {
    stand: Stand,
    clock: Arc<ManualClock>,
    dialogflow: Dialogflow,
    agent: Agent,
}

impl Scene {
    async fn new() -> Self {
        let stand = Stand::start().await;
        let clock = Arc::new(ManualClock::new());
        let config = Config::from_toml("[outbound]\nallow = [\"127.0.0.0/8\"]").unwrap();
        let client = Client::new(&config.outbound).unwrap();
        Self {
            dialogflow: Dialogflow::new(client, clock.clone()),
            agent: agent(&stand, PEMS[0]),
            stand,
            clock,
        }
    }

    async fn ask(&self, text: &str) -> Result<Detected, Failure> {
        self.ask_as(&self.agent, text).await
    }

    async fn ask_as(&self, agent: &Agent, text: &str) -> Result<Detected, Failure> {
        soon(self.dialogflow.detect(agent, "4711", text, "en")).await
    }

    /// The tokens of what was asked since the last call.
    fn tokens(&self) -> Vec<String> {
        let asked = self.stand.take().into_iter();
        asked.map(|asked| asked.token).collect()
    }
}

fn agent(stand: &Stand, pem: &str) -> Agent {
    let key = ServiceAccountKey::parse(&key_file(pem).to_string()).unwrap();
    Agent {
        base_url: Some(stand.base_url()),
        token_url: Some(stand.token_url()),
        ..Agent::new(None, key).unwrap()
    }
}

#[tokio::test]
async fn the_visitors_words_are_asked_with_a_token_of_the_service_account() {
    let scene = Scene::new().await;
    scene.stand.answer_next(
        200,
        json!({"queryResult": {
            "parameters": {"size": "big"},
            "fulfillmentMessages": [{"text": {"text": ["A big one!"]}}, {"payload": {"price": 9}}],
            "intent": {"displayName": "order.pizza"},
            "intentDetectionConfidence": 0.75,
        }}),
    );

    let detected = scene.ask("a big pizza").await.unwrap();

    let expected = Detected {
        intent: Some("order.pizza".to_owned()),
        is_fallback: false,
        texts: vec!["A big one!".to_owned()],
        payload: Some(json!({"price": 9})),
        parameters: Map::from_iter([("size".to_owned(), json!("big"))]),
        confidence: 0.75,
    };
    assert_eq!(detected, expected);
    let asked = Asked {
        path: "/v2/projects/pizzeria/agent/sessions/4711:detectIntent".to_owned(),
        token: "token-1".to_owned(),
        body: json!({"queryInput": {"text": {"text": "a big pizza", "languageCode": "en"}}}),
    };
    assert_eq!(scene.stand.take(), [asked]);
    let now = ManualClock::start().timestamp();
    let assertion = Assertion {
        header: json!({"typ": "JWT", "alg": "RS256", "kid": "f00d"}),
        claims: json!({
            "iss": "bot@pizzeria.iam.gserviceaccount.com",
            "scope": "https://www.googleapis.com/auth/dialogflow",
            "aud": TOKEN_URI,
            "iat": now,
            "exp": now + 3600,
        }),
    };
    assert_eq!(scene.stand.assertions(), [assertion]);
}

#[tokio::test]
async fn a_text_is_cut_where_dialogflow_takes_no_more() {
    let scene = Scene::new().await;
    scene.ask(&"å".repeat(300)).await.unwrap();
    let asked = &scene.stand.take()[0].body["queryInput"]["text"]["text"];
    assert_eq!(asked, &json!("å".repeat(256)));
}

#[tokio::test]
async fn a_session_and_a_project_stay_within_their_places_in_the_url() {
    let scene = Scene::new().await;
    let agent = Agent {
        project: "a/../b?c".to_owned(),
        ..scene.agent.clone()
    };
    let detect = scene.dialogflow.detect(&agent, "1/2#3", "hi", "en");
    soon(detect).await.unwrap();
    assert_eq!(
        scene.stand.take()[0].path,
        "/v2/projects/a%2F..%2Fb%3Fc/agent/sessions/1%2F2%233:detectIntent"
    );
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end() {
    let scene = Scene::new().await;
    for seconds in [0, 3500, 38, 1] {
        scene.clock.advance(TimeDelta::seconds(seconds));
        scene.ask("hi").await.unwrap();
    }
    assert_eq!(scene.tokens(), ["token-1", "token-1", "token-1", "token-2"]);
    let second = &scene.stand.assertions()[1].claims;
    assert_eq!(second["iat"], ManualClock::start().timestamp() + 3539);
}

#[tokio::test]
async fn of_many_at_once_one_fetches_the_token() {
    let scene = Scene::new().await;
    scene.stand.close_doors();
    let calls = join_all((0..50).map(|_| scene.ask("hi")));
    let (detected, ()) = tokio::join!(calls, async { scene.stand.open_doors() });
    assert!(detected.iter().all(Result::is_ok));
    assert_eq!(scene.stand.assertions().len(), 1);
    assert_eq!(scene.tokens(), vec!["token-1"; 50]);
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_fetched_anew_once() {
    let scene = Scene::new().await;
    scene.ask("hi").await.unwrap();
    scene.stand.refuse("token-1");
    scene.ask("hi").await.unwrap();
    scene.ask("hi").await.unwrap();
    assert_eq!(scene.tokens(), ["token-1", "token-1", "token-2", "token-2"]);

    scene.stand.refuse("token-2");
    scene.stand.refuse("token-3");
    let failure = scene.ask("hi").await.unwrap_err();
    assert_eq!(failure.to_string(), "the answer has the status 401");
    assert_eq!(scene.tokens(), ["token-2", "token-3"]);
}

#[tokio::test]
async fn many_whose_token_is_refused_fetch_one_other() {
    let scene = Scene::new().await;
    scene.ask("hi").await.unwrap();
    scene.stand.refuse("token-1");
    let detected = join_all((0..20).map(|_| scene.ask("hi"))).await;
    assert!(detected.iter().all(Result::is_ok));
    assert_eq!(scene.stand.assertions().len(), 2);
}

#[tokio::test]
async fn a_key_gets_no_token_that_another_key_of_its_account_was_given() {
    let scene = Scene::new().await;
    scene.ask("hi").await.unwrap();
    let other = agent(&scene.stand, PEMS[1]);
    scene.ask_as(&other, "hi").await.unwrap();
    // Another endpoint may be somebody else's.
    let elsewhere = Stand::start().await;
    let other = Agent {
        token_url: Some(elsewhere.token_url()),
        ..scene.agent.clone()
    };
    scene.ask_as(&other, "hi").await.unwrap();
    assert_eq!(scene.stand.assertions().len(), 2);
    assert_eq!(elsewhere.assertions().len(), 1);
}

/// The class and the text of what goes wrong.
async fn failure(scene: &Scene) -> (&'static str, String) {
    let failure = scene.ask("hi").await.unwrap_err();
    (failure.class(), failure.to_string())
}

#[tokio::test]
async fn a_token_endpoint_without_a_token_is_a_failure_and_is_asked_again() {
    let scene = Scene::new().await;
    for (status, body, cause) in [
        (
            400,
            json!({"error": "invalid_grant"}),
            "the answer has the status 400",
        ),
        (
            200,
            json!({"expires_in": 1}),
            "the answer is malformed: missing field `access_token`",
        ),
        (
            200,
            json!({"access_token": "a\0", "expires_in": 1}),
            "the answer is malformed: it has a NUL character",
        ),
    ] {
        scene.stand.grant_next(status, body);
        let text = format!("the token endpoint has no token: {cause}");
        assert_eq!(failure(&scene).await, ("token", text));
    }
    assert_eq!(scene.tokens(), Vec::<String>::new());
    scene.ask("hi").await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_failure() {
    let scene = Scene::new().await;
    for (status, body, class, text) in [
        (403, json!({}), "status", "the answer has the status 403"),
        (503, json!({}), "status", "the answer has the status 503"),
        (307, json!({}), "status", "the answer has the status 307"),
        (
            200,
            json!({}),
            "malformed",
            "the answer is malformed: missing field `queryResult`",
        ),
        (
            200,
            json!({"queryResult": {"parameters": {"a": ["\0"]}}}),
            "malformed",
            "the answer is malformed: it has a NUL character",
        ),
        (
            200,
            json!({"queryResult": {"fulfillmentText": "a".repeat(300_000)}}),
            "too_large",
            "the answer is larger than 262144 bytes",
        ),
    ] {
        scene.stand.answer_next(status, body);
        assert_eq!(failure(&scene).await, (class, text.to_owned()));
    }
}

#[tokio::test]
async fn addresses_inside_are_not_asked() {
    let scene = Scene::new().await;
    let config = Config::from_toml("").unwrap();
    let client = Client::new(&config.outbound).unwrap();
    let guarded = Dialogflow::new(client, scene.clock.clone());
    let failure = soon(guarded.detect(&scene.agent, "1", "hi", "en"))
        .await
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the token endpoint has no token: the host has a loopback address, which is not allowed"
    );
}

#[tokio::test]
async fn an_endpoint_that_hangs_is_given_up() {
    let scene = Scene::new().await;
    scene.stand.close_doors();
    let hasty = Agent {
        timeout: Duration::from_millis(50),
        ..scene.agent.clone()
    };
    let failure = scene.ask_as(&hasty, "hi").await.unwrap_err();
    assert_eq!((failure.class(), failure.is_timeout()), ("timeout", true));
}

#[tokio::test]
async fn a_key_file_is_read_in_both_forms_of_pem() {
    let scene = Scene::new().await;
    let inner = STANDARD.encode(&der(PEMS[0])[PKCS8_LEN..]);
    let pem = format!("-----BEGIN RSA PRIVATE KEY-----\n{inner}\n-----END RSA PRIVATE KEY-----\n");
    let other = agent(&scene.stand, &pem);
    scene.ask_as(&other, "hi").await.unwrap();
    scene.ask("hi").await.unwrap();
    assert_eq!(scene.stand.assertions().len(), 1, "it is the same key");
}

#[test]
fn a_text_that_is_no_key_file_is_refused() {
    let with = |field: &str, value: Value| {
        let mut file = sound_key();
        file[field] = value;
        ServiceAccountKey::parse_usable(&file.to_string()).unwrap_err()
    };
    let cut = PEMS[0].replace(&PEMS[0][600..700], "");
    let public = PEMS[0].replace("PRIVATE", "PUBLIC");
    for (field, value, error) in [
        ("type", json!("authorized_user"), InvalidKey::Shape),
        ("client_email", json!(""), InvalidKey::Shape),
        ("client_email", json!(null), InvalidKey::Shape),
        ("private_key", json!(1), InvalidKey::Shape),
        ("client_id", json!("a".repeat(20_000)), InvalidKey::Shape),
        ("private_key", json!(""), InvalidKey::PrivateKey),
        (
            "private_key",
            json!("-----BEGIN PRIVATE KEY-----"),
            InvalidKey::PrivateKey,
        ),
        ("private_key", json!(cut), InvalidKey::PrivateKey),
        ("private_key", json!(public), InvalidKey::PrivateKey),
        (
            "token_uri",
            json!("file:///etc/passwd"),
            InvalidKey::TokenUri,
        ),
    ] {
        assert_eq!(with(field, value.clone()), error, "{field} {value}");
    }
    assert_eq!(
        ServiceAccountKey::parse("[]").unwrap_err(),
        InvalidKey::Shape
    );
    let shown = format!(
        "{:?}",
        ServiceAccountKey::parse_usable(&sound_key().to_string()).unwrap()
    );
    assert_eq!(
        shown,
        "ServiceAccountKey { client_email: \"bot@pizzeria.iam.gserviceaccount.com\", .. }"
    );
}

#[test]
fn an_agent_is_of_the_project_of_its_key_unless_another_is_named() {
    let mut file = sound_key();
    let key = || ServiceAccountKey::parse(&file.to_string()).unwrap();
    assert_eq!(Agent::new(None, key()).unwrap().project, "pizzeria");
    assert_eq!(
        Agent::new(Some("b".to_owned()), key()).unwrap().project,
        "b"
    );
    file["project_id"] = Value::Null;
    let key = ServiceAccountKey::parse(&file.to_string()).unwrap();
    assert!(Agent::new(None, key).is_none());
}
