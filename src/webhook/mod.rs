//! Tells endpoints what happened: claim, render, sign, send, record. At least once, the same id on every attempt, in
//! order within one conversation and endpoint.
//!
//! Deliveries are rows that `store` writes with the change they tell of, so nothing is lost with a process, and any
//! server on the database may take them. No connection is held while an endpoint thinks.

mod attempt;
mod dispatcher;
mod pace;
mod payload;
mod sign;
mod slots;
mod upkeep;
mod verdict;

pub use dispatcher::{Dispatcher, Report};
