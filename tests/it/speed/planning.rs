//! Plans that are kept follow the size of their tables.

use quartet::store::planning;
use serde_json::Value;
use sqlx::{PgConnection, Row};

use crate::app::TestApp;
use crate::database::execute;

/// How many rows the plan that is kept of a statement takes a table to have.
async fn expected_rows(conn: &mut PgConnection) -> u64 {
    let plan: Value = sqlx::raw_sql("explain (format json) execute all_labels")
        .fetch_one(conn)
        .await
        .unwrap()
        .get(0);
    plan[0]["Plan"]["Plan Rows"].as_u64().unwrap()
}

#[tokio::test]
async fn a_plan_that_was_made_for_few_rows_is_made_again_for_many() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let mut conn = app.database.connect().await;
    let label = |numbers: &str| {
        format!(
            "insert into labels (account_id, title, color, show_on_sidebar, created_at, updated_at)
             select {}, 'label-' || n, '#000000', true, now(), now() from generate_series({numbers}) n",
            account.0
        )
    };
    execute(&mut conn, label("1, 10")).await;
    execute(&mut conn, "vacuum analyze".to_owned()).await;
    execute(
        &mut conn,
        "set plan_cache_mode = force_generic_plan".to_owned(),
    )
    .await;
    execute(
        &mut conn,
        "prepare all_labels as select * from labels".to_owned(),
    )
    .await;
    assert_eq!(expected_rows(&mut conn).await, 10);
    execute(&mut conn, label("11, 5000")).await;
    assert_eq!(expected_rows(&mut conn).await, 10, "the plan is kept");

    let grown = planning::keep_up(app.store()).await.unwrap();
    assert_eq!(grown, ["labels"]);
    assert_eq!(expected_rows(&mut conn).await, 5_000);
    let nothing: [&str; 0] = [];
    assert_eq!(planning::keep_up(app.store()).await.unwrap(), nothing);
}
