//! What a claim costs the database, which must not depend on how much waits.

use serde_json::Value;
use sqlx::{PgConnection, Row};

use super::Scene;
use super::fairness::pile_up;
use crate::database::execute;

/// Rows that a claim is asked for.
const CLAIMED: u64 = 200;
/// Pages that a claim may look at for each: to find it, to lock it, to write it into every index.
const PAGES_EACH: u64 = 40;

/// The statement, as the store has it.
fn claim() -> &'static str {
    let source = include_str!("../../../src/store/deliveries.rs");
    let (_, statement) = source.split_once("r#\"with ready as").unwrap();
    let (statement, _) = statement.split_once("\"#").unwrap();
    statement
}

/// Runs the claim as the server does, undoes it, and gives its plan.
async fn explain(conn: &mut PgConnection) -> Value {
    execute(conn, "begin; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; set local jit = off".to_owned()).await;
    execute(
        conn,
        format!(
            "prepare claim (timestamptz, timestamptz, bigint, bigint, bigint, bigint[], bigint[], bigint[])
             as with ready as{}",
            claim()
        ),
    )
    .await;
    let run = "explain (analyze, buffers, format json)
               execute claim ('2099-01-01', '2099-01-02', 200, 150, 200, '{}', '{}', '{}')";
    let plan: Value = sqlx::raw_sql(run)
        .fetch_one(&mut *conn)
        .await
        .unwrap()
        .get(0);
    execute(conn, "deallocate claim; rollback".to_owned()).await;
    plan[0]["Plan"].clone()
}

/// The same with so many deliveries due to one endpoint.
async fn explain_with(due: usize) -> Value {
    let scene = Scene::new().await;
    let mut conn = scene.app.database.connect().await;
    let again = "update deliveries set state = 'due', finished_at = null";
    execute(&mut conn, again.to_owned()).await;
    let url = scene.receiver.url.clone();
    pile_up(&scene.app, &url, due - 1).await;
    explain(&mut conn).await
}

/// What every node of a plan does to which table, by which index.
fn nodes(plan: &Value) -> Vec<(String, String, String)> {
    let text = |key: &str| plan[key].as_str().unwrap_or_default().to_owned();
    let mut found = vec![(text("Node Type"), text("Relation Name"), text("Index Name"))];
    for child in plan["Plans"].as_array().into_iter().flatten() {
        found.extend(nodes(child));
    }
    found
}

fn pages(plan: &Value) -> u64 {
    let of = |key: &str| plan[key].as_u64().unwrap();
    of("Shared Hit Blocks") + of("Shared Read Blocks")
}

#[tokio::test]
async fn a_claim_costs_the_same_however_much_is_due() {
    let few = Box::pin(explain_with(1_000)).await;
    let many = Box::pin(explain_with(20_000)).await;

    for plan in [&few, &many] {
        assert_eq!(plan["Actual Rows"].as_f64(), Some(200.0));
        assert!(pages(plan) <= CLAIMED * PAGES_EACH, "{} pages", pages(plan));
        let nodes = nodes(plan);
        let reads = nodes.iter().filter(|(_, table, _)| table == "deliveries");
        for (kind, _, index) in reads.filter(|(kind, ..)| kind != "ModifyTable") {
            assert!(kind.starts_with("Index"), "{kind} {index}");
        }
        let ready = nodes
            .iter()
            .filter(|(.., index)| index == "deliveries_ready_idx");
        assert_eq!(
            ready.count(),
            3,
            "the first endpoint, the next ones, and what is due to each"
        );
    }
    assert!(
        pages(&many) * 10 <= pages(&few) * 12,
        "{} pages of {}",
        pages(&many),
        pages(&few)
    );
}
