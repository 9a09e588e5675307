//! An agent who moves a conversation to another status, and by that may end the live part of a chat.

use chrono::{DateTime, Utc};

use super::step::unmoved;
use super::{ATTEMPTS, Runner, is_overtaken, is_with_agents};
use crate::flow::engine::Input;
use crate::flow::session::{Place, Session};
use crate::model::{AccountId, Conversation, ConversationId, ConversationStatus};
use crate::store::sessions::Chat;
use crate::store::turns::Step;
use crate::store::{self, Error, Result};

impl Runner {
    /// Moves a conversation to a status, as an agent asks. One that the agents had is ended for the visitor too, and its
    /// flow goes on from there.
    pub async fn set_status(
        &self,
        account: AccountId,
        conversation: ConversationId,
        status: ConversationStatus,
        snoozed_until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Conversation> {
        for _ in 0..ATTEMPTS {
            let chat = self.chat(account, conversation).await?;
            let mut step = self.end_live(&chat, status, now).await?;
            step.snoozed_until = snoozed_until;
            match self.take(&chat, step, drop, None, now).await {
                Err(error) if is_overtaken(&error) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    return store::conversations::get(&self.store, account, conversation).await;
                }
            }
        }
        Err(Error::SessionMoved)
    }

    /// What an agent's change of status comes to.
    async fn end_live(
        &self,
        chat: &Chat,
        status: ConversationStatus,
        now: DateTime<Utc>,
    ) -> Result<Step> {
        let to = Step {
            status: Some(status),
            ..Step::default()
        };
        let Some(session) = &chat.session else {
            return Ok(to);
        };
        let state: Session = serde_json::from_value(session.state.clone())?;
        let leaves = match status {
            ConversationStatus::Resolved | ConversationStatus::Pending => {
                is_with_agents(chat, &state.place)
            }
            ConversationStatus::Open | ConversationStatus::Snoozed => false,
        };
        let mut step = match state.place {
            Place::Live { .. } if leaves => {
                let (mut step, _) = self
                    .turn(chat, session, state, Input::AgentEnded, now)
                    .await?;
                // A conversation that an agent resolves is resolved, even if the bot has something to ask still.
                if status == ConversationStatus::Resolved {
                    step.status = Some(status);
                }
                step
            }
            Place::Beginning | Place::Question { .. } | Place::Live { .. } | Place::Ended => Step {
                session: Some(unmoved(session)),
                ..to
            },
        };
        step.tell_visitor();
        step.live_ended = leaves;
        Ok(step)
    }
}
