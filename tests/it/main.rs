//! The tests of the server from outside, in one binary.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod admin;
mod app;
mod architecture;
mod bot_open;
mod chatlake;
mod cli;
mod cli_people;
mod clients;
mod config;
mod credentials;
mod cross_api;
mod database;
mod demo;
mod dialogflow;
mod durability;
mod edge;
mod flow;
mod flow_scenarios;
mod flow_script;
mod imbox;
mod instabot;
mod outbound;
mod plugin;
#[cfg(unix)]
mod postgres;
mod process;
mod receiver;
mod routes;
mod server;
mod speed;
mod webhook;
