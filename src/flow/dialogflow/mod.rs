//! Dialogflow ES: what an agent there makes of the visitor's words.
//!
//! One call of `detectIntent` (v2, REST) with a token of the agent's service account. A text longer than the 256
//! characters that Dialogflow takes is cut there.

mod detected;
mod key;
mod token;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::failure::{self, Failure};
use crate::clock::Clock;
use crate::outbound;
use crate::outbound::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

pub use key::{InvalidKey, ServiceAccountKey};
use token::{Token, Tokens};

/// The time that an agent has when its node does not say.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest answer.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// The longest text that Dialogflow takes, in characters.
const MAX_TEXT: usize = 256;
/// Where agents are asked when nobody says otherwise.
const BASE_URL: &str = "https://dialogflow.googleapis.com";
/// An answer to a token that is not good, or no longer.
const UNAUTHORIZED: u16 = 401;

/// Asks Dialogflow. Cheap to clone; clones share their tokens.
#[derive(Debug, Clone)]
pub struct Dialogflow {
    client: outbound::Client,
    clock: Arc<dyn Clock>,
    tokens: Arc<Tokens>,
}

/// Whom to ask, and as whom.
#[derive(Debug, Clone)]
pub struct Agent {
    /// The agent's project.
    pub project: String,
    /// The service account that may ask it.
    pub key: ServiceAccountKey,
    /// Where it is asked, if not at Google's.
    pub base_url: Option<Url>,
    /// Where tokens come from, if not from where the key says.
    pub token_url: Option<Url>,
    /// For everything that one visitor's words need, a token included.
    pub timeout: Duration,
}

/// What the agent makes of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detected {
    /// The display name of the intent that matched.
    pub intent: Option<String>,
    /// Whether that is the intent for what no other matches.
    pub is_fallback: bool,
    /// What the agent says.
    pub texts: Vec<String>,
    /// The custom payload.
    pub payload: Option<Value>,
    /// What it read out of the words.
    pub parameters: Map<String, Value>,
    /// How sure it is, from 0 to 1.
    pub confidence: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DetectIntent<'a> {
    query_input: QueryInput<'a>,
}

#[derive(Serialize)]
struct QueryInput<'a> {
    text: TextInput<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextInput<'a> {
    text: &'a str,
    language_code: &'a str,
}

impl Dialogflow {
    /// Asks through this client; tokens end by this clock.
    pub fn new(client: outbound::Client, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            clock,
            tokens: Arc::default(),
        }
    }

    /// Asks the agent what the words mean. The session is the chat: at most 36 bytes, the same for its whole life.
    pub async fn detect(
        &self,
        agent: &Agent,
        session: &str,
        text: &str,
        language: &str,
    ) -> Result<Detected, Failure> {
        let detect = self.detect_patiently(agent, session, text, language);
        tokio::time::timeout(agent.timeout, detect)
            .await
            .map_err(|_| Failure::Timeout)?
    }

    /// A token that is not taken is fetched anew, once.
    async fn detect_patiently(
        &self,
        agent: &Agent,
        session: &str,
        text: &str,
        language: &str,
    ) -> Result<Detected, Failure> {
        let url = agent.detect_url(session);
        let body = body(text, language);
        let token = self.token(agent, None).await?;
        let mut answer = self.ask(url.clone(), &token, body.clone()).await?;
        if answer.status == UNAUTHORIZED {
            let token = self.token(agent, Some(&token)).await?;
            answer = self.ask(url, &token, body).await?;
        }
        Detected::parse(failure::body(&answer, MAX_ANSWER_BYTES)?)
    }

    async fn token(&self, agent: &Agent, refused: Option<&Token>) -> Result<Token, Failure> {
        let now = self.clock.now();
        self.tokens.get(&self.client, agent, refused, now).await
    }

    async fn ask(
        &self,
        url: Url,
        token: &Token,
        body: Bytes,
    ) -> Result<outbound::Response, Failure> {
        let authorization = format!("Bearer {}", token.text.expose_secret());
        let mut authorization =
            HeaderValue::from_str(&authorization).map_err(|_| Failure::Unsignable)?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let call = outbound::Request {
            url,
            headers,
            body,
            // The caller's includes this call.
            timeout: None,
            max_response_bytes: Some(MAX_ANSWER_BYTES),
        };
        Ok(self.client.post(call).await?)
    }
}

impl Detected {
    /// Reads what `detectIntent` answers.
    pub fn parse(body: Value) -> Result<Self, Failure> {
        Ok(failure::read::<detected::Answer>(body)?.into())
    }
}

impl Agent {
    /// The agent of a project: the service account's own where none is named.
    pub fn new(project: Option<String>, key: ServiceAccountKey) -> Option<Self> {
        Some(Self {
            project: project.or_else(|| key.project_id.clone())?,
            key,
            base_url: None,
            token_url: None,
            timeout: TIMEOUT,
        })
    }

    fn token_url(&self) -> &Url {
        self.token_url.as_ref().unwrap_or(self.key.token_uri())
    }

    fn detect_url(&self, session: &str) -> Url {
        let mut url = self
            .base_url
            .clone()
            .unwrap_or_else(|| Url::parse(BASE_URL).expect("a fixed address is a URL"));
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(["v2", "projects", &self.project, "agent", "sessions"]);
            path.push(&format!("{session}:detectIntent"));
        }
        url
    }
}

fn body(text: &str, language: &str) -> Bytes {
    let text = match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    };
    let body = DetectIntent {
        query_input: QueryInput {
            text: TextInput {
                text,
                language_code: language,
            },
        },
    };
    Bytes::from(serde_json::to_vec(&body).expect("two texts are JSON"))
}
