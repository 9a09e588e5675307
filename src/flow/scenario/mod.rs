//! Scenarios: chats that a flow's author writes down, played without a server, a database or anybody outside.
//!
//! The engine takes the turns, on a clock that the scenario moves. Scripts run in earnest; what plugins and Dialogflow
//! answer stands in the scenario and is read as strictly as from them. A step names one thing that happens and
//! everything that comes of it: what the bot says that is not expected is as wrong as what is expected and not said.

mod diff;
mod file;
mod outside;
mod play;
mod short;
mod tell;

use std::fmt;

use super::Flow;
use super::file::Problems;
use super::script::Scripts;
use play::Player;

/// The scenarios of a flow.
#[derive(Debug, Clone)]
pub struct Scenarios(file::File);

/// How a scenario went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// Where it went wrong, if it did.
    pub failure: Option<Failure>,
}

/// The first step that did not come to what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where the step stands.
    pub line: Option<u64>,
    /// What happened in it.
    pub event: String,
    /// What is wrong, a line each: `-` before what was expected, `+` before what came instead.
    pub differences: Vec<String>,
}

impl Scenarios {
    /// Reads a file of scenarios, YAML or JSON.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        file::File::parse(text).map(Self)
    }

    /// Plays each of them on a flow.
    pub async fn play(&self, flow: &Flow, scripts: &Scripts) -> Vec<Played> {
        let mut played = Vec::new();
        for scenario in &self.0.scenarios {
            let scenario = &scenario.value;
            played.push(Played {
                name: scenario.name.clone(),
                failure: Player::play(scenario, flow, scripts).await.err(),
            });
        }
        played
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.event)?;
        for line in &self.differences {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}
