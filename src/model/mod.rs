//! What a conversation is, whatever API it is seen through: plain types and rules, no I/O and no wire format.

mod account;
mod agent;
mod attributes;
mod blob;
mod bot;
mod contact;
mod conversation;
mod event;
mod filter;
mod ids;
mod inbox;
mod message;
mod name;
mod nul;
mod page_pattern;
mod password;
mod placeholders;
mod report;
mod rich;
mod settings;
mod text_enum;
mod traffic;
mod user;
mod user_agent;
mod visit;
mod web_url;
mod working_hours;

pub use account::{Account, AccountStatus, Caller, Scope};
pub use agent::{Agent, AgentName, Availability, Role, Seat, Team};
pub use attributes::Attributes;
pub use blob::Blob;
pub use bot::{Bot, BotApp};
pub use contact::{Contact, ContactInbox, Email, Invalid, Note, PhoneNumber, UserHexId};
pub use conversation::{Conversation, ConversationStatus, Priority};
pub use event::{DeliveryState, DisabledReason, EndpointKind, EventKind};
pub use filter::{
    Bound, Condition, ContactField, ContactKey, ConversationField, ConversationKey, CustomField,
    CustomKind, Join, Operands, Test,
};
pub use ids::{
    AccountId, AgentId, AppId, AttachmentId, BlobId, BotId, CannedResponseId, ContactId,
    ContactInboxId, ConversationId, CustomAttributeId, CustomFilterId, DeliveryId, EndpointId,
    EventId, FlowVersion, InboxId, KeyId, LabelId, MessageId, NoteId, PageFilterId, PlatformAppId,
    StreamId, TeamId, UserId, VisitId,
};
pub use inbox::{Channel, Inbox};
pub use message::{
    Attachment, ContentType, DeliveryStatus, FileType, Message, MessageKind, NewAttachment, Sender,
};
pub use name::{InvalidName, Name};
pub use nul::has_nul;
pub use page_pattern::{InvalidPattern, PagePattern};
pub use password::{InvalidPassword, Password};
pub use placeholders::{Addressee, Placeholders};
pub use report::ReportingFact;
pub use rich::{Malformed, Rich, RichKind};
pub use settings::{
    AttributeModel, AttributeType, CannedResponse, CustomAttribute, CustomFilter, FilterKind, Label,
};
pub use traffic::Traffic;
pub use user::{Membership, User};
pub use user_agent::UserAgent;
pub use visit::{Card, MatchType, PageFilter, Rating, Visit};
pub use web_url::{InvalidUrl, WebUrl};
pub use working_hours::{Hours, OpenHours, WorkingHours};
