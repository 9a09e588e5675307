//! Whom a flow asks: the script workers, plugins, and Dialogflow.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::Url;

use super::outside::{Asker, Cause, Outside};
use crate::clock::Clock;
use crate::flow::Failure;
use crate::flow::call::{Ask, Call, Context, Detected, Fault, Outcome, Returned};
use crate::flow::dialogflow::{Agent, Dialogflow, ServiceAccountKey};
use crate::flow::plugin::{self, Plugins, Request};
use crate::flow::script::{self, Scripts};
use crate::model::{AccountId, BotId};
use crate::outbound;
use crate::store::{Store, bot_secrets};

/// Whom a flow asks.
#[derive(Debug)]
pub struct Reach {
    store: Store,
    clock: Arc<dyn Clock>,
    scripts: Scripts,
    plugins: Plugins,
    dialogflow: Dialogflow,
    /// Where Dialogflow is, if not at Google's.
    base_url: Option<Url>,
    /// Where it gives its tokens, if not where a key says.
    token_url: Option<Url>,
}

impl Reach {
    /// Asks through this client, and shows what the store keeps for that.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        client: outbound::Client,
        scripts: Scripts,
    ) -> Self {
        Self {
            store,
            plugins: Plugins::new(client.clone(), Arc::clone(&clock)),
            dialogflow: Dialogflow::new(client, Arc::clone(&clock)),
            clock,
            scripts,
            base_url: None,
            token_url: None,
        }
    }

    /// The same with other addresses of Dialogflow.
    pub fn with_dialogflow(self, base_url: Option<Url>, token_url: Option<Url>) -> Self {
        Self {
            base_url,
            token_url,
            ..self
        }
    }

    async fn ask(&self, asker: Asker, call: Call) -> Result<Returned, Fault> {
        let node = call.node.clone();
        let outcome = match call.ask {
            Ask::Script { source, context } => self
                .run(asker.account, source, context)
                .await
                .map(Returned::Script),
            Ask::Plugin {
                url,
                timeout_ms,
                text,
                turn,
                context,
            } => {
                let request = request(&asker, call.node, (text, turn), context);
                let timeout = Duration::from_millis(timeout_ms.into());
                let answer = self.plug(&asker, (&url, timeout), &request).await;
                answer.map(Returned::Plugin)
            }
            Ask::Dialogflow {
                agent,
                language,
                text,
            } => {
                let detected = self.detect(&asker, &agent, (&text, &language)).await;
                detected.map(Returned::Dialogflow)
            }
        };
        outcome.map_err(|(fault, cause)| {
            let (account, bot) = (asker.account.0, asker.bot.0);
            tracing::info!(
                account,
                bot,
                node,
                cause,
                "a flow takes the way of a failure"
            );
            fault
        })
    }

    async fn run(
        &self,
        account: AccountId,
        source: String,
        context: Context,
    ) -> Result<Outcome, Failed> {
        let call = script::Call { source, context };
        self.scripts
            .run(account, call)
            .await
            .map_err(|failure| match failure {
                script::Failure::TimedOut => (Fault::TimedOut, failure.to_string()),
                // What it threw may be what a visitor said.
                script::Failure::Thrown(_) => (Fault::Failed, "the script threw".to_owned()),
                script::Failure::Memory
                | script::Failure::Stack
                | script::Failure::NoNext
                | script::Failure::TooLarge
                | script::Failure::Unavailable => (Fault::Failed, failure.to_string()),
            })
    }

    async fn plug(
        &self,
        asker: &Asker,
        (url, timeout): (&str, Duration),
        request: &Request,
    ) -> Result<plugin::Answer, Failed> {
        let url = Url::parse(url).map_err(|error| failed(&error))?;
        let now = self.clock.now();
        let secret = bot_secrets::plugin_secret(&self.store, asker.account, asker.bot, now)
            .await
            .map_err(|error| failed(&error))?;
        let answer = self.plugins.call(&url, request, &secret, timeout).await;
        answer.map_err(|failure| fault_of(&failure))
    }

    async fn detect(
        &self,
        asker: &Asker,
        agent: &str,
        (text, language): (&str, &str),
    ) -> Result<Detected, Failed> {
        let agent = self.agent(asker.account, asker.bot, agent).await?;
        let session = session(asker);
        let detected = self
            .dialogflow
            .detect(&agent, &session, text, language)
            .await;
        detected.map_err(|failure| fault_of(&failure))
    }

    async fn agent(&self, account: AccountId, bot: BotId, name: &str) -> Result<Agent, Failed> {
        let json = bot_secrets::get_dialogflow_key(&self.store, account, bot, name)
            .await
            .map_err(|error| failed(&error))?;
        let key = ServiceAccountKey::parse(json.expose_secret()).map_err(|error| failed(&error))?;
        let mut agent = Agent::new(None, key).ok_or_else(|| failed(&"the key names no project"))?;
        agent.base_url.clone_from(&self.base_url);
        agent.token_url.clone_from(&self.token_url);
        Ok(agent)
    }
}

impl From<Reach> for Outside {
    fn from(reach: Reach) -> Self {
        let reach = Arc::new(reach);
        Self::new(move |asker, call| {
            let reach = Arc::clone(&reach);
            Box::pin(async move { reach.ask(asker, call).await })
        })
    }
}

/// Where a flow goes on, and why, for its author.
type Failed = (Fault, String);

fn failed(cause: &dyn std::fmt::Display) -> Failed {
    (Fault::Failed, cause.to_string())
}

fn fault_of(failure: &Failure) -> Failed {
    let fault = if failure.is_timeout() {
        Fault::TimedOut
    } else {
        Fault::Failed
    };
    (fault, failure.class().to_owned())
}

/// What a plugin is told.
fn request(
    asker: &Asker,
    node: String,
    (text, turn): (Option<String>, u32),
    context: Context,
) -> Request {
    let conversation = Map::from_iter([
        ("id".to_owned(), json!(asker.conversation.map(|id| id.0))),
        (
            "stream_id".to_owned(),
            json!(asker.stream.map(|id| id.0.to_string())),
        ),
        ("bot_id".to_owned(), Value::from(asker.bot.0)),
    ]);
    Request {
        id: asker.id.to_string(),
        node,
        turn,
        text,
        conversation,
        user: context.user,
        answers: context.answers,
        metadata: context.metadata,
        vars: context.vars,
    }
}

/// The chat as Dialogflow knows it, in at most 36 bytes.
fn session(asker: &Asker) -> String {
    match (asker.stream, asker.conversation) {
        (Some(stream), _) => stream.0.to_string(),
        (None, Some(conversation)) => {
            let account = asker.account.0.to_be_bytes();
            let cause = Cause::of(&[&account, &conversation.0.to_be_bytes()]);
            cause.call("session").to_string()
        }
        (None, None) => asker.id.to_string(),
    }
}
