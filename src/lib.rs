//! Quartet: four chat APIs, one conversation.
//!
//! `api` is the wire, `store` the operations and all SQL, `model` the plain types. `ARCHITECTURE.md` is the map.

pub mod api;
pub mod app;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod files;
pub mod flow;
pub mod model;
pub mod outbound;
pub mod postgres;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod webhook;
