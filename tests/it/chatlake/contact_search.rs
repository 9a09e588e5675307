//! Contacts searched, and what a search costs.

use chrono::TimeDelta;
use serde_json::json;
use sqlx::{Connection, PgConnection, Row};

use super::{Office, names};
use crate::app::TestApp;

async fn people(office: &Office<'_>) {
    for body in [
        json!({"name": "Åsa Öberg", "email": "asa@example.org", "identifier": "CRM-Åsa"}),
        json!({"name": "Bob 100%", "phone_number": "+14155550001"}),
        json!({"name": "Visitor_1"}),
        json!({"name": "李小龍", "identifier": "x"}),
    ] {
        assert_eq!(office.admin.post("/contacts", &body).await.status, 200);
        office.app.advance(TimeDelta::minutes(1));
    }
}

#[tokio::test]
async fn any_part_of_a_name_address_or_number_finds_a_contact() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    let found = async |q: &str| {
        let q: String = url::form_urlencoded::byte_serialize(q.as_bytes()).collect();
        let answer = office
            .agent
            .get(&format!("/contacts/search?sort=name&q={q}"))
            .await;
        assert_eq!(answer.status, 200);
        names(&answer.json())
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (q, expected) in [
        ("åsa ö", "Åsa Öberg"),
        ("ÖBERG", "Åsa Öberg"),
        ("ASA@", "Åsa Öberg"),
        ("+1415", "Bob 100%"),
        ("5550001", "Bob 100%"),
        ("100%", "Bob 100%"),
        ("%", "Bob 100%"),
        ("_", "Visitor_1"),
        ("visitor", "Visitor_1"),
        ("小", "李小龍"),
        ("小龍", "李小龍"),
        ("李小龍", "李小龍"),
        (" Bob ", "Bob 100%"),
        ("b", "Bob 100%, Åsa Öberg"),
        ("CRM-Å", "Åsa Öberg"),
        ("crm-å", ""),
        ("X", "Åsa Öberg"),
        ("x", "Åsa Öberg, 李小龍"),
        ("xample.orgs", ""),
        ("bob'; drop table contacts; --", ""),
    ] {
        assert_eq!(found(q).await, expected, "{q}");
    }
    assert_eq!(found(&"b".repeat(300)).await, "");
}

#[tokio::test]
async fn what_is_changed_is_found_as_it_is_now() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    people(&office).await;
    office
        .admin
        .patch(
            "/contacts/2",
            &json!({"name": "Robert", "phone_number": null}),
        )
        .await;
    for (q, expected) in [("bob", 0), ("4155550001", 0), ("robert", 1)] {
        let found = office
            .agent
            .get(&format!("/contacts/search?q={q}"))
            .await
            .json();
        assert_eq!(found["meta"]["count"], expected, "{q}");
    }
    office.admin.delete("/contacts/2").await;
    let found = office.agent.get("/contacts/search?q=robert").await.json();
    assert_eq!(found["meta"]["count"], 0);
}

#[tokio::test]
async fn a_page_says_whether_there_is_another() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    for number in 0..31 {
        office
            .admin
            .post("/contacts", &json!({"name": format!("n{number:02}")}))
            .await;
    }
    let page = async |query: &str| {
        office
            .agent
            .get(&format!("/contacts/search?sort=-name&q=N{query}"))
            .await
            .json()
    };
    let first = page("").await;
    assert_eq!(
        first["meta"],
        json!({"count": 15, "current_page": 1, "has_more": true})
    );
    assert_eq!(names(&first)[..2], ["n30", "n29"]);
    let second = page("&page=2").await;
    assert_eq!(
        second["meta"],
        json!({"count": 15, "current_page": "2", "has_more": true})
    );
    let last = page("&page=3").await;
    assert_eq!(
        last["meta"],
        json!({"count": 1, "current_page": "3", "has_more": false})
    );
    assert_eq!(names(&last), ["n00"]);
    assert_eq!(page("&page=4").await["payload"], json!([]));
    let contact = &first["payload"][0];
    let alone = office
        .agent
        .get(&format!("/contacts/{}", contact["id"]))
        .await
        .json();
    assert_eq!(*contact, alone["payload"]);
}

#[tokio::test]
async fn a_search_for_nothing_is_refused() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let refusal = json!({"error": "Specify search string with parameter q"});
    for query in ["", "?q=", "?q=%20", "?page=2"] {
        let answer = office.agent.get(&format!("/contacts/search{query}")).await;
        assert_eq!(answer.pair(), (422, refusal.clone()), "{query}");
    }
    let nul = office.agent.get("/contacts/search?q=a%00b").await;
    assert!(nul.status.is_client_error(), "{}", nul.status);
}

#[tokio::test]
async fn one_account_does_not_find_anothers_contacts() {
    let app = TestApp::start().await;
    let (ours, theirs) = (Office::open(&app).await, Office::open(&app).await);
    people(&theirs).await;
    for q in ["b", "bo", "bob", "example"] {
        let found = ours
            .admin
            .get(&format!("/contacts/search?q={q}"))
            .await
            .json();
        assert_eq!(found["meta"]["count"], 0, "{q}");
    }
}

