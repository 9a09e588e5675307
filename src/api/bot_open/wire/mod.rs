//! The shapes that several calls share.

mod channel;
mod moment;
mod paging;
mod transcript;

pub(super) use channel::{bot_user_id, channel_name, parse_channel, source_ids};
pub(super) use moment::{end_of, moment, parse_moment, require_order};
pub(super) use paging::{Pages, PagingQuery};
pub(super) use transcript::Transcript;
