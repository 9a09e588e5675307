//! The shapes of the Chat API, field for field.

mod id;
mod send;
mod user;

pub(super) use send::{Answer, Kind, Reply, Start};
pub(super) use user::{GetUser, User};
