//! A contact's message that came in through another API.

use chrono::{DateTime, Utc};

use super::step::Turning;
use super::{ATTEMPTS, Runner, is_open, is_overtaken, is_with_agents, to_agents};
use crate::flow::engine::{Input, advance};
use crate::flow::session::{Place, Session};
use crate::model::{AccountId, ConversationId, Message, MessageId};
use crate::store::messages::NewMessage;
use crate::store::sessions::Chat;
use crate::store::turns::Step;
use crate::store::{self, Error, Once, Result};

impl Runner {
    /// Posts a contact's message that came in another way, and lets the bot of the inbox answer it, if it is its turn.
    pub async fn receive(
        &self,
        account: AccountId,
        conversation: ConversationId,
        incoming: NewMessage,
        once: Option<Once>,
        now: DateTime<Utc>,
    ) -> Result<Message> {
        for _ in 0..ATTEMPTS {
            let chat = self.chat(account, conversation).await?;
            let text = incoming.content.as_deref().unwrap_or_default();
            let Some(mut step) = self.answer(&chat, text, now).await? else {
                let store = &self.store;
                return store::messages::post(store, account, conversation, incoming, once, now)
                    .await;
            };
            step.incoming = Some(incoming.clone());
            let id = |id: Option<MessageId>| id.map_or(0, |id| id.0);
            match self.take(&chat, step, id, once.clone(), now).await {
                Err(error) if is_overtaken(&error) => {}
                Err(error) => return Err(error),
                Ok(id) => {
                    return store::messages::get(&self.store, account, MessageId(id)).await;
                }
            }
        }
        Err(Error::SessionMoved)
    }

    /// What the bot of the inbox does with a contact's message; nothing if it is not its turn.
    async fn answer(&self, chat: &Chat, text: &str, now: DateTime<Utc>) -> Result<Option<Step>> {
        if chat.blocked {
            return Ok(None);
        }
        let Some(session) = &chat.session else {
            return if is_open(chat.status) {
                Ok(None)
            } else {
                self.begin(chat, now).await
            };
        };
        let state: Session = serde_json::from_value(session.state.clone())?;
        if is_with_agents(chat, &state.place) {
            return Ok(Some(to_agents(session)));
        }
        let Place::Question { .. } = state.place else {
            return self.begin(chat, now).await;
        };
        let input = Input::Reply {
            text,
            payload: None,
        };
        let (mut step, _) = self.turn(chat, session, state, input, now).await?;
        step.tell_visitor();
        Ok(Some(step))
    }

    /// What the bot of the inbox says first, to a contact who is new or comes back.
    async fn begin(&self, chat: &Chat, now: DateTime<Utc>) -> Result<Option<Step>> {
        let Some((bot, version)) = chat.serving else {
            return Ok(None);
        };
        let flow = self.flow(chat.account, bot, version).await?;
        let turn = advance(&flow, Session::default(), self.visitor(chat), Input::Start);
        let (mut step, _) = Turning::of(bot, version).turn(turn, now)?;
        step.tell_visitor();
        Ok(Some(step))
    }
}
