//! Asking outside on behalf of a turn: with a name for every call, a limit for all of them, and none twice.
//!
//! A turn that another one overtook is computed again; what was asked for it already is not asked again. A server that
//! dies before the commit leaves nothing behind: the repeated request asks again, at least once in all, under the same
//! name, by which a plugin knows a call that it has answered before.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::flow::call::{Call, Fault, Returned};
use crate::model::{AccountId, BotId, ConversationId, StreamId};

/// The time that all calls of one turn have together.
const TIME: Duration = Duration::from_secs(10);

/// Whoever is asked.
type Answering =
    dyn Fn(Asker, Call) -> BoxFuture<'static, Result<Returned, Fault>> + Send + Sync + 'static;

/// Scripts, plugins and Dialogflow, or what stands for them. Cheap to clone.
#[derive(Clone)]
pub struct Outside(Arc<Answering>);

/// On whose behalf something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// The account.
    pub account: AccountId,
    /// The bot.
    pub bot: BotId,
    /// The conversation; none while it begins.
    pub conversation: Option<ConversationId>,
    /// The visitor's handle on it, when it was started by a chat client.
    pub stream: Option<StreamId>,
    /// Names the call: the same whenever the same node asks because of the same inbound message.
    pub id: Uuid,
}

impl std::fmt::Debug for Outside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outside")
    }
}

impl Outside {
    /// Asks by this function.
    pub fn new<F>(ask: F) -> Self
    where
        F: Fn(Asker, Call) -> BoxFuture<'static, Result<Returned, Fault>> + Send + Sync + 'static,
    {
        Self(Arc::new(ask))
    }

    /// Nobody is there, and every call fails.
    pub fn nobody() -> Self {
        Self::new(|_, _| Box::pin(async { Err(Fault::Failed) }))
    }
}

/// What is asked because of one inbound message.
pub(super) struct Asking<'a> {
    outside: &'a Outside,
    cause: Cause,
    spent: Duration,
    asked: Vec<(Call, Result<Returned, Fault>)>,
}

/// Why something is asked: one inbound message, told apart from every other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause([u8; 32]);

impl Cause {
    /// A cause that these parts tell apart from every other.
    pub(super) fn of(parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }

    /// The name of what a node asks because of it.
    pub(super) fn call(&self, node: &str) -> Uuid {
        let Self(bytes) = Self::of(&[&self.0, node.as_bytes()]);
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = bytes;
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }
}

impl<'a> Asking<'a> {
    pub(super) fn new(outside: &'a Outside, cause: Cause) -> Self {
        Self {
            outside,
            cause,
            spent: Duration::ZERO,
            asked: Vec::new(),
        }
    }

    /// What comes of a call, or came of it before. No connection and no transaction is held meanwhile.
    pub(super) async fn ask(&mut self, asker: Asker, call: Call) -> Result<Returned, Fault> {
        if let Some((_, outcome)) = self.asked.iter().find(|(asked, _)| *asked == call) {
            return outcome.clone();
        }
        let left = TIME.saturating_sub(self.spent);
        if left.is_zero() {
            return Err(Fault::OutOfTime);
        }
        let asker = Asker {
            id: self.cause.call(&call.node),
            ..asker
        };
        let begun = Instant::now();
        let outcome = timeout(left, (self.outside.0)(asker, call.clone())).await;
        self.spent += begun.elapsed();
        let outcome = outcome.unwrap_or(Err(Fault::OutOfTime));
        self.asked.push((call, outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::flow::call::{Ask, Outcome};

    fn call(node: &str) -> Call {
        let ask = Ask::Dialogflow {
            agent: "a".to_owned(),
            language: "en".to_owned(),
            text: node.to_owned(),
        };
        Call {
            node: node.to_owned(),
            ask,
        }
    }

    fn asker() -> Asker {
        Asker {
            account: AccountId(1),
            bot: BotId(1),
            conversation: None,
            stream: None,
            id: Uuid::nil(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_calls_of_a_turn_have_ten_seconds_together() {
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let outside = Outside::new(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(4)).await;
                Ok(Returned::Script(Outcome::default()))
            })
        });
        let mut asking = Asking::new(&outside, Cause::of(&[]));
        let begun = Instant::now();
        for node in ["a", "b", "a", "b"] {
            assert!(asking.ask(asker(), call(node)).await.is_ok());
        }
        assert_eq!(
            asked.load(Ordering::Relaxed),
            2,
            "the same is not asked twice"
        );
        for node in ["c", "d", "c"] {
            let outcome = asking.ask(asker(), call(node)).await;
            assert_eq!(outcome, Err(Fault::OutOfTime));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert_eq!(begun.elapsed(), TIME);
    }

    #[test]
    fn a_call_is_named_by_its_cause_and_its_node() {
        let name = |parts: &[&[u8]], node| Cause::of(parts).call(node);
        assert_eq!(name(&[b"a", b"b"], "n"), name(&[b"a", b"b"], "n"));
        assert_ne!(name(&[b"a", b"b"], "n"), name(&[b"ab"], "n"));
        assert_ne!(name(&[b"a"], "n"), name(&[b"a"], "m"));
    }
}
