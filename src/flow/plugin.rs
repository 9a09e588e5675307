//! Custom plugins: servers of a bot's author that a flow asks what to say and where to go.
//!
//! A call is a signed POST of what is known of the chat. The answer is an object, all of whose fields may be absent:
//!
//! ```json
//! {
//!   "messages": [{"text": "Your order is on its way"}, {"rich": {"type": "image", "image": {"url": "https://…"}}}],
//!   "options": [{"title": "Track it", "value": "track"}],
//!   "variables": {"status": "shipped"},
//!   "user": {"vip": true},
//!   "way": "found",
//!   "done": true
//! }
//! ```
//!
//! A field of another name is refused, since it is most likely a mistake that its author wants to hear of.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::compile::fold;
use super::failure::{self, Failure};
use crate::clock::Clock;
use crate::model::{Rich, RichKind};
use crate::outbound::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use crate::outbound::{self, sign};

/// The time a plugin has when its node does not say.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest answer.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The most messages in an answer: each is a row, and a call of a webhook.
const MAX_MESSAGES: usize = 20;
/// The most options in an answer.
const MAX_OPTIONS: usize = 100;
/// The longest title, value or way out, in characters.
const MAX_NAME: usize = 255;

/// Calls plugins. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Plugins {
    client: outbound::Client,
    clock: Arc<dyn Clock>,
}

/// What a plugin is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Names the call: the same for the same inbound message and node, also when the call is repeated.
    pub id: String,
    /// The node that calls.
    pub node: String,
    /// Which call of this node in a row it is, from 1 on, when the plugin handles several turns.
    pub turn: u32,
    /// What the visitor said, if that is why it is called.
    pub text: Option<String>,
    /// Where it is said.
    pub conversation: Map<String, Value>,
    /// Who the visitor is.
    pub user: Map<String, Value>,
    /// What was answered, by node.
    pub answers: Map<String, Value>,
    /// What the chat was started with.
    pub metadata: Map<String, Value>,
    /// What the flow remembers.
    #[serde(rename = "variables")]
    pub vars: Map<String, Value>,
}

/// What a plugin wants done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// What the bot says.
    pub messages: Vec<Said>,
    /// What the visitor may choose.
    pub options: Vec<Choice>,
    /// Variables to set.
    pub vars: Map<String, Value>,
    /// Properties of the visitor to set.
    pub user: Map<String, Value>,
    /// The way out, by its name.
    pub way: Option<String>,
    /// Whether the flow goes on; otherwise the plugin is asked again with what the visitor says next.
    pub done: bool,
}

/// A message that a plugin wants said.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// The words.
    pub text: String,
    /// A richer form.
    pub rich: Option<Rich>,
}

/// An option that a plugin wants offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the visitor sees.
    pub title: String,
    /// What the plugin is told when it is chosen.
    pub value: String,
}

impl Plugins {
    /// Calls through this client, signed at this clock's time.
    pub fn new(client: outbound::Client, clock: Arc<dyn Clock>) -> Self {
        Self { client, clock }
    }

    /// Asks a plugin. The secret is `whsec_` and base64.
    pub async fn call(
        &self,
        url: &Url,
        request: &Request,
        secret: &SecretString,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        let body = serde_json::to_vec(request).expect("objects of JSON are JSON");
        let now = self.clock.now();
        let mut headers = sign::standard(&[secret.expose_secret()], &request.id, now, &body)
            .ok_or(Failure::Unsignable)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let call = outbound::Request {
            url: url.clone(),
            headers,
            body: Bytes::from(body),
            timeout: Some(timeout),
            max_response_bytes: Some(MAX_ANSWER_BYTES),
        };
        let answer = self.client.post(call).await?;
        Answer::parse(failure::body(&answer, MAX_ANSWER_BYTES)?)
    }
}

impl Answer {
    /// Reads what a plugin answers.
    pub fn parse(body: Value) -> Result<Self, Failure> {
        failure::read::<Wire>(body)?.parse()
    }
}

/// An answer as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default)]
    messages: Vec<WireMessage>,
    #[serde(default)]
    options: Vec<WireOption>,
    #[serde(default)]
    variables: Map<String, Value>,
    #[serde(default)]
    user: Map<String, Value>,
    way: Option<String>,
    #[serde(default = "one_turn")]
    done: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireMessage {
    text: Option<String>,
    rich: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireOption {
    title: String,
    value: Option<String>,
}

fn one_turn() -> bool {
    true
}

impl Wire {
    fn parse(self) -> Result<Answer, Failure> {
        at_most(self.messages.len(), MAX_MESSAGES, "messages")?;
        at_most(self.options.len(), MAX_OPTIONS, "options")?;
        let way = self.way.map(|way| name(way, "way")).transpose()?;
        let messages = self.messages.into_iter().enumerate();
        let options = self.options.into_iter().enumerate();
        let options: Vec<Choice> = options
            .map(|(at, option)| option.parse(at))
            .collect::<Result<_, _>>()?;
        let mut titles = HashSet::new();
        if let Some(twice) = options
            .iter()
            .position(|option| !titles.insert(fold(&option.title)))
        {
            let fault = format_args!("options[{twice}].title is another option's already");
            return Err(Failure::malformed(fault));
        }
        Ok(Answer {
            messages: messages
                .map(|(at, message)| message.parse(at))
                .collect::<Result<_, _>>()?,
            options,
            vars: self.variables,
            user: self.user,
            way,
            done: self.done,
        })
    }
}

impl WireMessage {
    fn parse(self, at: usize) -> Result<Said, Failure> {
        let path = format!("messages[{at}]");
        let rich = self.rich.map(|rich| read_rich(&rich, &path)).transpose()?;
        let text = self.text.filter(|text| !text.trim().is_empty());
        let text = match (text, &rich) {
            (Some(text), _) => text,
            (None, Some(rich)) => rich.fallback_text(),
            (None, None) => {
                return Err(Failure::malformed(format_args!(
                    "{path} has neither text nor rich"
                )));
            }
        };
        Ok(Said { text, rich })
    }
}

impl WireOption {
    fn parse(self, at: usize) -> Result<Choice, Failure> {
        let title = name(self.title, &format!("options[{at}].title"))?;
        let value = match self.value {
            Some(value) => name(value, &format!("options[{at}].value"))?,
            None => title.clone(),
        };
        Ok(Choice { title, value })
    }
}

/// Rich content is its `type`, and under that name its body.
fn read_rich(rich: &Map<String, Value>, path: &str) -> Result<Rich, Failure> {
    let fault =
        |what: &dyn std::fmt::Display| Err(Failure::malformed(format_args!("{path}.rich{what}")));
    let kind = rich.get("type").and_then(Value::as_str);
    let Some(kind) = kind.and_then(RichKind::parse) else {
        return fault(&".type is none of the rich content types");
    };
    match rich.get(kind.as_str()) {
        Some(body) if rich.len() == 2 => match Rich::parse(kind, body) {
            Ok(rich) => Ok(rich),
            Err(error) => fault(&format_args!(".{error}")),
        },
        _ => fault(&format_args!(
            " must hold `type` and `{kind}` and nothing else"
        )),
    }
}

fn name(text: String, path: &str) -> Result<String, Failure> {
    if text.trim().is_empty() || text.chars().count() > MAX_NAME {
        let fault = format_args!("{path} must have 1 to {MAX_NAME} characters");
        return Err(Failure::malformed(fault));
    }
    Ok(text)
}

fn at_most(len: usize, most: usize, path: &str) -> Result<(), Failure> {
    if len > most {
        return Err(Failure::malformed(format_args!("more than {most} {path}")));
    }
    Ok(())
}
