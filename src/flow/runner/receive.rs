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
        let (session, state) = match &chat.session {
            Some(session) => {
                let state: Session = serde_json::from_value(session.state.clone())?;
                if is_with_agents(chat, &state.place) {
                    return Ok(Some(to_agents(session)));
                }
                (Some(session), state)
            }
            None if is_open(chat.status) => return Ok(None),
            None => (None, Session::default()),
        };
        let (mut step, _) = match (session, &state.place) {
            (Some(session), Place::Question { .. }) => {
                let input = Input::Reply {
                    text,
                    payload: None,
                };
                self.turn(chat, session, state, input, now).await?
            }
            _ => {
                let Some((bot, version)) = chat.serving else {
                    return Ok(None);
                };
                let flow = self.flow(chat.account, bot, version).await?;
                let visitor = self.visitor(chat);
                let turn = advance(&flow, Session::default(), visitor, Input::Start);
                Turning::of(bot, version).turn(turn, now)?
            }
        };
        step.tell_visitor();
        Ok(Some(step))
    }
}
