//! Requests that are made up from the document, to every operation, as everybody: whatever is asked, the answer is one
//! that the document lists, and looks as it says.
//!
//! What is asked follows from a seed; `QUARTET_FUZZ_SEED` sets another one, and a failure names its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::generator::{Generator, Mood};
use super::validator::Validator;
use super::world::{Asker, Fitting, PASSWORD, World};
use super::{Described, document, operations};
use crate::app::{Answer, TestApp};

/// How often the one asks who is most likely to be answered.
const BY_FIRST: [(Mood, u32); 3] = [(Mood::Kind, 8), (Mood::Careless, 3), (Mood::Hostile, 3)];

/// How often everybody else asks.
const BY_OTHERS: [(Mood, u32); 1] = [(Mood::Careless, 1)];

/// What nobody can do without a socket.
const NEVER_DONE: [&str; 1] = ["cable.connect"];

const LIMITS: &str = "
[http]
body_limit_bytes = 100_000

[limits]
chatlake_per_minute = 0

[chatlake]
messages_per_conversation_per_minute = 1_000_000
contact_searches_per_minute = 0
conversation_counts_per_minute = 0
user_reports_per_minute = 0
account_reports_per_minute = 0
uploads_per_hour = 0
transcripts_per_hour = 0
email_sign_ins_per_15_minutes = 0
";

/// What every run asks, so that one that fails can be run again.
const USUAL_SEED: u64 = 1;

fn seed() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "it is said to the test, not to the server"
    )]
    let said = std::env::var("QUARTET_FUZZ_SEED").ok();
    said.map_or(USUAL_SEED, |seed| seed.parse().unwrap())
}

#[tokio::test]
async fn whatever_is_asked_is_answered_as_the_document_says() {
    let app = TestApp::with(LIMITS).await;
    let (seed, document) = (seed(), document());
    let mut by_tag: BTreeMap<&str, Vec<Described<'_>>> = BTreeMap::new();
    for operation in operations(&document) {
        by_tag.entry(operation.tag()).or_default().push(operation);
    }
    let mut run = Run {
        app: &app,
        validator: Validator {
            document: &document,
        },
        seed,
        done: BTreeSet::new(),
        faults: Vec::new(),
    };
    for (_, mut operations) in by_tag {
        // Each kind of thing has a world of its own, which ends with its removal.
        let world = World::new(&app).await;
        operations.sort_by_key(|operation| (ends(*operation), Reverse(operation.path)));
        for operation in operations {
            run.ask(&world, operation).await;
        }
    }
    let faults = run.faults.join("\n");
    assert!(faults.is_empty(), "with the seed {seed}:\n{faults}");
    let all: BTreeSet<String> = operations(&document)
        .iter()
        .map(|operation| operation.id().to_owned())
        .collect();
    let undone: Vec<&String> = all.difference(&run.done).collect();
    // What fits together is found by chance.
    if seed == USUAL_SEED {
        assert_eq!(undone, NEVER_DONE, "nobody could do it: what would fit?");
    }
}

/// How much of a world is gone after it.
fn ends(operation: Described<'_>) -> u8 {
    match operation.method {
        "delete" => 2,
        _ if operation.id().contains("reset") => 1,
        _ => 0,
    }
}

struct Run<'a> {
    app: &'a TestApp,
    validator: Validator<'a>,
    seed: u64,
    /// Operations that somebody could do.
    done: BTreeSet<String>,
    faults: Vec<String>,
}

impl<'a> Run<'a> {
    /// Asks for an operation as everybody.
    async fn ask(&mut self, world: &World, operation: Described<'a>) {
        let mut fitting = if operation.path.starts_with("/platform/") {
            world.of_platform.clone()
        } else {
            world.fitting.clone()
        };
        if operation.tag() == "sessions" {
            fitting.insert("email", vec![world.email.clone().into()]);
            fitting.insert("password", vec![PASSWORD.into()]);
        }
        let first = first_asker(operation);
        for asker in &world.askers {
            let rounds: &[(Mood, u32)] = if asker.name == first {
                &BY_FIRST
            } else {
                &BY_OTHERS
            };
            for (mood, times) in rounds {
                for round in 0..*times {
                    self.ask_once(&fitting, operation, asker, (*mood, round))
                        .await;
                }
            }
        }
    }

    async fn ask_once(
        &mut self,
        fitting: &Fitting,
        operation: Described<'a>,
        asker: &Asker,
        (mood, round): (Mood, u32),
    ) {
        let mut hasher = DefaultHasher::new();
        (self.seed, operation.id(), asker.name, mood as u8, round).hash(&mut hasher);
        let mut generator = Generator::new(self.validator, fitting, mood, hasher.finish());
        let asked = Asked::make_up(&mut generator, operation);
        let answer = self.app.call(asked.request(asker)).await;
        if answer.status.is_success() {
            self.done.insert(operation.id().to_owned());
        }
        let mut checked = check(self.validator, operation, &answer);
        if mood == Mood::Kind && is_ill_typed(&answer) {
            checked = Err("it is refused for a type that the document allows".to_owned());
        }
        if let Err(fault) = checked {
            let asked = asked.tell(asker);
            let answered = start(&answer.body);
            let (id, status) = (operation.id(), answer.status);
            self.faults.push(format!(
                "{id}: {fault}\n  {asked}\n  was answered {status} {answered}"
            ));
        }
    }
}

