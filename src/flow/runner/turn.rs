//! One turn: walked, with what is asked outside on the way, until the bot waits for somebody.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::outside::{Asker, Asking, Cause};
use super::step::Turning;
use super::{Runner, Said, Words, is_open, to_agents};
use crate::flow::engine::{Effect, Input, Turn, Visitor, advance};
use crate::flow::graph::Flow;
use crate::flow::session::{Place, Session};
use crate::model::{AccountId, StreamId};
use crate::store::sessions::{Chat, StoredSession};
use crate::store::turns::Step;
use crate::store::{Once, Result};

impl Runner {
    /// What comes of a visitor's words: the bot's answer, or that they go to the agents. Nothing if no flow waits for
    /// them.
    pub(super) async fn hear(
        &self,
        (chat, session): (&Chat, &StoredSession),
        words: &Words,
        asking: &mut Asking<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<(Step, Vec<Said>)>> {
        let state: Session = serde_json::from_value(session.state.clone())?;
        let is_live = matches!(state.place, Place::Live { .. });
        if is_open(chat.status) && !is_live {
            return Ok(Some((to_agents(session), Vec::new())));
        }
        if !is_live && !state.place.awaits_words() {
            return Ok(None);
        }
        let input = Input::Reply {
            text: &words.text,
            payload: words.payload,
        };
        let turn = self.walk_on((chat, session), state, input, asking).await?;
        if is_live && turn.effects.is_empty() {
            return Ok(Some((to_agents(session), Vec::new())));
        }
        Turning::from(session).turn(turn, now).map(Some)
    }

    /// Walks on from a session, on the version of the flow that it began with.
    pub(super) async fn walk_on(
        &self,
        (chat, session): (&Chat, &StoredSession),
        state: Session,
        input: Input<'_>,
        asking: &mut Asking<'_>,
    ) -> Result<Turn> {
        let flow = self
            .flow(chat.account, session.bot, session.flow_version)
            .await?;
        let asker = Asker {
            account: chat.account,
            bot: session.bot,
            conversation: Some(chat.conversation),
            stream: chat.stream,
            id: Uuid::nil(),
        };
        let walking = Walking {
            flow: &flow,
            state,
            visitor: self.visitor(chat),
            input,
        };
        Ok(walking.walk(asker, asking).await)
    }

    /// The same for something other than a visitor's words.
    pub(super) async fn turn(
        &self,
        (chat, session): (&Chat, &StoredSession),
        state: Session,
        input: Input<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Step, Vec<Said>)> {
        let what = match input {
            Input::AgentEnded => "agent ended",
            Input::LiveTimeout => "timed out",
            Input::VisitorDeclined => "declined",
            Input::Start | Input::Reply { .. } | Input::Returned(_) => "other",
        };
        let cause = cause_of(chat, None, &[what.as_bytes()]);
        let mut asking = Asking::new(&self.outside, cause);
        let turn = self
            .walk_on((chat, session), state, input, &mut asking)
            .await?;
        Turning::from(session).turn(turn, now)
    }
}

/// Where a walk begins.
pub(super) struct Walking<'a> {
    pub(super) flow: &'a Flow,
    pub(super) state: Session,
    pub(super) visitor: Visitor,
    pub(super) input: Input<'a>,
}

impl Walking<'_> {
    /// Walks until the bot waits for somebody, asking on the way.
    pub(super) async fn walk(self, asker: Asker, asking: &mut Asking<'_>) -> Turn {
        let mut turn = advance(self.flow, self.state, self.visitor, self.input);
        let mut effects = Vec::new();
        while let Some(Effect::Call(call)) = turn.effects.pop_if(|last| last.is_call()) {
            effects.append(&mut turn.effects);
            let outcome = asking.ask(asker, call).await;
            let returned = Input::Returned(&outcome);
            turn = advance(self.flow, turn.session, turn.visitor, returned);
        }
        effects.append(&mut turn.effects);
        Turn { effects, ..turn }
    }
}

/// What a chat asks because of: a request that its client named is the same whenever it comes; any other is told by the
/// turn that it came in and by what it says.
pub(super) fn cause_of(chat: &Chat, once: Option<&Once>, said: &[&[u8]]) -> Cause {
    let account = chat.account.0.to_be_bytes();
    if let Some(once) = once {
        return cause_of_named(&account, once);
    }
    let conversation = chat.conversation.0.to_be_bytes();
    let version = chat.session.as_ref().map_or(0, |session| session.version);
    let version = version.to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![&account, b"said", &conversation, &version];
    parts.extend(said);
    Cause::of(&parts)
}

/// What a chat that begins asks because of.
pub(super) fn cause_of_start(account: AccountId, once: Option<&Once>, stream: StreamId) -> Cause {
    let account = account.0.to_be_bytes();
    match once {
        Some(once) => cause_of_named(&account, once),
        None => Cause::of(&[&account, b"start", &stream.0.to_be_bytes()]),
    }
}

fn cause_of_named(account: &[u8], once: &Once) -> Cause {
    let (api, key) = once.name();
    Cause::of(&[account, b"named", api.as_bytes(), key.as_bytes()])
}
