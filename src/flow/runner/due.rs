//! Waits that are over: visitors whom no agent answered in time.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::step::unmoved;
use super::{Runner, is_overtaken};
use crate::clock::Clock;
use crate::flow::engine::Input;
use crate::flow::session::{Place, Session};
use crate::model::ConversationStatus;
use crate::store::sessions::{Chat, StoredSession};
use crate::store::turns::Step;
use crate::store::{self, Error, Noun, Result};

/// How often waits that are over are looked for.
const POLL: Duration = Duration::from_secs(1);
/// The most that one step looks at.
const BATCH: i64 = 100;

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
    /// wait ends once, as the version of its session tells.
    pub async fn fire_due(&self, now: DateTime<Utc>) -> Result<usize> {
        let mut fired = 0;
        for (account, conversation) in store::sessions::list_due(&self.store, now, BATCH).await? {
            let chat = self.chat(account, conversation).await?;
            match self.fire(&chat, now).await {
                Ok(true) => fired += 1,
                Ok(false) | Err(Error::NotFound(Noun::Conversation)) => {}
                Err(error) if is_overtaken(&error) => {}
                Err(error @ (Error::Unavailable(_) | Error::Database(_))) => return Err(error),
                Err(error) => {
                    let conversation = conversation.0;
                    tracing::error!(account = account.0, conversation, %error, "a wait cannot end");
                }
            }
        }
        Ok(fired)
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