fn is_ill_typed(answer: &Answer) -> bool {
    let body = String::from_utf8_lossy(&answer.body);
    answer.status == StatusCode::UNPROCESSABLE_ENTITY && body.contains("invalid type")
}

/// As much of a body as one wants to read.
fn start(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(400).collect()
}

/// What is wrong with an answer, by what the document says.
fn check<'a>(
    validator: Validator<'a>,
    operation: Described<'a>,
    answer: &Answer,
) -> Result<(), String> {
    if answer.status.is_server_error() {
        return Err("the server failed".to_owned());
    }
    let response = operation.says["responses"].get(answer.status.as_str());
    let response = response.ok_or("the document does not list the status")?;
    let response = validator.resolve(response);
    let description = response["description"].as_str().unwrap();
    let Some(content) = response["content"].as_object() else {
        let is_silent = answer.body.is_empty() || description.ends_with("is no JSON.");
        return is_silent
            .then_some(())
            .ok_or("no body is listed".to_owned());
    };
    if answer.body.is_empty() && description.contains("may be empty") {
        return Ok(());
    }
    let media_type = answer.header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap();
    let schema = content
        .get(media_type)
        .ok_or(format!("{media_type} is not listed"))?;
    if media_type == "application/json" {
        let value: Value =
            serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        validator.check(&schema["schema"], &value, "")?;
    }
    Ok(())
}

#[test]
fn an_answer_that_the_document_does_not_know_is_a_fault() {
    let named = json!({"type": "object", "properties": {"id": {"type": "integer"}}});
    let document = json!({"paths": {"/": {"get": {"responses": {
        "200": {"description": "", "content": {"application/json": {"schema": named}}},
        "201": {"description": ""},
        "404": {"description": "It may be empty.", "content": {"application/json": {"schema": named}}}
    }}}}});
    let validator = Validator {
        document: &document,
    };
    let operation = operations(&document)[0];
    let is_known = |status: u16, media_type: &'static str, body: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.as_bytes().to_vec(),
        };
        check(validator, operation, &answer).is_ok()
    };
    let json = "application/json";
    assert!(is_known(200, json, "{\"id\":1}"));
    assert!(is_known(201, json, "") && is_known(404, json, ""));
    for (status, media_type, body) in [
        (200, json, ""),
        (200, json, "{\"id\":\"1\"}"),
        (200, json, "{\"id\":1,\"name\":\"x\"}"),
        (200, "text/html", "{\"id\":1}"),
        (201, json, "{\"id\":1}"),
        (202, json, ""),
        (500, json, "{\"id\":1}"),
    ] {
        assert!(
            !is_known(status, media_type, body),
            "{status} {media_type} {body}"
        );
    }
}

/// Who is most likely to be answered.
fn first_asker(operation: Described<'_>) -> &'static str {
    let has = |name: &str| operation.says["security"].to_string().contains(name);
    if has("platform_token") {
        "the platform app"
    } else if has("\"token\"") {
        "the administrator"
    } else if has("access_token") || operation.id() == "sessions.remove" {
        "who signed in"
    } else {
        "nobody"
    }
}

/// What is asked.
struct Asked {
    method: String,
    target: String,
    key: Option<String>,
    media_type: Option<&'static str>,
    body: Vec<u8>,
}

impl Asked {
    fn make_up<'a>(generator: &mut Generator<'a>, operation: Described<'a>) -> Self {
        let mut target = operation.path.to_owned();
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut key = None;
        for parameter in operation.says["parameters"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = parameter["name"].as_str().unwrap();
            match parameter["in"].as_str().unwrap() {
                "path" => {
                    let text = generator.parameter(parameter);
                    let text = if text.is_empty() { "0" } else { &text };
                    let text: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
                    target = target.replace(&format!("{{{name}}}"), &text);
                }
                "query" if generator.takes(0.9, 0.6) => {
                    query.append_pair(name, &generator.parameter(parameter));
                }
                "header" if generator.takes(0.1, 0.2) => key = Some(generator.key()),
                _ => {}
            }
        }
        let query = query.finish();
        if !query.is_empty() {
            target = format!("{target}?{query}");
        }
        let body = operation.says.get("requestBody");
        let body = body.map(|body| generator.body(&body["content"]));
        Self {
            method: operation.method.to_uppercase(),
            target,
            key,
            media_type: body.as_ref().map(|(media_type, _)| *media_type),
            body: body.map(|(_, body)| body).unwrap_or_default(),
        }
    }

    fn tell(&self, asker: &Asker) -> String {
        let body = start(&self.body);
        format!("{} {} as {}: {body}", self.method, self.target, asker.name)
    }

    fn request(&self, asker: &Asker) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.target);
        for (name, text) in &asker.headers {
            request = request.header(*name, text);
        }
        if let Some(key) = &self.key {
            request = request.header("idempotency-key", key);
        }
        if let Some(media_type) = self.media_type {
            request = request.header("content-type", media_type);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}
