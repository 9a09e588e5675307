//! Ids that cannot be mistaken for one another.

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type)]
            #[sqlx(transparent)]
            pub struct $name(pub i64);

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.fmt(f)
                }
            }
        )+
    };
}

ids! {
    /// A tenant.
    AccountId,
    /// A person of an account's team: the id of the user behind it.
    AgentId,
    /// An integration that reads a bot's reports.
    AppId,
    /// A file or place that goes with a message.
    AttachmentId,
    /// A file that is kept here.
    BlobId,
    /// A bot.
    BotId,
    /// An answer that agents keep at hand.
    CannedResponseId,
    /// A person outside.
    ContactId,
    /// A contact's way into one inbox.
    ContactInboxId,
    /// A conversation: the number people see, counted per account from 1.
    ConversationId,
    /// A custom attribute that an account defined.
    CustomAttributeId,
    /// A search that an agent keeps.
    CustomFilterId,
    /// One event to one endpoint.
    DeliveryId,
    /// Who wants to know, and where.
    EndpointId,
    /// Something that happened.
    EventId,
    /// A published version of a bot's flow, counted per bot from 1.
    FlowVersion,
    /// Where messages come in.
    InboxId,
    /// An API key or access token.
    KeyId,
    /// A label that an account defined.
    LabelId,
    /// A message.
    MessageId,
    /// What an agent wrote down about a contact.
    NoteId,
    /// A rule that picks conversations by the pages their visitors saw.
    PageFilterId,
    /// A program that makes accounts and users for others.
    PlatformAppId,
    /// A visitor's handle on a chat: random, below 2^63, its own credential.
    StreamId,
    /// A group of agents.
    TeamId,
    /// A person who may sign in; as an agent of an account, the same number.
    UserId,
    /// A page that a visitor looked at.
    VisitId,
}

impl From<UserId> for AgentId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

impl From<AgentId> for UserId {
    fn from(agent: AgentId) -> Self {
        Self(agent.0)
    }
}
