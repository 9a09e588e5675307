//! What reports tell of.

use super::text_enum::text_enum;

text_enum! {
    /// Something that happened to a conversation and took a while.
    ReportingFact {
        /// An agent answered for the first time.
        FirstResponse = "first_response",
        /// An agent answered a contact who waited.
        Reply = "reply",
        /// It was resolved.
        Resolution = "resolution",
        /// It was resolved, and no agent had said anything.
        BotResolution = "bot_resolution",
        /// The bot handed it over.
        BotHandoff = "bot_handoff",
    }
}
