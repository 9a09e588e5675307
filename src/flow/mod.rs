//! The bot: what a flow file means and what a bot does next.
//!
//! `file` is a flow as its author writes it, `graph` the same thing checked, `engine` the pure step from an input to
//! effects. Nothing in those three does I/O: `runner` loads, commits and asks again when another turn came first.

pub mod call;
mod check;
mod compile;
mod condition;
pub mod engine;
pub mod file;
pub mod graph;
pub mod runner;
pub mod session;
mod template;

pub use engine::{Button, ContactChange, Effect, Input, Say, Turn, Visitor, advance};
pub use file::{File, Problem, Problems};
pub use graph::{Choice, Flow};
pub use runner::{Answer, Asker, NewChat, Outside, PublishError, Runner, Said, Words};
pub use session::{Place, Session};
