//! Tests through the interfaces that others use.

#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod config;
mod edge;
mod outbound;
mod server;
