//! The bot: what a flow file means and what a bot does next.
//!
//! `file` is a flow as its author writes it, `graph` the same thing checked, `engine` the pure step from an input to
//! effects. Nothing in those three does I/O: `runner` loads, commits and computes again when another turn came first.
//! What a node asks outside is a `call`, which the runner takes to `script`, `plugin` or `dialogflow`. `scenario` plays
//! chats that an author has written down, with nothing of all that but the scripts.

pub mod call;
mod check;
mod compile;
mod condition;
pub mod dialogflow;
pub mod engine;
mod failure;
pub mod file;
pub mod graph;
pub mod plugin;
pub mod runner;
pub mod scenario;
pub mod script;
pub mod session;
mod template;

pub use engine::{Button, ContactChange, Effect, Input, Say, Turn, Visitor, advance};
pub use failure::Failure;
pub use file::{File, Problem, Problems};
pub use graph::{Choice, Flow};
pub use runner::{Answer, Asker, NewChat, Outside, PublishError, Reach, Runner, Said, Words};
pub use session::{Place, Session};
