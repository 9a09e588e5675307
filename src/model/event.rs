//! Facts that happened, and who wants to know.

use super::text_enum::text_enum;

text_enum! {
    /// A fact that happened.
    EventKind {
        MessageCreated = "message.created",
        MessageUpdated = "message.updated",
        ConversationCreated = "conversation.created",
        ConversationUpdated = "conversation.updated",
        ConversationStatusChanged = "conversation.status_changed",
        ContactCreated = "contact.created",
        ContactUpdated = "contact.updated",
        /// An agent ended the live part of a chat.
        LiveEnded = "live.ended",
    }
}

text_enum! {
    /// Who wants to know.
    EndpointKind {
        /// A visitor's chat client.
        Callback = "callback",
        /// The system behind an API inbox.
        Inbox = "inbox",
        /// An integration of the whole account.
        Account = "account",
        /// The system behind a bot.
        Bot = "bot",
    }
}
