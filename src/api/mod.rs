//! The emulated APIs and our own, one folder each. No API names another.

pub mod admin;
pub mod bot_open;
pub mod chatlake;
pub mod edge;
pub mod imbox;
pub mod instabot;
