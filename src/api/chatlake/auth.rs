//! Who asks, and what they may see. An extractor here loads what it authorises: a handler that takes a conversation
//! has one that its caller may look into.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::Server;
use super::error::{Error, Result};
use super::identity::{Identity, identify};
use crate::model::{
    AccountId, AccountStatus, BotId, ContactId, Conversation, ConversationId, Inbox, InboxId,
    Message, MessageId, Note, NoteId, Role, Seat,
};
use crate::store::access::{self, Viewer};
use crate::store::messages::{self, From};
use crate::store::{
    self, Noun, Store, accounts, agents, conversations, inboxes, notes, shared_bots,
};

/// Whom a token speaks for.
#[derive(Debug, Clone)]
pub(super) enum Actor {
    Agent(Seat),
    Bot(BotId),
}

/// A caller within the account that the path names: an agent or a bot.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) account: AccountId,
    pub(super) actor: Actor,
}

/// An agent within the account that the path names. Bots are refused.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) account: AccountId,
    pub(super) agent: Seat,
}

/// An administrator of the account that the path names.
#[derive(Debug, Clone)]
pub(super) struct Administrator(pub(super) Member);

/// An administrator who asks for a report, and has not asked for too many.
#[derive(Debug, Clone)]
pub(super) struct Reporter(pub(super) Member);

/// A conversation that its caller, a `Scope` or a `Member`, may look into.
#[derive(Debug, Clone)]
pub(super) struct InConversation<W> {
    pub(super) who: W,
    pub(super) conversation: Conversation,
}

impl InConversation<Member> {
    /// The same, where bots may be too.
    pub(super) fn scope(self) -> InConversation<Scope> {
        InConversation {
            who: self.who.scope(),
            conversation: self.conversation,
        }
    }
}

/// A message of a conversation that its caller may look into.
#[derive(Debug, Clone)]
pub(super) struct InMessage {
    pub(super) member: Member,
    pub(super) conversation: Conversation,
    pub(super) message: Message,
}

impl InMessage {
    /// Where the message is, and which it is.
    pub(super) fn ids(&self) -> (ConversationId, MessageId) {
        (self.conversation.id, self.message.id)
    }
}

/// An inbox that its caller may look into.
#[derive(Debug, Clone)]
pub(super) struct InInbox {
    pub(super) member: Member,
    pub(super) inbox: Inbox,
}

/// A row of the caller's account that the path names.
#[derive(Debug, Clone)]
pub(super) struct Of<W, R> {
    pub(super) who: W,
    pub(super) row: R,
}

/// A row that `W` may look at, by the id in the path.
pub(super) trait Row<W>: Sized + Send {
    /// The id's name in the path.
    const PLACE: &'static str;

    /// Loads the row, if it is the caller's to look at.
    fn load(store: &Store, who: &W, id: i64) -> impl Future<Output = store::Result<Self>> + Send;
}

/// A note about a contact of the caller's account; the path names both.
#[derive(Debug, Clone)]
pub(super) struct NoteOf {
    pub(super) member: Member,
    pub(super) note: Note,
}

/// Whoever is in an account.
pub(super) trait Who: FromRequestParts<Server, Rejection = Error> + Send {
    fn account(&self) -> AccountId;
    fn viewer(&self) -> Viewer;
}

impl Scope {
    /// Whose words a message of this caller is.
    pub(super) fn author(&self) -> From {
        match &self.actor {
            Actor::Agent(agent) => From::Agent(agent.id),
            Actor::Bot(bot) => From::Bot(*bot),
        }
    }

    /// The inbox of this id, if the caller may look into it.
    pub(super) async fn inbox(&self, server: &Server, id: InboxId) -> Result<Inbox> {
        let inbox = inboxes::get(&server.store, self.account, id).await?;
        permit(access::sees_inbox(&server.store, self.account, self.viewer(), id).await?)?;
        Ok(inbox)
    }
}

impl Member {
    pub(super) fn is_administrator(&self) -> bool {
        self.agent.role == Role::Administrator
    }

    /// The same caller, where bots may be too.
    pub(super) fn scope(&self) -> Scope {
        Scope {
            account: self.account,
            actor: Actor::Agent(self.agent),
        }
    }
}

impl Who for Scope {
    fn account(&self) -> AccountId {
        self.account
    }

    fn viewer(&self) -> Viewer {
        match &self.actor {
            Actor::Agent(agent) if agent.role == Role::Agent => Viewer::Member(agent.id),
            Actor::Agent(_) | Actor::Bot(_) => Viewer::Everything,
        }
    }
}

impl Who for Member {
    fn account(&self) -> AccountId {
        self.account
    }

    fn viewer(&self) -> Viewer {
        if self.is_administrator() {
            Viewer::Everything
        } else {
            Viewer::Member(self.agent.id)
        }
    }
}

impl Who for Administrator {
    fn account(&self) -> AccountId {
        self.0.account
    }

    fn viewer(&self) -> Viewer {
        Viewer::Everything
    }
}

impl FromRequestParts<Server> for Scope {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let identity = identify(parts, server).await?;
        enter(parts, server, identity).await
    }
}

