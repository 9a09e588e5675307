//! Somebody inside moves a conversation to another status, and by that may end the live part of a chat.

use chrono::{DateTime, Utc};

use super::step::unmoved;
use super::{ATTEMPTS, Runner, is_overtaken, is_with_agents};
use crate::flow::engine::Input;
use crate::flow::session::{Place, Session};
use crate::model::{AccountId, ConversationId, ConversationStatus};
use crate::store::conversation_status::{StatusChange, StatusChanged};
use crate::store::sessions::Chat;
use crate::store::turns::Step;
use crate::store::{Error, Once, Result};

/// What is kept of a change that its client named: from, to, and when a conversation that is put off comes back.
type Outcome = (String, String, Option<DateTime<Utc>>);

impl Runner {
    /// Sets where a conversation stands. One that the agents had is ended for the visitor too, and its flow goes on.
    pub async fn set_status(
        &self,
        account: AccountId,
        conversation: ConversationId,
        change: StatusChange,
        once: Option<Once>,
        now: DateTime<Utc>,
    ) -> Result<StatusChanged> {
        for _ in 0..ATTEMPTS {
            let chat = self.chat(account, conversation).await?;
            let to = change.target(chat.status);
            let mut step = self.end_live(&chat, to, now).await?;
            step.change = Some(change.clone());
            let until = change
                .snoozed_until
                .filter(|_| to == ConversationStatus::Snoozed);
            let to = step.status.unwrap_or(to);
            let outcome: Outcome = (chat.status.to_string(), to.to_string(), until);
            match self.take(&chat, step, |_| outcome, once.clone(), now).await {
                Err(error) if is_overtaken(&error) => {}
                outcome => return outcome.map(read),
            }
        }
        Err(Error::SessionMoved)
    }

    /// What a change of status comes to beside itself.
    pub(super) async fn end_live(
        &self,
        chat: &Chat,
        to: ConversationStatus,
        now: DateTime<Utc>,
    ) -> Result<Step> {
        let Some(session) = &chat.session else {
            return Ok(Step::default());
        };
        let state: Session = serde_json::from_value(session.state.clone())?;
        let leaves = match to {
            ConversationStatus::Resolved | ConversationStatus::Pending => {
                is_with_agents(chat, &state.place)
            }
            ConversationStatus::Open | ConversationStatus::Snoozed => false,
        };
        let mut step = match state.place {
            Place::Live { .. } if leaves => {
                let (mut step, _) = self
                    .turn((chat, session), state, Input::AgentEnded, now)
                    .await?;
                // A conversation that an agent resolves is resolved, even if the bot has something to ask still; only a
                // flow that goes to the agents once more opens it again.
                step.status = step
                    .status
                    .filter(|next| *next != ConversationStatus::Pending);
                step
            }
            Place::Beginning
            | Place::Question { .. }
            | Place::Plugin { .. }
            | Place::Calling { .. }
            | Place::Live { .. }
            | Place::Ended => Step {
                session: Some(unmoved(session)),
                ..Step::default()
            },
        };
        step.tell_visitor();
        step.live_ended = leaves;
        Ok(step)
    }
}

fn read((from, to, snoozed_until): Outcome) -> StatusChanged {
    let status = |text: &str| ConversationStatus::parse(text).unwrap_or(ConversationStatus::Open);
    StatusChanged {
        from: status(&from),
        to: status(&to),
        snoozed_until,
    }
}
