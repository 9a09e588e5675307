//! Webhooks: how many a second go out, and how soon after the commit one arrives.

mod backlog;
mod one_row;
mod place;
mod steady;

use std::time::Duration;

use super::{Case, Goal, Line};
use crate::bench::stage::Stage;
use backlog::Backlog;
use one_row::OneRow;
use place::Place;
use steady::Steady;

/// How long the slow receiver thinks.
const SLOW: Duration = Duration::from_millis(20);
/// Longer than a round: one that never answers in time.
const NEVER: Duration = Duration::from_secs(3600);
/// Attempts under way at once.
const IN_FLIGHT: u32 = 200;
/// Messages a second in the lines that show how soon they arrive.
const STEADY_RATE: u32 = 500;

const SETTINGS: &str = "[outbound]\nallow = ['127.0.0.0/8']\n[webhook]\n";

/// How many go out, where all that is under way may go to one receiver: there is only one at a time.
pub(super) async fn prepare_backlog(stage: &Stage) -> anyhow::Result<Case> {
    let settings =
        format!("{SETTINGS}in_flight = {IN_FLIGHT}\nin_flight_per_endpoint = {IN_FLIGHT}\n");
    let server = stage.serve(&settings).await?;
    let one_row = Place::new(stage, "One row", Duration::ZERO).await?;
    let one_row = OneRow::new(one_row, &settings)?;
    let quick = Backlog::new(Place::new(stage, "Quick", Duration::ZERO).await?);
    let slow = Backlog::new(Place::new(stage, "Slow", SLOW).await?);
    let at_most = f64::from(IN_FLIGHT) / SLOW.as_secs_f64();
    let lines = vec![
        Line::yardstick("one row at a time, quick receiver", one_row),
        Line::new("quick receiver", quick)
            .goal(Goal::Ratio(12.0))
            .goal(Goal::Rate(10_000.0)),
        Line::new(format!("20 ms receiver, {IN_FLIGHT} in flight"), slow)
            .goal(Goal::Rate(0.8 * at_most)),
    ];
    Ok(Case {
        servers: vec![server],
        lines,
    })
}

/// How soon one arrives, with the settings that everybody has.
pub(super) async fn prepare_steady(stage: &Stage) -> anyhow::Result<Case> {
    let server = stage.serve(SETTINGS).await?;
    let alone = Place::new(stage, "Alone", Duration::ZERO).await?;
    let alone = Steady::new(alone, STEADY_RATE, stage).await?;
    let beside = Place::new(stage, "Beside", Duration::ZERO).await?;
    let hanging = Place::new(stage, "Hanging", NEVER).await?;
    let beside = Steady::new(beside, STEADY_RATE, stage)
        .await?
        .beside(hanging);
    let soon = Goal::P99(Duration::from_millis(20));
    let lines = vec![
        Line::new(format!("{STEADY_RATE} messages a second"), alone).goal(soon),
        Line::new("the same beside a receiver that hangs", beside).goal(soon),
    ];
    Ok(Case {
        servers: vec![server],
        lines,
    })
}
