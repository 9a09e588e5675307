//! Uploaded files: where their bytes are kept, what is found in them, and the links that open them. Which account has
//! which file is the store's to know, and how they come and go over HTTP the API's.

mod link;
mod name;
mod picture;
mod sniff;
mod storage;

pub use link::{Links, Opened, Variant, asked_at};
pub use name::clean as clean_name;
pub use storage::{Error, Files, Found, Result, Writing};
