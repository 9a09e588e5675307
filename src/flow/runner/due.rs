//! Waits that are over: visitors whom no agent answered in time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;

use super::step::unmoved;
use super::{Runner, is_overtaken};
use crate::clock::Clock;
use crate::flow::engine::Input;
use crate::flow::session::{Place, Session};
use crate::model::{AccountId, ConversationId, ConversationStatus};
use crate::store::sessions::{Chat, StoredSession};
use crate::store::turns::Step;
use crate::store::{self, Error, Noun, Result};

/// How often waits that are over are looked for.
const POLL: Duration = Duration::from_secs(1);
/// The most that one step looks at.
const BATCH: i64 = 100;
/// Waits that are ended at the same time.
const AT_ONCE: usize = 16;

/// Whether a timer did something in a conversation. What others did first is left alone, and what is wrong with one
/// conversation is logged and keeps none other from its turn.
pub(super) fn passed_over(
    outcome: Result<bool>,
    (account, conversation): (AccountId, ConversationId),
    trouble: &'static str,
) -> Result<bool> {
    match outcome {
        Ok(done) => Ok(done),
        Err(Error::NotFound(Noun::Conversation)) => Ok(false),
        Err(error) if is_overtaken(&error) => Ok(false),
        Err(error @ (Error::Unavailable(_) | Error::Database(_))) => Err(error),
        Err(error) => {
            let (account, conversation) = (account.0, conversation.0);
            tracing::error!(account, conversation, %error, "{trouble}");
            Ok(false)
        }
    }
}

impl Runner {
    /// Ends waits when they are over, until told to stop.
    pub async fn run(&self, clock: &dyn Clock, shutdown: CancellationToken) {
        while shutdown
            .run_until_cancelled(tokio::time::sleep(POLL))
            .await
            .is_some()
        {
            if let Err(error) = self.fire_due(clock.now()).await {
                tracing::warn!(%error, "cannot look for waits that are over");
            }
        }
    }

    /// Lets the flows go on whose visitors waited long enough; how many did. Several servers may do this at once: each
    /// wait ends once, as the version of its session tells. A flow that asks outside then keeps few others waiting.
    pub async fn fire_due(&self, now: DateTime<Utc>) -> Result<usize> {
        let due = store::sessions::list_due(&self.store, now, BATCH).await?;
        let firing = due
            .into_iter()
            .map(|(account, conversation)| self.fire_one(account, conversation, now));
        stream::iter(firing)
            .buffer_unordered(AT_ONCE)
            .try_fold(0, |fired, one| async move { Ok(fired + usize::from(one)) })
            .await
    }

    /// Whether a wait has ended by this; what is wrong with one chat keeps none other from going on.
    async fn fire_one(
        &self,
        account: AccountId,
        conversation: ConversationId,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let fired = async {
            let chat = self.chat(account, conversation).await?;
            self.fire(&chat, now).await
        };
        let place = (account, conversation);
        passed_over(fired.await, place, "a wait cannot end")
    }

    async fn fire(&self, chat: &Chat, now: DateTime<Utc>) -> Result<bool> {
        let Some(session) = &chat.session else {
            return Ok(false);
        };
        let Some(due_at) = session.due_at.filter(|due_at| *due_at <= now) else {
            return Ok(false);
        };
        let state: Session = serde_json::from_value(session.state.clone())?;
        if self
            .has_somebody_come(chat, session, &state, due_at)
            .await?
        {
            let mut step = Step {
                session: Some(unmoved(session)),
                ..Step::default()
            };
            if let Some(session) = &mut step.session {
                session.due_at = None;
            }
            self.take(chat, step, drop, None, now).await?;
            return Ok(false);
        }
        let (mut step, _) = self
            .turn((chat, session), state, Input::LiveTimeout, now)
            .await?;
        step.tell_visitor();
        self.take(chat, step, drop, None, now).await?;
        Ok(true)
    }

    async fn has_somebody_come(
        &self,
        chat: &Chat,
        session: &StoredSession,
        state: &Session,
        due_at: DateTime<Utc>,
    ) -> Result<bool> {
        let Place::Live { node } = &state.place else {
            return Ok(true);
        };
        // An agent who put it off has seen it.
        if chat.status != ConversationStatus::Open {
            return Ok(true);
        }
        let flow = self
            .flow(chat.account, session.bot, session.flow_version)
            .await?;
        let waited = TimeDelta::seconds(flow.timeout_secs(node).unwrap_or_default().into());
        let since = due_at - waited;
        store::sessions::has_agent_spoken(&self.store, chat.account, chat.conversation, since).await
    }
}
