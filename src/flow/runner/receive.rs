//! A contact's message that came in through another API.

use chrono::{DateTime, Utc};

use uuid::Uuid;

use super::outside::{Asker, Asking};
use super::step::Turning;
use super::turn::Walking;
use super::{ATTEMPTS, Runner, Words, is_open, is_overtaken};
use crate::flow::engine::Input;
use crate::flow::session::Session;
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
        let words = Words {
            text: incoming.content.clone().unwrap_or_default(),
            payload: None,
        };
        let mut asking = None;
        for _ in 0..ATTEMPTS {
            let chat = self.chat(account, conversation).await?;
            let asking =
                asking.get_or_insert_with(|| self.asking_for(&chat, once.as_ref(), &words));
            let Some(mut step) = self.answer(&chat, &words, asking, now).await? else {
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
    async fn answer(
        &self,
        chat: &Chat,
        words: &Words,
        asking: &mut Asking<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<Step>> {
        if chat.blocked {
            return Ok(None);
        }
        let Some(session) = &chat.session else {
            return if is_open(chat.status) {
                Ok(None)
            } else {
                self.begin(chat, asking, now).await
            };
        };
        match self.hear((chat, session), words, asking, now).await? {
            Some((mut step, _)) => {
                step.tell_visitor();
                Ok(Some(step))
            }
            None => self.begin(chat, asking, now).await,
        }
    }

    /// What the bot of the inbox says first, to a contact who is new or comes back.
    async fn begin(
        &self,
        chat: &Chat,
        asking: &mut Asking<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<Step>> {
        let Some((bot, version)) = chat.serving else {
            return Ok(None);
        };
        let flow = self.flow(chat.account, bot, version).await?;
        let walking = Walking {
            flow: &flow,
            state: Session::default(),
            visitor: self.visitor(chat),
            input: Input::Start,
        };
        let asker = Asker {
            account: chat.account,
            bot,
            conversation: Some(chat.conversation),
            stream: chat.stream,
            id: Uuid::nil(),
        };
        let turn = walking.walk(asker, asking).await;
        let (mut step, _) = Turning::of(bot, version).turn(turn, now)?;
        step.tell_visitor();
        Ok(Some(step))
    }
}