impl FromRequestParts<Server> for Member {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let identity = identify(parts, server).await?;
        match &identity {
            Identity::Key(caller) if caller.bot.is_none() => {}
            Identity::User(_) => {}
            Identity::Key(_) | Identity::SharedBot(_) | Identity::Platform(_) => {
                return Err(Error::ClosedToBots);
            }
        }
        let Scope { account, actor } = enter(parts, server, identity).await?;
        match actor {
            Actor::Agent(agent) => Ok(Self { account, agent }),
            Actor::Bot(_) => Err(Error::ClosedToBots),
        }
    }
}

impl FromRequestParts<Server> for Administrator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let member = Member::from_request_parts(parts, server).await?;
        permit(member.is_administrator())?;
        Ok(Self(member))
    }
}

impl FromRequestParts<Server> for Reporter {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let Administrator(member) = Administrator::from_request_parts(parts, server).await?;
        let limits = &server.limits;
        limits.reports_by_user.check(member.agent.id)?;
        limits.reports.check(member.account)?;
        Ok(Self(member))
    }
}

impl<W: Who> FromRequestParts<Server> for InConversation<W> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let who = W::from_request_parts(parts, server).await?;
        let id = ConversationId(path_id(parts, server, "conversation_id").await?);
        let account = who.account();
        let conversation = conversations::get(&server.store, account, id).await?;
        let sees =
            access::sees_conversation(&server.store, account, who.viewer(), &conversation).await?;
        permit(sees)?;
        Ok(Self { who, conversation })
    }
}

impl FromRequestParts<Server> for InMessage {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let InConversation {
            who: member,
            conversation,
        } = InConversation::<Member>::from_request_parts(parts, server).await?;
        let unknown = || store::Error::NotFound(Noun::Message);
        let id = path_id(parts, server, "message_id").await;
        let id = MessageId(id.map_err(|_| unknown())?);
        let message = messages::get(&server.store, member.account, id).await?;
        if message.conversation != conversation.id {
            return Err(unknown().into());
        }
        Ok(Self {
            member,
            conversation,
            message,
        })
    }
}

impl FromRequestParts<Server> for InInbox {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let member = Member::from_request_parts(parts, server).await?;
        let id = InboxId(path_id(parts, server, "inbox_id").await?);
        let inbox = member.scope().inbox(server, id).await?;
        Ok(Self { member, inbox })
    }
}

impl<W: Who + Sync, R: Row<W>> FromRequestParts<Server> for Of<W, R> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let who = W::from_request_parts(parts, server).await?;
        let id = path_id(parts, server, R::PLACE).await?;
        let row = R::load(&server.store, &who, id).await?;
        Ok(Self { who, row })
    }
}

impl FromRequestParts<Server> for NoteOf {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self> {
        let member = Member::from_request_parts(parts, server).await?;
        let contact = ContactId(path_id(parts, server, "contact_id").await?);
        let id = NoteId(path_id(parts, server, "note_id").await?);
        let note = notes::get(&server.store, member.account, contact, id).await?;
        Ok(Self { member, note })
    }
}

/// Lets somebody into the account that the path names.
async fn enter(parts: &mut Parts, server: &Server, identity: Identity) -> Result<Scope> {
    let account = AccountId(path_id(parts, server, "account_id").await?);
    let caller = match identity {
        Identity::Key(caller) if caller.account == account => caller,
        other => return enter_other(server, account, other).await,
    };
    if caller.account_status == AccountStatus::Suspended {
        return Err(Error::Suspended);
    }
    let actor = match (caller.agent, caller.bot) {
        (Some(agent), _) => Actor::Agent(agent),
        (None, Some(bot)) => Actor::Bot(bot),
        (None, None) => return Err(Error::UnknownToken),
    };
    Ok(Scope { account, actor })
}

/// Lets a user into an account that is open to them, and a bot that all share into one where it serves an inbox. What
/// another account made opens only that one.
async fn enter_other(server: &Server, account: AccountId, identity: Identity) -> Result<Scope> {
    let status = accounts::get(&server.store, account).await?.status;
    if status == AccountStatus::Suspended {
        return Err(Error::Suspended);
    }
    match identity {
        Identity::User(user) => {
            let agent = agents::find_signed_in(&server.store, account, user).await?;
            let actor = Actor::Agent(agent.ok_or(Error::OtherAccount)?);
            Ok(Scope { account, actor })
        }
        Identity::SharedBot(bot) if shared_bots::serves(&server.store, account, bot).await? => {
            let actor = Actor::Bot(bot);
            Ok(Scope { account, actor })
        }
        Identity::SharedBot(_) => Err(Error::OtherAccountsBot),
        Identity::Key(caller) if caller.bot.is_some() => Err(Error::OtherAccountsBot),
        Identity::Key(_) | Identity::Platform(_) => Err(Error::OtherAccount),
    }
}

/// An id out of the path. One that is no number is of no record.
pub(super) async fn path_id(parts: &mut Parts, server: &Server, name: &str) -> Result<i64> {
    let params = RawPathParams::from_request_parts(parts, server)
        .await
        .map_err(|_| Error::NotFound)?;
    let text = params
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, text)| text);
    text.and_then(|text| text.parse().ok())
        .ok_or(Error::NotFound)
}

fn permit(permitted: bool) -> Result<()> {
    if permitted {
        Ok(())
    } else {
        Err(Error::NotPermitted)
    }
}
