//! What is asked for again where much is stored, and where little is: it should not matter.

use super::super::stage::Stage;
use super::messages::{self, Posts, SETTINGS};
use super::reads::Library;
use super::{Case, Goal, Line};

/// Messages where there are few.
const FEW: i64 = 10_000;
/// Clients that post at once.
const CLIENTS: usize = 64;
/// What is left of the rate where there are many.
const GOAL: Goal = Goal::Ratio(0.65);

pub(super) async fn prepare(stage: &Stage) -> anyhow::Result<Case> {
    let little = stage.beside("little", FEW).await?;
    let (mut few, mut many) = (Vec::new(), Vec::new());
    let mut servers = Vec::new();
    for (stage, lines) in [(&little, &mut few), (stage, &mut many)] {
        let server = stage.serve(SETTINGS).await?;
        let library = Library::new(stage, server.address, stage.rows).await?;
        let place = messages::filled(stage, "Posts", None).await?;
        stage.settle().await?;
        lines.extend(library.pages(server.address));
        lines.push(Line::new("botUsage", library.usage(server.address)));
        let posts = Posts::new(stage, server.address, &place, CLIENTS)?;
        lines.push(Line::new(format!("messages, {CLIENTS} connections"), posts));
        servers.push(server);
    }
    let pairs = few.into_iter().zip(many);
    let lines = pairs.flat_map(|(few, many)| {
        let named = |line: Line, rows: i64| Line {
            name: format!("{}, among {rows}", line.name),
            ..line
        };
        let few = Line {
            is_yardstick: true,
            ..named(few, FEW)
        };
        [few, named(many, stage.rows).goal(GOAL)]
    });
    Ok(Case {
        lines: lines.collect(),
        servers,
    })
}