/// How many contacts the account has whose searches are measured: all but the last tenth, who did nothing for longest,
/// are called Ann, and those are called Bob.
const MANY: i32 = 1_000_000;

/// Fills an account. The index is made when the rows are there, which takes a tenth of the time.
async fn fill(conn: &mut PgConnection, account: i64) {
    for sql in [
        "set session_replication_role = replica",
        "set synchronous_commit = off",
        "set maintenance_work_mem = '256MB'",
        "drop index contact_search_grams_idx",
        // What the server itself reads meanwhile is not to count.
        "alter table contacts set (autovacuum_enabled = false)",
        "alter table contact_search set (autovacuum_enabled = false)",
    ] {
        sqlx::query(sql).execute(&mut *conn).await.unwrap();
    }
    for sql in [
        "insert into contacts (account_id, name, created_at, updated_at, last_activity_at)
         select $1, case when n > $2 * 0.9 then 'Bob ' else 'Ann ' end || n, now() - n * interval '1 second', now(),
                now() - n * interval '1 second'
         from generate_series(1, $2) as n",
        "insert into contact_search (account_id, contact_id, name, resolved, created_at, searched)
         select account_id, id, lower(name), false, created_at, lower(name)
         from contacts where account_id = $1 and $2 > 0",
    ] {
        sqlx::query(sql)
            .bind(account)
            .bind(MANY)
            .execute(&mut *conn)
            .await
            .unwrap();
    }
    for sql in [
        "create index contact_search_grams_idx on contact_search
         using gin (search_grams(account_id, searched, '{1,2,3}'))",
        "vacuum analyze contacts",
        "vacuum analyze contact_search",
        // What this connection read is told now, and not while somebody else's is counted.
        "select pg_stat_force_next_flush()",
    ] {
        sqlx::query(sql).execute(&mut *conn).await.unwrap();
    }
}

/// What was done so far.
#[derive(Debug, Clone, Copy)]
struct Work {
    /// Scans of the index over parts of texts.
    scans: i64,
    /// Tables read from one end to the other.
    walks: i64,
    /// Rows that were fetched, of both tables.
    rows: i64,
    /// Pages of both, and of their indexes.
    pages: i64,
}

async fn work_done(conn: &mut PgConnection) -> Work {
    let row = sqlx::query(
        "select (select idx_scan from pg_stat_user_indexes where indexrelname = 'contact_search_grams_idx'),
                sum(seq_scan)::bigint, sum(seq_tup_read + idx_tup_fetch)::bigint,
                sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::bigint
         from pg_stat_user_tables join pg_statio_user_tables using (relid)
         where pg_stat_user_tables.relname in ('contacts', 'contact_search')",
    )
    .fetch_one(conn)
    .await
    .unwrap();
    Work {
        scans: row.get(0),
        walks: row.get(1),
        rows: row.get(2),
        pages: row.get(3),
    }
}

/// Waits for the servers' connections to be gone: they report what they did when they end.
async fn all_gone(conn: &mut PgConnection) {
    loop {
        let row = sqlx::query(
            "select count(*) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'",
        )
        .fetch_one(&mut *conn)
        .await
        .unwrap();
        if row.get::<i64, _>(0) == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn a_search_among_a_million_reads_little() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let mut conn = PgConnection::connect_with(&app.database.options)
        .await
        .unwrap();
    fill(&mut conn, office.account.0).await;
    app.store().close().await;
    for (q, sort, scans, found, (rows, pages)) in [
        // Few have these parts: the first two thousand are looked at, and then the index says which.
        ("ann 123456", "", true, 1, (6_500, 25_000)),
        ("654321", "name", true, 1, (6_500, 25_000)),
        ("zzz", "", true, 0, (6_500, 25_000)),
        ("654321", "-phone_number", true, 1, (10, 100)),
        // Almost all have these: the first in the order are enough.
        ("ann", "", false, 15, (6_500, 25_000)),
        ("a", "-created_at", false, 15, (6_500, 25_000)),
        // A tenth has these, and comes last: so many are sorted, and no more.
        ("bob", "", true, 15, (50_000, 120_000)),
    ] {
        all_gone(&mut conn).await;
        let before = work_done(&mut conn).await;
        let store = app.database.store();
        let path = office.admin.path(&format!(
            "/contacts/search?sort={sort}&q={}",
            q.replace(' ', "+")
        ));
        let token = [("api_access_token", office.admin.token.as_str())];
        let request = crate::app::json_request(axum::http::Method::GET, &path, &token, &json!({}));
        let answer = crate::app::call(app.router_over(store.clone()), request).await;
        assert_eq!(answer.json()["meta"]["count"], found, "{q}");
        store.close().await;
        all_gone(&mut conn).await;
        let after = work_done(&mut conn).await;
        assert_eq!(after.scans > before.scans, scans, "{q}: the index is asked");
        assert_eq!(
            after.walks, before.walks,
            "{q}: no table is read as a whole"
        );
        let done = (after.rows - before.rows, after.pages - before.pages);
        assert!(done.0 <= rows, "{q}: {} rows", done.0);
        assert!(done.1 <= pages, "{q}: {} pages", done.1);
    }
}
