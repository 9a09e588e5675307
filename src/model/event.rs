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
        /// Its status became open.
        ConversationOpened = "conversation.opened",
        /// Its status became resolved.
        ConversationResolved = "conversation.resolved",
        ContactCreated = "contact.created",
        ContactUpdated = "contact.updated",
        /// Somebody began to write in a conversation.
        ConversationTypingOn = "conversation.typing_on",
        /// Somebody stopped writing.
        ConversationTypingOff = "conversation.typing_off",
        /// A visitor opened a chat window.
        WebwidgetTriggered = "webwidget.triggered",
        InboxCreated = "inbox.created",
        InboxUpdated = "inbox.updated",
        /// It is gone, with all that hung on it.
        ContactDeleted = "contact.deleted",
        /// Another contact became part of it.
        ContactMerged = "contact.merged",
        /// An agent ended the live part of a chat.
        LiveEnded = "live.ended",
        /// Nothing is sent to an endpoint any more: it is gone, or failed for too long.
        EndpointDisabled = "endpoint.disabled",
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

text_enum! {
    /// Why nothing is sent to an endpoint.
    DisabledReason {
        /// Its owner turned it off.
        Owner = "owner",
        /// It said itself that it is gone.
        Gone = "gone",
        /// Nothing but failure for too long.
        Failing = "failing",
        /// Its owner removed it.
        Removed = "removed",
    }
}

text_enum! {
    /// How far a delivery is.
    DeliveryState {
        /// Waiting to be attempted, or being attempted.
        Due = "due",
        /// It arrived.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
        /// Its endpoint is gone.
        Cancelled = "cancelled",
    }
}
